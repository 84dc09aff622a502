"""A record as it is shown: its event, its sentence and fields without secrets, its exception.

Formatters share what is worked out here.
"""

import logging
import re
from collections.abc import Mapping
from datetime import datetime, tzinfo

from attrs import frozen

from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.logs.masking import Masker, Plain, plain_fields

_LEVELS = {
    logging.getLevelNamesMapping()[name.upper()]: name for name in ("debug", "info", "warning", "error", "critical")
}
# The id of an event is not masked, though a password may be as weak as "delo".
_ID = re.compile(r"[a-z_]+(?:\.[a-z0-9_]+)+")


@frozen
class Entry:
    """One record, ready to be shown.

    :param time: its instant in the installation's zone.
    :param level: the name of the nearest standard level that is not above.
    :param exception: the traceback, and the stack where one was asked for.
    """

    time: datetime
    level: str
    event: str
    message: str
    fields: dict[str, Plain]
    exception: str | None


@frozen
class Reader:
    """Makes entries of records. Records of other libraries become the event ``library.message``."""

    catalogue: Catalogue
    masker: Masker
    zone: tzinfo

    def read(self, record: logging.LogRecord) -> Entry:
        """Never raises: a record that cannot be read becomes one that says so."""
        try:
            event, given = _event_of(record)
            fields, exception = self.masker.fields(plain_fields(given)), _exception_of(record)
        except Exception as fault:  # noqa: BLE001 - another library's record prints objects that may raise anything
            event, exception = "log.record_unreadable", None
            text = f"{record.msg if isinstance(record.msg, str) else type(record.msg)} {type(fault).__name__}"
            fields = self.masker.fields({"logger": record.name, "text": text})
        return Entry(
            datetime.fromtimestamp(record.created, self.zone),
            _LEVELS[max((level for level in _LEVELS if level <= record.levelno), default=logging.DEBUG)],
            event if _ID.fullmatch(event) else self.masker.text(event),
            self.sentence(event, fields),
            fields,
            None if exception is None else self.masker.text(exception),
        )

    def sentence(self, event: str, fields: Mapping[str, Plain]) -> str:
        """The sentence of fields that are masked already."""
        return self.masker.text(self.catalogue.render(event, fields))


def _event_of(record: logging.LogRecord) -> tuple[str, Mapping[str, object]]:
    event, fields = getattr(record, "event", None), getattr(record, "fields", None)
    if isinstance(event, str):
        return event, fields if isinstance(fields, Mapping) else {}
    return "library.message", {"logger": record.name, "text": record.getMessage().strip()}


def _exception_of(record: logging.LogRecord) -> str | None:
    traceback = record.exc_text
    if record.exc_info and record.exc_info[0] is not None:
        traceback = logging.Formatter().formatException(record.exc_info)
    return "\n".join(part for part in (traceback, record.stack_info) if part) or None
