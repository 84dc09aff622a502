"""A request ends at its deadline, however the server keeps it waiting, with TLS as without."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from baikaldoc_pos.delo.transport import RequestLimits
from baikaldoc_pos.errors import DeloUnavailable, StopRequested

from tests.delo_server import PASSWORD, USER, DeloServer, Drip, Hang

TINY = 0.3
# Far from what a read time-out or the whole of a dripping answer would take.
SOON = 2.5
ACCOUNT = {"user": USER, "password": PASSWORD}


@contextlib.contextmanager
def in_time() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < SOON, "the deadline did not end it"


def dripping(
    content: bytes, context: ssl.SSLContext | None, before_handshake: float = 0
) -> tuple[str, Callable[[], None]]:
    """A server for one connection that sends the content, and then a blank at a time until it is ended."""
    listener, ended = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            plain, _ = listener.accept()
            ended.wait(before_handshake)
            with context.wrap_socket(plain, server_side=True) if context else plain as connection:
                connection.recv(65536)
                connection.sendall(content)
                while not ended.wait(0.02):
                    connection.sendall(b" ")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()

    def stop() -> None:
        ended.set()
        listener.close()
        thread.join(5)

    return f"{'https' if context else 'http'}://127.0.0.1:{listener.getsockname()[1]}", stop


@pytest.mark.parametrize(
    ("content", "before_handshake"),
    [
        (b"", 0),
        (b"HTTP/1.1 200", 0),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Drip: ", 0),
        (b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"data": {}}', 0),
        (b"HTTP/1.1 200 OK\r\nX-Drip: ", 3 * TINY),
    ],
    ids=["no answer", "status line", "within a header", "body without a length", "before there is a connection"],
)
def test_what_was_cut_by_the_deadline_never_passes_for_an_answer(connect, certificate, tls, content, before_handshake):
    """A cut in such a place looks like the regular end of an answer."""
    base, stop = dripping(content, tls, before_handshake)
    try:
        with in_time(), pytest.raises(DeloUnavailable, match="no whole answer") as caught:
            connect(base, TINY, verify=certificate).post(base, {}, "query")
        assert caught.value.retry
    finally:
        stop()


def test_the_deadline_ends_the_wait_for_a_proxy(connect):
    """A proxy that drips its answer to CONNECT: there is neither TLS nor a response yet."""
    base, stop = dripping(b"HTTP/1.1 200 Connection established\r\nX-Drip: ", None)
    try:
        with in_time(), pytest.raises(DeloUnavailable, match="no whole answer"):
            connect("https://delo.invalid", TINY, proxy=base).post("https://delo.invalid/", {}, "query")
    finally:
        stop()


@pytest.mark.parametrize("fault", [Drip("headers"), Hang()], ids=["drips", "hangs"])
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_stop_cuts_short_what_bears_it_and_nothing_else(connect, certificate, tls, secure, fault):
    stop = threading.Event()
    with DeloServer(tls=tls if secure else None) as server:
        transport = connect(server.url, 60, verify=certificate, stopping=stop.is_set)
        hanging = server.faults.add(fault, on="login", times=None)
        stopping = threading.Thread(target=lambda: (server.wait_until(lambda: hanging.hits, 5), stop.set()))
        stopping.start()
        with in_time(), pytest.raises(StopRequested):
            transport.post(server.login_url, ACCOUNT, "reading", RequestLimits(cut_by_stop=True))
        stopping.join()
        with pytest.raises(DeloUnavailable, match="no whole answer"):
            transport.post(server.login_url, ACCOUNT, "writing", RequestLimits(TINY))
        server.faults.clear()
        assert transport.post(server.login_url, ACCOUNT, "sign_in", RequestLimits(5)).status == 200
