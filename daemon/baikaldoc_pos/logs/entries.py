"""A record as it is to be told: its event, its sentence and fields without secrets, its exception.

Everything that formatters need is worked out here, once for all formats. May not know where it is written.
"""

import logging
import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Protocol

from attrs import frozen

from baikaldoc_pos.logs.masking import Masker, Plain, plain_fields

_LIBRARY_MESSAGE = "library.message"
_UNREADABLE = "log.record_unreadable"
# An event's id is written in the code; masked it would be if a password were as weak as "delo".
_ID = re.compile(r"[a-z_]+(?:\.[a-z0-9_]+)+")


class Sentences(Protocol):
    """What is needed of the catalogue."""

    def render(self, id_: str, fields: Mapping[str, object]) -> str:
        """The sentence ``id_`` with its fields filled in."""


@frozen
class Entry:
    """One record, ready to be shown.

    :param time: its instant in the installation's zone.
    :param exception: the traceback, and the stack where one was asked for.
    """

    time: datetime
    levelno: int
    event: str
    message: str
    fields: dict[str, Plain]
    exception: str | None


@frozen
class Reader:
    """Makes entries of records. Records of other libraries become the event ``library.message``."""

    sentences: Sentences
    masker: Masker
    zone: tzinfo

    def read(self, record: logging.LogRecord) -> Entry:
        """Never raises: a record that cannot be read becomes one that says so."""
        try:
            event, given = _event_of(record)
            fields, exception = self.masker.fields(plain_fields(given)), _exception_of(record)
        except Exception as fault:  # noqa: BLE001 - another library's record prints objects that may raise anything
            event, exception = _UNREADABLE, None
            text = f"{record.msg if isinstance(record.msg, str) else type(record.msg)} {type(fault).__name__}"
            fields = self.masker.fields({"logger": record.name, "text": text})
        return Entry(
            datetime.fromtimestamp(record.created, self.zone),
            record.levelno,
            event if _ID.fullmatch(event) else self.masker.text(event),
            self.sentence(event, fields),
            fields,
            None if exception is None else self.masker.text(exception),
        )

    def sentence(self, event: str, fields: Mapping[str, Plain]) -> str:
        """The sentence of fields that are masked already."""
        try:
            text = self.sentences.render(event, fields)
        except (LookupError, AttributeError, ValueError, TypeError):  # the template does not fit the fields
            text = f"{event} {dict(fields)}"
        return self.masker.text(text)


def _event_of(record: logging.LogRecord) -> tuple[str, Mapping[str, object]]:
    event, fields = getattr(record, "event", None), getattr(record, "fields", None)
    if isinstance(event, str):
        return event, fields if isinstance(fields, Mapping) else {}
    return _LIBRARY_MESSAGE, {"logger": record.name, "text": record.getMessage().strip()}


def _exception_of(record: logging.LogRecord) -> str | None:
    parts = []
    if record.exc_info and record.exc_info[0] is not None:
        parts.append(logging.Formatter().formatException(record.exc_info))
    elif record.exc_text:
        parts.append(record.exc_text)
    if record.stack_info:
        parts.append(record.stack_info)
    return "\n".join(parts) or None
