"""How a record is written: as JSON, as a sentence, and on standard error."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, tzinfo
from enum import Enum, auto

from attrs import evolve
from pythonjsonlogger.json import JsonFormatter

from baikaldoc_pos.i18n import escaped, visible
from baikaldoc_pos.logs.entries import Entry, Reader

_STANDARD = ("time", "level", "event", "message", "exception")
# SGR codes of terminals: grey, green, yellow, red, white on red.
_COLOURS = {"debug": "90", "info": "32", "warning": "33", "error": "31", "critical": "97;41"}
# syslog(3).
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
# journald cuts a line at 48 KiB (LineMax=); the rest would be a line with a priority of its own. A character has at
# most ten bytes, in whatever encoding.
_LONGEST_LINE = 4000


class Style(Enum):
    """How sentences are written on standard error."""

    JOURNAL = auto()  # for systemd's journal
    COLOURED = auto()  # for a terminal
    PLAIN = auto()  # for a file, a pipe


class JsonEvents(JsonFormatter):
    """One object a line: ``time``, ``level``, ``event``, ``message`` (the sentence), the fields, ``exception``.

    A field whose name is one of these is written as ``field_<name>``.
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__(json_ensure_ascii=False, json_default=lambda value: _iso(value, reader.zone))
        self._reader = reader

    def format(self, record: logging.LogRecord) -> str:
        entry = self._reader.read(record)
        data: dict[str, object] = {
            "time": entry.time.isoformat(timespec="milliseconds"),
            "level": entry.level,
            "event": entry.event,
            "message": entry.message,
        }
        data |= {f"field_{name}" if name in _STANDARD else name: value for name, value in entry.fields.items()}
        if entry.exception is not None:
            data["exception"] = entry.exception
        return escaped(self.serialize_log_record(data))


class SentenceFormatter(logging.Formatter):
    """The sentence, with the traceback under it, in one ``style``.

    For the journal each line has its priority and none has the time, which the journal adds. The lines of a traceback
    are indented, long ones folded and control characters escaped, so that no server's answer can pass for a record.
    """

    def __init__(self, reader: Reader, style: Style) -> None:
        super().__init__()
        self._reader = evolve(reader, catalogue=reader.catalogue.naming_zone)
        self._target = style

    def format(self, record: logging.LogRecord) -> str:
        entry = self._reader.read(record)
        traceback = visible(entry.exception or "", lines=True).splitlines()
        lines = [visible(self._with_cycle(entry)), *(f"  {line}" for line in traceback)]
        if self._target is Style.JOURNAL:
            return "\n".join(f"<{_PRIORITIES[entry.level]}>{part}" for line in lines for part in _folded(line))
        word = self._reader.catalogue.text(f"log.level.{entry.level}")
        if self._target is Style.COLOURED:
            word = f"\x1b[{_COLOURS[entry.level]}m{word}\x1b[0m"
        time = (
            f"{entry.time:{self._reader.catalogue.template('format.day')} %H:%M:%S} {self._reader.catalogue.zone_name}"
        )
        return "\n".join([self._reader.catalogue.named_once(f"{time} {word}: {lines[0]}"), *lines[1:]])

    def _with_cycle(self, entry: Entry) -> str:
        """The sentence, with the cycle's number where it does not name it."""
        if "cycle" not in entry.fields:
            return entry.message
        others = {name: value for name, value in entry.fields.items() if name != "cycle"}
        if self._reader.sentence(entry.event, others) != entry.message:
            return entry.message
        return self._reader.sentence("log.of_cycle", {"sentence": entry.message, "cycle": entry.fields["cycle"]})


def _folded(line: str) -> Iterator[str]:
    """The line in parts that journald takes whole."""
    yield line[:_LONGEST_LINE]
    for start in range(_LONGEST_LINE, len(line), _LONGEST_LINE):
        yield f"  {line[start : start + _LONGEST_LINE]}"


def _iso(value: object, zone: tzinfo) -> str:
    """What JSON has no type for; of plain values this is an instant."""
    if not isinstance(value, datetime):
        return str(value)
    return (value if value.tzinfo is None else value.astimezone(zone)).isoformat()


class ConsoleHandler(logging.Handler):
    """Writes each record in one piece to what is standard error at that moment (a progress bar may stand in for it).

    A stream that is closed or has lost its reader never stops the program.
    """

    def emit(self, record: logging.LogRecord) -> None:
        stream = sys.stderr
        if stream is None:  # descriptor 2 was closed before the start
            return
        encoding = getattr(stream, "encoding", None) or "utf-8"
        text = f"{self.format(record)}\n".encode(encoding, "backslashreplace").decode(encoding)
        # ValueError: the stream is closed. The files have the record.
        with suppress(OSError, ValueError):
            stream.write(text)
            stream.flush()


def style_of_stderr() -> Style:
    """By ``JOURNAL_STREAM`` (systemd.exec(5): the socket's device and inode) and isatty."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):  # no descriptor behind it
        return Style.PLAIN
    if os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}":
        return Style.JOURNAL
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Style.COLOURED if wanted and sys.stderr.isatty() else Style.PLAIN
