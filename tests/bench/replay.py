"""A server that gives recorded answers by their order, so that answering costs next to nothing.

The first run of a contender is recorded from the stand-in; the runs that are measured get the same answers.
"""

import socket
import threading
import time
from contextlib import closing, suppress
from types import TracebackType
from typing import Self


class Replay:
    """Answers the n-th request with the n-th recorded answer.

    :param answers: whole answers, head and body.
    :param upstream: where requests go instead, and whose answers are appended to ``answers``.
    :param delay_seconds: how long each answer takes.
    """

    def __init__(
        self, answers: list[bytes], upstream: tuple[str, int] | None = None, delay_seconds: float = 0.0
    ) -> None:
        self._answers = answers
        self._upstream = upstream
        self._delay = delay_seconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.requests = 0
        self.bytes = 0
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with closing(connection), suppress(OSError):
            while request := _message(connection):
                place, self.requests = self.requests, self.requests + 1
                if self._upstream is not None:
                    self._answers.append(_asked(self._upstream, request))
                elif self._delay:
                    time.sleep(self._delay)
                self.bytes += len(request) + len(self._answers[place])
                connection.sendall(self._answers[place])


def _asked(upstream: tuple[str, int], request: bytes) -> bytes:
    with socket.create_connection(upstream) as connection:
        connection.sendall(request)
        return _message(connection)


def _message(connection: socket.socket) -> bytes:
    """A whole request or answer, both of which tell their length; b"" at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65536)
        if not received:
            return b""
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)
    parts = [data]
    left = length - len(body)
    while left > 0:
        parts.append(connection.recv(min(left, 1 << 20)))
        left -= len(parts[-1])
    return b"".join(parts)
