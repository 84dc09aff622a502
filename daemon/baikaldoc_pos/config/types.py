"""The kinds of value that a setting can have. Each reads one JSON value strictly, or says what is wrong with it.

A type has a description, which faults and the generated reference share. Types are pure: what needs the file system
or another setting is checked in ``credentials`` and ``validate``.
"""

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, urlsplit

import idna  # what requests encodes names with
from attrs import evolve, field, frozen

from baikaldoc_pos.config.issues import Phrase, quoted, shown
from baikaldoc_pos.model import LONGEST_STATUS

TEXTFILE_SUFFIX = ".prom"  # node_exporter ignores any other file
_UNIX = "unix:"
_LONGEST_UNIX_PATH = 107  # bytes: sun_path of Linux less its final NUL
_TCP = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]/@\s]+)):(?P<port>[0-9]{1,5})")
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
# The atoms of RFC 5322; quoted local parts are not supported.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_NAME = re.compile(r"(?!__)[_A-Za-z][_0-9A-Za-z]*")  # of GraphQL; two underscores begin its own
_MOST_LOCAL = 64
_MOST_PORTS = 65535


@dataclass(frozen=True, repr=False)  # not attrs: logs show an attrs class by its fields
class Secret:
    """A password, or a URL that may hold one: it shows itself as ``***``. Only :meth:`reveal` gives the value out."""

    _value: str

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"


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
class Problem:
    """A fault of a value, or of a part of it (``below``: the rest of the key's path)."""

    id: str
    fields: Mapping[str, object] = field(factory=dict)
    below: str = ""


class UnacceptableError(Exception):
    """A type does not take a value; has every problem. Never leaves this package."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems)
        self.problems = problems


def found(value: object) -> Phrase:
    """The JSON type of a value; the value itself may be a secret and is not shown."""
    if value is None:
        return Phrase("config.found.null")
    if isinstance(value, bool):
        return Phrase("config.found.boolean")
    if isinstance(value, int | float):
        return Phrase("config.found.number")
    if isinstance(value, str):
        return Phrase("config.found.text" if value.strip() else "config.found.blank")
    return Phrase("config.found.list" if isinstance(value, list) else "config.found.object")


def wrong_type(expected: Phrase, value: object, below: str = "") -> UnacceptableError:
    """The value has another JSON type than the expected one."""
    return UnacceptableError(Problem("config.fault.wrong_type", {"expected": expected, "found": found(value)}, below))


@frozen
class FieldType:
    """One type of value.

    :param description: what is expected, as a noun phrase.
    :param takes: whether a value has the right JSON type.
    :param convert: the value as the model has it; None where it is not allowed. It may raise UnacceptableError.
    :param nullable: whether null stands for "none".
    """

    description: Phrase
    takes: Callable[[object], bool]
    convert: Callable[[Any], object]
    nullable: bool = False

    def read(self, value: object) -> object:
        """The value as the model has it; raises UnacceptableError with every problem."""
        if value is None and self.nullable:
            return None
        if not self.takes(value):
            raise wrong_type(self.description, value)
        converted = self.convert(value)
        if converted is None:  # not for secrets: the value is shown
            fields = {"expected": self.description, "value": shown(value)}
            raise UnacceptableError(Problem("config.fault.wrong_value", fields))
        return converted


def nullable(type_: FieldType) -> FieldType:
    """Another type, or null for "none"."""
    return evolve(type_, description=Phrase("config.kind.or_null", {"kind": type_.description}), nullable=True)


def integer(minimum: int, maximum: int) -> FieldType:
    """A whole number between two bounds, both included. true is not 1 and 5.0 is not 5."""
    description = Phrase("config.kind.integer", {"minimum": minimum, "maximum": maximum})
    return FieldType(
        description, _is_number, lambda value: value if isinstance(value, int) and minimum <= value <= maximum else None
    )


def number(minimum: float, maximum: float, *, above: bool = False) -> FieldType:
    """A number between two bounds, both included (``above`` leaves the lower one out), fractions allowed."""
    id_ = "config.kind.number_above" if above else "config.kind.number"

    def convert(value: float) -> float | None:
        return value if minimum <= value <= maximum and not (above and value == minimum) else None

    return FieldType(Phrase(id_, {"minimum": minimum, "maximum": maximum}), _is_number, convert)


def choice(words: tuple[str, ...]) -> FieldType:
    """One of a few words."""
    return FieldType(
        Phrase("config.kind.choice", {"words": words}), _is_text, lambda value: value if value in words else None
    )


def choice_list(words: tuple[str, ...]) -> FieldType:
    """A list of some of a few words."""
    return _list_of(choice(words), Phrase("config.kind.words", {"words": words}))


def _list_of(item: FieldType, description: Phrase, least: int = 0) -> FieldType:
    """A list of at least so many items; repetitions are dropped."""

    def convert(value: list[object]) -> tuple[object, ...] | None:
        read: list[object] = []
        problems: list[Problem] = []
        for position, each in enumerate(value):
            try:
                read.append(item.read(each))
            except UnacceptableError as unacceptable:
                problems += [evolve(problem, below=f"[{position}]") for problem in unacceptable.problems]
        if problems:
            raise UnacceptableError(*problems)
        return tuple(dict.fromkeys(read)) if len(read) >= least else None

    return FieldType(description, lambda value: isinstance(value, list), convert)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_full_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _utc_offset(value: float) -> float | None:
    """Hours east of UTC; fractions are allowed as long as they make whole minutes."""
    return value if -12 <= value <= 14 and math.isclose(value * 60, round(value * 60), abs_tol=1e-6) else None


def _password(value: str) -> Secret:
    """Spaces count; an empty password is refused."""
    if not value:
        raise UnacceptableError(Problem("config.fault.password_empty"))
    return Secret(value)


def _listen(value: str) -> ListenAddress | None:
    if value.startswith(_UNIX):
        path = value.removeprefix(_UNIX)
        fits = path.startswith("/") and "\0" not in path and len(path.encode()) <= _LONGEST_UNIX_PATH
        return UnixAddress(Path(path)) if fits else None
    match = _TCP.fullmatch(value)
    if match is None or not 0 < int(match["port"]) <= _MOST_PORTS:
        return None
    host = match["v6"] or match["host"]
    return TcpAddress(host, int(match["port"])) if _is_ascii_host(host) else None


def _is_ascii_host(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and _host(value) is not None


def _host(text: str) -> str | None:
    """An IP address, or a name in ASCII (one in Cyrillic becomes its xn-- form); None for anything else."""
    with suppress(ValueError):
        return str(ipaddress.ip_address(text))
    try:
        name = text if text.isascii() else idna.encode(text.lower(), strict=True, std3_rules=True).decode("ascii")
    except idna.IDNAError:
        return None
    return name if _HOST.fullmatch(name) else None


def _date(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else None
    except ValueError:
        return None


def _textfile(value: str) -> Path | None:
    path = Path(value)
    return path if path.is_absolute() and path.suffix == TEXTFILE_SUFFIX and "\0" not in value else None


def _address(value: str) -> str | None:
    """The address in ASCII (a domain in Cyrillic becomes its xn-- form): not every mail server takes others."""
    local, at, domain = value.strip().rpartition("@")
    host = _host(domain)
    if host is not None and local and not local.isascii():
        raise UnacceptableError(Problem("config.fault.address_local_part", {"value": shown(value)}))
    return f"{local}@{host}" if at and host and len(local) <= _MOST_LOCAL and _LOCAL.fullmatch(local) else None


def _http_url(value: str) -> str:
    """A problem shows no text of a URL, which may hold a password."""
    parts = _split(value)
    if parts is None:
        raise UnacceptableError(Problem("config.fault.not_a_url"))
    if "@" in parts.netloc:
        raise UnacceptableError(Problem("config.fault.url_credentials"))
    return value


def _proxy_url(value: str) -> Secret:
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
    return parts if (port is None or 0 < port <= _MOST_PORTS) and _host(host) is not None else None


def _status_mapping(value: dict[str, object]) -> Mapping[str, str]:
    """ССТУ statuses are compared without surrounding whitespace; ПОС values are written byte for byte."""
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
            problems.append(Problem("config.fault.status_twice", {"other": shown(written[status])}, quoted(source)))
        if max(len(status), len(str(target))) > LONGEST_STATUS:
            problems.append(Problem("config.fault.status_long", {"most": LONGEST_STATUS}, quoted(source)))
        elif isinstance(target, str) and target.strip():
            mapping[status] = target
        else:
            problems += wrong_type(TEXT.description, target, quoted(source)).problems
        written.setdefault(status, source)
    if problems:
        raise UnacceptableError(*problems)
    return MappingProxyType(mapping)


FLAG = FieldType(Phrase("config.kind.flag"), lambda value: isinstance(value, bool), bool)
UTC_OFFSET = FieldType(Phrase("config.kind.utc_offset", {"minimum": -12, "maximum": 14}), _is_number, _utc_offset)
TEXT = FieldType(Phrase("config.kind.text"), _is_full_text, str)
TEXT_OR_NULL = FieldType(Phrase("config.kind.text_or_null"), _is_full_text, str, nullable=True)
# null: the password is found elsewhere.
PASSWORD = FieldType(Phrase("config.kind.password"), _is_text, _password, nullable=True)
# Checked only while fixed dates are on (validate.py): files in use have anything here while they are off.
MOMENT = FieldType(Phrase("config.kind.moment"), lambda value: True, str, nullable=True)
DATE = FieldType(Phrase("config.kind.date"), _is_text, _date)
# true, false, or the path of a CA file.
TLS_VERIFY = FieldType(
    Phrase("config.kind.trust"),
    lambda value: isinstance(value, bool) or _is_full_text(value),
    lambda value: value if isinstance(value, bool) else Path(value),
)
FILE_PATH = FieldType(Phrase("config.kind.file"), _is_full_text, Path)
LISTEN = FieldType(Phrase("config.kind.listen"), _is_full_text, _listen, nullable=True)
GRAPHQL_NAME = FieldType(
    Phrase("config.kind.graphql_name"), _is_text, lambda value: value if _NAME.fullmatch(value) else None
)
DOCUMENT_KINDS = _list_of(
    FieldType(
        Phrase("config.kind.document_kind"),
        lambda value: _is_text(value) or _is_number(value),
        lambda value: value if isinstance(value, int) or _NAME.fullmatch(str(value)) else None,
    ),
    Phrase("config.kind.document_kinds"),
    least=1,
)
HOST_NAMES = _list_of(
    FieldType(Phrase("config.kind.host_name"), _is_ascii_host, str.lower), Phrase("config.kind.host_names")
)
TEXTFILE_PATH = FieldType(
    Phrase("config.kind.textfile", {"suffix": TEXTFILE_SUFFIX}), _is_full_text, _textfile, nullable=True
)
ADDRESS = FieldType(Phrase("config.kind.address"), _is_text, _address)
ADDRESSES = _list_of(ADDRESS, Phrase("config.kind.addresses"))
MAIL_HOST = FieldType(Phrase("config.kind.host"), _is_full_text, lambda value: _host(value.strip()))
HTTP_URL = FieldType(Phrase("config.kind.url"), _is_text, _http_url)
PROXY_URL = FieldType(Phrase("config.kind.proxy"), _is_text, _proxy_url, nullable=True)
STATUS_MAPPING = FieldType(Phrase("config.kind.status_mapping"), lambda value: isinstance(value, dict), _status_mapping)
STATUSES = _list_of(FieldType(TEXT.description, _is_full_text, str.strip), Phrase("config.kind.statuses"))
