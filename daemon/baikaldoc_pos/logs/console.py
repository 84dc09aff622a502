"""Records on standard error. May not know what they say."""

import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

from baikaldoc_pos.logs.formatters import Style


class ConsoleHandler(logging.Handler):
    """Writes each record to a stream in one piece; by default to what is standard error at that moment (a progress
    bar may stand in for it). A stream that is closed or has lost its reader never stops the program."""

    def __init__(self, stream: TextIO | None = None, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        stream = self._stream if self._stream is not None else sys.stderr
        if stream is None:  # descriptor 2 was closed before the start
            return
        encoding = getattr(stream, "encoding", None) or "utf-8"
        text = f"{self.format(record)}\n".encode(encoding, "backslashreplace").decode(encoding)
        # ValueError: the stream is closed. There is nowhere left to say either; the files have the record.
        with suppress(OSError, ValueError):
            stream.write(text)
            stream.flush()


def style_of(stream: TextIO | None, environ: Mapping[str, str]) -> Style:
    """What a stream leads to, by ``JOURNAL_STREAM`` (systemd.exec(5): the socket's device and inode) and isatty."""
    try:
        status = os.fstat((stream if stream is not None else sys.stderr).fileno())
    except (OSError, ValueError, AttributeError):  # no descriptor behind it
        return Style.PLAIN
    if environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}":
        return Style.JOURNAL
    return Style.TERMINAL if (stream or sys.stderr).isatty() else Style.PLAIN
