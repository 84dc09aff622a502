"""Which Host headers are answered. A page in somebody's browser can have its own name resolve to our address (DNS
rebinding) and read us as if it were its own site; the name it must then send gives it away.
"""

import ipaddress
from urllib.parse import urlsplit

from attrs import frozen

from baikaldoc_pos.config import ListenAddress, TcpAddress

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@frozen
class Hosts:
    """The hosts that are ours; ports do not matter, since a tunnel or a proxy may change them.

    :param names: lower-case names and addresses, IPv6 ones without brackets.
    :param any_address: every IP address is ours as well; none of them can be rebound.
    """

    names: frozenset[str]
    any_address: bool

    @classmethod
    def of(cls, listen: ListenAddress, allowed: tuple[str, ...]) -> "Hosts":
        own = {listen.host.lower()} if isinstance(listen, TcpAddress) else set()
        return cls(LOCAL | own | set(allowed), any_address=any(_is_wildcard(host) for host in own))

    def accept(self, header: str) -> bool:
        """Whether a request with this Host header is answered."""
        host = _host(header)
        if host is None:
            return False
        return host in self.names or (self.any_address and _address(host) is not None)


def _host(header: str) -> str | None:
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port
    except ValueError:
        return None
    return None if parts.netloc != header or "@" in header else parts.hostname


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_wildcard(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_unspecified
