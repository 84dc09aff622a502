"""Where the page and the metrics are served, and where the metrics file goes: addresses and paths in the settings."""

import ipaddress
import re
from pathlib import Path

from attrs import frozen

from baikaldoc_pos.config.faults import Phrase
from baikaldoc_pos.config.kinds import Problem, UnacceptableError, found, wrong_type, wrong_value

TEXTFILE_SUFFIX = ".prom"  # node_exporter passes over any other file, without a word
_UNIX = "unix:"
_LONGEST_UNIX_PATH = 107  # bytes: sun_path of Linux less its final NUL
_TCP = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]/@\s]+)):(?P<port>[0-9]{1,5})")
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")


@frozen
class TcpAddress:
    """A host (a name or an IP address, without brackets) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@frozen
class UnixAddress:
    """The path of a Unix socket."""

    path: Path

    def __str__(self) -> str:
        return f"{_UNIX}{self.path}"


ListenAddress = TcpAddress | UnixAddress


@frozen
class Listen:
    """``host:port``, ``[IPv6]:port``, ``unix:/path``, or null."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.listen")

    def read(self, value: object) -> ListenAddress | None:
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise wrong_type(self.description, value)
        address = _unix(value) if value.startswith(_UNIX) else _tcp(value)
        if address is None:
            raise wrong_value(self.description, value)
        return address


@frozen
class HostNames:
    """A list of host names or IP addresses, without ports."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.host_names")

    def read(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise wrong_type(self.description, value)
        expected = Phrase("config.kind.host_name")
        problems = [
            Problem("config.fault.wrong_type", {"expected": expected, "found": found(item)}, f"[{position}]")
            for position, item in enumerate(value)
            if not isinstance(item, str) or not is_host(item)
        ]
        if problems:
            raise UnacceptableError(*problems)
        return tuple(dict.fromkeys(item.lower() for item in value))


@frozen
class TextfilePath:
    """The absolute path of a file for node_exporter's textfile collector, or null."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.textfile", {"suffix": TEXTFILE_SUFFIX})

    def read(self, value: object) -> Path | None:
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise wrong_type(self.description, value)
        path = Path(value)
        if not path.is_absolute() or path.suffix != TEXTFILE_SUFFIX or "\0" in value:
            raise wrong_value(self.description, value)
        return path


def is_host(text: str) -> bool:
    """Whether this is an IP address or a name in ASCII, without a port."""
    return _is_ip(text) or _HOST.fullmatch(text) is not None


def _unix(value: str) -> UnixAddress | None:
    path = value.removeprefix(_UNIX)
    fits = path.startswith("/") and "\0" not in path and len(path.encode()) <= _LONGEST_UNIX_PATH
    return UnixAddress(Path(path)) if fits else None


def _tcp(value: str) -> TcpAddress | None:
    match = _TCP.fullmatch(value)
    if match is None or not 0 < int(match["port"]) <= 65535:
        return None
    host = match["v6"] or match["host"]
    return TcpAddress(host, int(match["port"])) if is_host(host) else None


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
