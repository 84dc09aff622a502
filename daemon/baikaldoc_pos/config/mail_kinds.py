"""The kinds of value that only mail needs: addresses, a host's name, a list of words, and "or null" round another kind.

Addresses are kept in ASCII (a domain in Cyrillic becomes its xn-- form), since not every mail server takes others.
"""

import re
from pathlib import Path

import idna
from attrs import frozen

from baikaldoc_pos.config.faults import Phrase, shown
from baikaldoc_pos.config.kinds import Choice, Kind, Problem, UnacceptableError, found, wrong_type, wrong_value

# The atoms of RFC 5322; quoted local parts exist, but not among those whom a service writes to.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST = re.compile(r"(?!-)[A-Za-z0-9_.-]{1,253}(?<!-)|[0-9A-Fa-f:]{2,45}")
_MOST_LOCAL = 64


@frozen
class Nullable:
    """Another kind, or null for "none"."""

    kind: Kind

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
class Words:
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
    return encoded if _HOST.fullmatch(encoded) else None


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
