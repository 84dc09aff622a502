"""Events and their sentences: a stable English id with fields, looked up in one catalogue per language.

Code holds no prose for operators. It logs ``cycle.finished`` with fields; a formatter, a table or a mail asks the
:class:`Catalogue` for the sentence. The catalogues are ``locale/ru.json`` and ``locale/en.json``.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Self

LANGUAGES = ("ru", "en")

_BOUND: ContextVar[Mapping[str, object]] = ContextVar("bound", default={})  # noqa: B039 - never changed in place


@cache
def _sentences(language: str) -> Mapping[str, str]:
    text = files("baikaldoc_pos").joinpath("locale", f"{language}.json").read_text(encoding="utf-8")
    loaded: Mapping[str, str] = json.loads(text)
    return loaded


# Characters that do not show, move the cursor, end a line or turn the direction of what follows.
_HIDDEN = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for codes in (
        *(range(0x20), range(0x7F, 0xA0), range(0xAD, 0xAE), range(0x61C, 0x61D), range(0x180E, 0x180F)),
        *(range(0x200B, 0x2010), range(0x2028, 0x202F), range(0x2060, 0x2070), range(0xFEFF, 0xFF00)),
        *(range(0xFFF9, 0xFFFC), range(0xE0000, 0xE0080)),
    )
    for code in codes
}
_HIDDEN_IN_LINES = {code: shown for code, shown in _HIDDEN.items() if chr(code) not in "\t\n"}


_HIDDEN_IN_JSON = {code: json.dumps(chr(code))[1:-1] for code in _HIDDEN if code >= 0x7F}


def visible(text: str, *, lines: bool = False) -> str:
    """A text from outside with hidden characters as escapes; with ``lines``, tabs and ends of lines stay."""
    return text.translate(_HIDDEN_IN_LINES if lines else _HIDDEN)


def escaped(json_text: str) -> str:
    """JSON with hidden characters as its own escapes: some viewers end a line or turn the direction at them."""
    return json_text.translate(_HIDDEN_IN_JSON)


class _Formatter(Formatter):
    """Formats a field that the caller did not give as ``?``: a sentence with a hole beats a lost record. Hidden
    characters of a text are shown, whoever reads the sentence, and where.

    ``{field!t}`` is the sentence whose id the field is, ``{field:name.*}`` the one whose id has the field for ``*``,
    ``{field: «»}`` a field in quotation marks, and nothing where it is empty.
    """

    def __init__(self, sentences: Mapping[str, str], zone: tzinfo | None, *, naming_zone: bool) -> None:
        self._sentences = sentences
        self.zone = zone
        self._naming_zone = naming_zone
        self._day = sentences["format.day"]

    def convert_field(self, value: object, conversion: str | None) -> object:
        if conversion == "t":
            return self._sentences.get(str(value), value)
        return super().convert_field(value, conversion)

    def get_value(self, key: int | str, args: object, kwargs: Mapping[str, object]) -> object:
        value = kwargs.get(str(key), "?")
        return visible(value) if isinstance(value, str) else value

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, list | tuple | set | frozenset):
            return visible(", ".join(map(str, value)))
        if "*" in format_spec:
            return self._sentences.get(format_spec.replace("*", str(value)), str(value))
        if format_spec.endswith("»"):
            return f"{format_spec[:-1]}{value}»" if value else ""
        try:
            if isinstance(value, datetime) and not format_spec:
                # Of an instant in a zone that nobody configured, the zone is told.
                offset = f" {_offset(value)}" if self.zone is None else ""
                zone = f" UTC{_offset(value, self.zone)}" if self._naming_zone else offset
                return f"{value.astimezone(self.zone):{self._day} %H:%M}{zone}"
            if isinstance(value, date) and not format_spec:
                return f"{value:{self._day}}"
            return str(super().format_field("—" if value is None else value, format_spec))
        except (ValueError, TypeError, OverflowError):
            return str(value)


def _offset(instant: datetime, zone: tzinfo | None = None) -> str:
    """The offset of a zone (by default the machine's own) at that instant: ``+08:00``."""
    return instant.astimezone(zone).isoformat()[-6:]


class Catalogue:
    """The texts of one language; instants are shown in ``zone`` (by default the machine's own)."""

    def __init__(self, language: str = "ru", zone: tzinfo | None = None) -> None:
        self.language = language
        self._sentences = _sentences(language)
        self._formatter = _Formatter(self._sentences, zone, naming_zone=False)
        self._naming_zone = False

    @property
    def naming_zone(self) -> Self:
        """The same, with the zone in its sentences: for what is read alone. A page's still masks."""
        named = copy(self)
        named._naming_zone = True
        named._formatter = _Formatter(self._sentences, self._formatter.zone, naming_zone=True)
        return named

    def text(self, id_: str, /, **fields: object) -> str:
        """The sentence ``id_`` with its fields filled in; an unknown id is shown with its fields, never raised."""
        return self.render(id_, fields)

    def render(self, id_: str, fields: Mapping[str, object]) -> str:
        """As :meth:`text`, for fields that may have any name."""
        template = self._sentences.get(id_)
        if template is None:
            return visible(" ".join([id_, *(f"{name}={value}" for name, value in fields.items())]))
        sentence = self._formatter.vformat(template, (), fields)
        sentence = self.named_once(sentence) if self._naming_zone else sentence
        words = fields.get("server_message")
        return f"{sentence} {self.text('server.message', words=words)}" if words else sentence

    def named_once(self, text: str) -> str:
        """A text of several sentences with the zone where it is named first, and nowhere else."""
        head, zone, tail = text.partition(f" {self.zone_name}")
        return head + zone + (tail.replace(zone, "") if zone else tail)

    def template(self, id_: str) -> str:
        """The sentence with its placeholders; the id where there is none."""
        return self._sentences.get(id_, id_)

    def value(self, value: object) -> str:
        """A value as sentences show it: an instant in the catalogue's zone, a dash for none."""
        return self._formatter.format_field(value, "")

    @property
    def zone_name(self) -> str:
        """The zone in which instants are shown, as its offset now: ``UTC+08:00``."""
        return f"UTC{_offset(datetime.now(UTC), self._formatter.zone)}"

    def ids(self) -> Iterable[str]:
        return self._sentences.keys()


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Add these fields to every event of this thread while the context lasts: the cycle's id, say."""
    token = _BOUND.set({**_BOUND.get(), **fields})
    try:
        yield
    finally:
        _BOUND.reset(token)


class EventLog:
    """Events of one module. A record's message is the id; formatters look the sentence up.

    Fields travel on the record as ``fields`` (a dict), beside ``event``; those of :func:`bound` are added.
    """

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, /, **fields: object) -> None:
        self._emit(logging.DEBUG, event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        self._emit(logging.INFO, event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        self._emit(logging.WARNING, event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        self._emit(logging.ERROR, event, fields)

    def exception(self, event: str, /, **fields: object) -> None:
        """An error with the traceback of the exception that is being handled."""
        self._emit(logging.ERROR, event, fields, exc_info=True)

    def _emit(self, level: int, event: str, fields: dict[str, object], *, exc_info: bool = False) -> None:
        self._logger.log(level, event, extra={"event": event, "fields": {**_BOUND.get(), **fields}}, exc_info=exc_info)
