"""Addresses among the settings: absolute http(s) URLs, and a proxy's, which may hold a password.

The text of a URL never goes into a problem: people paste passwords into URLs.
"""

from urllib.parse import SplitResult, urlsplit

import idna  # what requests encodes names with
from attrs import frozen

from baikaldoc_pos.config.faults import Phrase
from baikaldoc_pos.config.kinds import Problem, UnacceptableError, wrong_type
from baikaldoc_pos.config.secret import Secret

_MOST_PORTS = 65535


@frozen
class HttpUrl:
    """The address of something that ДЕЛО serves; no user name or password in it."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.url")

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise wrong_type(self.description, value)
        parts = _split(value)
        if parts is None:
            raise UnacceptableError(Problem("config.fault.not_a_url"))
        if "@" in parts.netloc:
            raise UnacceptableError(Problem("config.fault.url_credentials"))
        return value


@frozen
class ProxyUrl:
    """The address of an HTTP proxy, or null; kept as a secret, since it may hold credentials."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.proxy")

    def read(self, value: object) -> Secret | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise wrong_type(self.description, value)
        if _split(value) is None:
            raise UnacceptableError(Problem("config.fault.not_a_proxy"))
        return Secret(value)


def _split(url: str) -> SplitResult | None:
    """The parts of an absolute http(s) URL that a request can be sent to, or None."""
    if any(character.isspace() or not character.isprintable() for character in url) or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or parts.fragment:
        return None
    if (port is not None and not 0 < port <= _MOST_PORTS) or not _is_host(host):
        return None
    return parts


def _is_host(host: str) -> bool:
    if ":" in host:  # an IPv6 address, which urlsplit has looked at
        return True
    try:
        ascii_host = host if host.isascii() else idna.encode(host, strict=True, std3_rules=True).decode("ascii")
    except idna.IDNAError:
        return False
    labels = ascii_host.removesuffix(".").split(".")
    return all(len(label) < 64 and label.replace("-", "").replace("_", "").isalnum() for label in labels)
