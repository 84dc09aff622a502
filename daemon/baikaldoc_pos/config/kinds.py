"""The kinds of value that a setting can have: each reads one JSON value strictly, or says what is wrong with it.

A kind also describes itself as a :class:`Phrase`, which faults and the generated reference share. Kinds are
pure: what needs the file system or another setting is checked in ``credentials``, ``certificate`` and ``rules``.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from attrs import field, frozen

from baikaldoc_pos.config.faults import Phrase, shown
from baikaldoc_pos.config.secret import Secret


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


class Kind(Protocol):
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
class Trust:
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
