"""The types of value that a setting can have. Each reads one JSON value strictly, or says what is wrong with it.

A type also describes itself as a :class:`Phrase`, which errors and the generated reference share. Types are pure:
what needs the file system or another setting is checked in ``credentials`` and ``validate``.
"""

import ipaddress
import math
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

import idna
from attrs import field, frozen

from baikaldoc_pos.config.issues import Phrase, quoted, shown


class Secret:
    """A password, or a URL that may hold one. Only :meth:`reveal` gives the value out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))


@frozen
class Problem:
    """What is wrong with a value, or with a part of it (``below``: the rest of the key's path)."""

    id: str
    fields: Mapping[str, object] = field(factory=dict)
    below: str = ""


class UnacceptableError(Exception):
    """A value that a kind does not take, with every problem it has. Never leaves this package."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems)
        self.problems = problems


class FieldType(Protocol):
    """One kind of value."""

    @property
    def description(self) -> Phrase:
        """What is expected, as a noun phrase."""

    def read(self, value: object) -> object:
        """The value as the model has it; raises UnacceptableError."""


def found(value: object) -> Phrase:
    """The JSON type of a value, as a phrase; the value itself may be a secret and is not told."""
    if value is None:
        return Phrase("config.found.null")
    if isinstance(value, bool):
        return Phrase("config.found.boolean")
    if isinstance(value, int | float):
        return Phrase("config.found.number")
    if isinstance(value, str):
        return Phrase("config.found.text" if value.strip() else "config.found.blank")
    return Phrase("config.found.list" if isinstance(value, list) else "config.found.object")


def wrong_type(expected: Phrase, value: object) -> UnacceptableError:
    """A value of another JSON type than the expected one."""
    return UnacceptableError(Problem("config.fault.wrong_type", {"expected": expected, "found": found(value)}))


def wrong_value(expected: Phrase, value: object) -> UnacceptableError:
    """A value of the right type that is not among those allowed. Not for secrets: the value is shown."""
    return UnacceptableError(Problem("config.fault.wrong_value", {"expected": expected, "value": shown(value)}))


@frozen
class Flag:
    """true or false."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.flag")

    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise wrong_type(self.description, value)
        return value


@frozen
class Integer:
    """A whole number between two bounds, both included. true is not 1 and 5.0 is not 5."""

    minimum: int
    maximum: int

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.integer", {"minimum": self.minimum, "maximum": self.maximum})

    def read(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(self.description, value)
        if not isinstance(value, int) or not self.minimum <= value <= self.maximum:
            raise wrong_value(self.description, value)
        return value


@frozen
class Number:
    """A number between two bounds, both included (``above`` leaves the lower one out), fractions allowed."""

    minimum: float
    maximum: float
    above: bool = False

    @property
    def description(self) -> Phrase:
        id_ = "config.kind.number_above" if self.above else "config.kind.number"
        return Phrase(id_, {"minimum": self.minimum, "maximum": self.maximum})

    def read(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(self.description, value)
        if not self.minimum <= value <= self.maximum or (self.above and value == self.minimum):
            raise wrong_value(self.description, value)
        return value


@frozen
class UtcOffset:
    """Hours east of UTC; fractions are allowed as long as they make whole minutes."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.utc_offset", {"minimum": -12, "maximum": 14})

    def read(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(self.description, value)
        if not -12 <= value <= 14 or not math.isclose(value * 60, round(value * 60), abs_tol=1e-6):
            raise wrong_value(self.description, value)
        return value


@frozen
class Text:
    """A text that is not blank; with ``nullable`` null stands for "none"."""

    nullable: bool = False

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.text_or_null" if self.nullable else "config.kind.text")

    def read(self, value: object) -> str | None:
        if value is None and self.nullable:
            return None
        if not isinstance(value, str) or not value.strip():
            raise wrong_type(self.description, value)
        return value


@frozen
class Password:
    """A text that is kept as a secret; spaces count, but it may not be empty."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.password")

    def read(self, value: object) -> Secret:
        if not isinstance(value, str):
            raise wrong_type(self.description, value)
        if not value:
            raise UnacceptableError(Problem("config.fault.password_empty"))
        return Secret(value)


@frozen
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.choice", {"words": self.words})

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise wrong_type(self.description, value)
        if value not in self.words:
            raise wrong_value(self.description, value)
        return value


@frozen
class Moment:
    """A date and time of day that counts only while fixed dates are on: ``rules`` checks it then.

    The files in use have anything there while they are off, so whatever is not text reads as absent.
    """

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.moment")

    def read(self, value: object) -> str | None:
        return value if isinstance(value, str) else None


@frozen
class TlsVerify:
    """Whose certificates are trusted: true, false, or the path of a CA file (``certificate`` looks into it)."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.trust")

    def read(self, value: object) -> bool | Path:
        if isinstance(value, bool):
            return value
        if not isinstance(value, str) or not value.strip():
            raise wrong_type(self.description, value)
        return Path(value)


# The atoms of RFC 5322; quoted local parts exist, but not among those whom a service writes to.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_MAIL_HOST = re.compile(r"(?!-)[A-Za-z0-9_.-]{1,253}(?<!-)|[0-9A-Fa-f:]{2,45}")
_MOST_LOCAL = 64


@frozen
class Nullable:
    """Another kind, or null for "none"."""

    kind: FieldType

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.or_null", {"kind": self.kind.description})

    def read(self, value: object) -> object:
        return None if value is None else self.kind.read(value)


@frozen
class Address:
    """One e-mail address, without a display name."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.address")

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise wrong_type(self.description, value)
        local, at, domain = value.strip().rpartition("@")
        host = _ascii_host(domain)
        if host is not None and local and not local.isascii():
            raise UnacceptableError(Problem("config.fault.address_local_part", {"value": shown(value)}))
        if not at or host is None or len(local) > _MOST_LOCAL or not _LOCAL.fullmatch(local):
            raise wrong_value(self.description, value)
        return f"{local}@{host}"


@frozen
class Addresses:
    """A list of e-mail addresses; naming one twice does no harm."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.addresses")

    def read(self, value: object) -> tuple[str, ...]:
        return _read_list(value, Address(), self.description)


@frozen
class ChoiceList:
    """A list of some of a few words."""

    words: tuple[str, ...]

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.words", {"words": self.words})

    def read(self, value: object) -> tuple[str, ...]:
        return _read_list(value, Choice(self.words), self.description)


@frozen
class MailHost:
    """The name or the IP address of a mail server, without a port."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.host")

    def read(self, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise wrong_type(self.description, value)
        host = _ascii_host(value.strip())
        if host is None:
            raise wrong_value(self.description, value)
        return host


@frozen
class FilePath:
    """The path of a file, which is looked into elsewhere."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.file")

    def read(self, value: object) -> Path:
        if not isinstance(value, str) or not value.strip():
            raise wrong_type(self.description, value)
        return Path(value)


def _ascii_host(host: str) -> str | None:
    try:
        encoded = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return None
    return encoded if _MAIL_HOST.fullmatch(encoded) else None


def _read_list(value: object, kind: "Address | Choice", description: Phrase) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise wrong_type(description, value)
    read: list[str] = []
    problems: list[Problem] = []
    for position, item in enumerate(value):
        if not isinstance(item, str):
            fields = {"expected": kind.description, "found": found(item)}
            problems.append(Problem("config.fault.wrong_type", fields, f"[{position}]"))
            continue
        try:
            read.append(kind.read(item))
        except UnacceptableError as unacceptable:
            problems += [Problem(each.id, each.fields, f"[{position}]") for each in unacceptable.problems]
    if problems:
        raise UnacceptableError(*problems)
    return tuple(dict.fromkeys(read))


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


@frozen
class StatusMapping:
    """An object of at least one ССТУ status, each with the ПОС status to be written."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.status_mapping")

    def read(self, value: object) -> Mapping[str, str]:
        if not isinstance(value, dict):
            raise wrong_type(self.description, value)
        if not value:
            raise UnacceptableError(Problem("config.fault.mapping_empty"))
        mapping: dict[str, str] = {}
        written: dict[str, str] = {}
        problems: list[Problem] = []
        for source, target in value.items():
            status = source.strip()
            if not status:
                problems.append(Problem("config.fault.status_blank", below=quoted(source)))
            elif status in written:
                fields = {"other": shown(written[status])}
                problems.append(Problem("config.fault.status_twice", fields, quoted(source)))
            if not isinstance(target, str) or not target.strip():
                fields_ = {"expected": Phrase("config.kind.text"), "found": found(target)}
                problems.append(Problem("config.fault.wrong_type", fields_, quoted(source)))
            else:
                mapping[status] = target
            written.setdefault(status, source)
        if problems:
            raise UnacceptableError(*problems)
        return MappingProxyType(mapping)


@frozen
class Statuses:
    """A list of ССТУ statuses; naming one twice does no harm."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.statuses")

    def read(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise wrong_type(self.description, value)
        problems = [
            Problem("config.fault.wrong_type", {"expected": Text().description, "found": found(item)}, f"[{position}]")
            for position, item in enumerate(value)
            if not isinstance(item, str) or not item.strip()
        ]
        if problems:
            raise UnacceptableError(*problems)
        return tuple(dict.fromkeys(item.strip() for item in value))
