"""Standard output and standard error as they are found.

A command may write to ``sys.stdout`` whatever it likes. What cannot be encoded is shown as an escape, and where the
output cannot be written this is said once, as an error of its own.
"""

import io
import os
import sys
from codecs import lookup
from typing import Any, TextIO

from baikaldoc_pos.errors import OutputFailed, ReaderGone

BUFFER = 64 * 1024  # bytes; whoever says something in between flushes


def setup_streams() -> None:
    """Put streams of ours in place of the process's own; those that were closed lead nowhere."""
    _open_what_is_closed()
    sys.stdout = _wrapped(sys.stdout, _Output)
    sys.stderr = _wrapped(sys.stderr, _SafeStderr)


def is_unicode(stream: TextIO) -> bool:
    """Whether every character can be written to it."""
    return lookup(stream.encoding or "utf-8").name.startswith("utf")


class _Output(io.FileIO):
    """Raises ReaderGone or OutputFailed, and what is still in buffers then goes nowhere."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as fault:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            reason = fault.strerror or str(fault)
            raise (ReaderGone if isinstance(fault, BrokenPipeError) else OutputFailed)(reason) from fault


class _SafeStderr(io.FileIO):
    """Standard error: where it takes nothing, there is nowhere left to say so, and the work goes on."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def _wrapped(found: TextIO | None, kind: type[io.FileIO]) -> TextIO:
    descriptor = os.open(os.devnull, os.O_WRONLY) if found is None else found.fileno()
    encoding = "utf-8" if found is None else found.encoding
    # An ASCII locale does not mean that nobody can read Russian; Python and click think so too.
    encoding = "utf-8" if lookup(encoding).name == "ascii" else encoding
    raw = kind(descriptor, "w", closefd=False)
    line_buffering = raw.isatty() or kind is _SafeStderr
    return io.TextIOWrapper(
        io.BufferedWriter(raw, BUFFER), encoding=encoding, errors="backslashreplace", line_buffering=line_buffering
    )


def _open_what_is_closed() -> None:
    """Lest the journal's file get the descriptor that everybody takes for standard output."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
