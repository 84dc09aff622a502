"""Sends an answer, rightly or with a fault of the wire, and says what is to become of the connection."""

import threading
from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from attrs import frozen

from tests.delo_server.fault_kinds import CloseAfter, Drip, Endless, Fault, Truncate
from tests.delo_server.messages import Answer

CHUNK = b'{"data": "' + b"x" * 65_526


class Ending(Enum):
    """What becomes of a connection after an answer."""

    KEEP = auto()
    CLOSE = auto()
    RESET = auto()
    RESET_ON_NEXT = auto()


class Output(Protocol):
    """The part of a connection that is written to."""

    def write(self, data: bytes, /) -> object: ...


@frozen
class Wire:
    """One connection's way out.

    :param sent: told how many bytes went out.
    :param closing: set when the server closes; whatever takes long ends then.
    """

    output: Output
    sent: Callable[[int], None]
    closing: threading.Event

    def deliver(self, answer: Answer, fault: Fault | None) -> Ending:
        """Send the answer under a fault (those that are not of the wire change nothing here); raises OSError."""
        match fault:
            case Drip():
                self._drip(answer, fault)
                return Ending.KEEP
            case Truncate():
                self._truncate(answer, chunked=fault.chunked)
                return Ending.CLOSE
            case Endless():
                self._flood(answer, declared=fault.declared)
                return Ending.CLOSE
            case CloseAfter():
                self._write(_framed(answer) + answer.body)
                return Ending.RESET_ON_NEXT if fault.on_next else Ending.CLOSE
            case _:
                self._write(_framed(answer) + answer.body)
                return Ending.KEEP

    def _write(self, data: bytes) -> None:
        # Counted first: who has read the answer may look at the counters at once.
        self.sent(len(data))
        self.output.write(data)

    def _drip(self, answer: Answer, fault: Drip) -> None:
        head = _framed(answer)
        whole, dripped = (b"", head + answer.body) if fault.part == "headers" else (head, answer.body)
        self._write(whole)
        for place in range(len(dripped)):
            if self.closing.wait(fault.interval_seconds):
                raise ConnectionAbortedError
            self._write(dripped[place : place + 1])

    def _truncate(self, answer: Answer, *, chunked: bool) -> None:
        half = answer.body[: len(answer.body) // 2]
        if chunked:
            head = answer.head(("Transfer-Encoding", "chunked"))
            self._write(head + f"{len(answer.body):x}\r\n".encode() + half)
        else:
            self._write(_framed(answer) + half)

    def _flood(self, answer: Answer, *, declared: bool) -> None:
        framing = ("Content-Length", str(10**12)) if declared else ("Transfer-Encoding", "chunked")
        part = CHUNK if declared else f"{len(CHUNK):x}\r\n".encode() + CHUNK + b"\r\n"
        self._write(answer.head(framing))
        while not self.closing.is_set():
            self._write(part)


def _framed(answer: Answer) -> bytes:
    return answer.head(("Content-Length", str(len(answer.body))))
