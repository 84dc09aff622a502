"""An HTTP adapter whose open connections can be broken from another thread.

requests' time-outs are per read: a server that sends a byte at a time, in the headers or in the body, is never late
for them. Only closing the socket ends such a request, so the adapter remembers its sockets. Knows nothing of ДЕЛО.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakSet

from attrs import frozen
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

LOOK_SECONDS = 0.1
IDLE_SECONDS = 5.0


class _Sockets:
    """The sockets that have been opened and are still in use by somebody, be it only by the answer's body."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: WeakSet[socket.socket] = WeakSet()

    def add(self, opened: socket.socket) -> socket.socket:
        with self._lock:
            self._opened.add(opened)
        return opened

    def break_all(self) -> None:
        """Shut every open socket down; whoever reads from one gets an end of file or an error at once."""
        with self._lock:
            opened = list(self._opened)
        for each in opened:
            # The plain socket's method: ssl's own would swap the TLS layer out under the reading thread.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)


@frozen(eq=False)
class _Deadline:
    """When a request has to end, and whether that was so."""

    expires: float
    cut: Callable[[], bool]
    overrun: threading.Event

    def passed(self) -> bool:
        return self.overrun.is_set() or time.monotonic() >= self.expires or self.cut()


class _Watcher:
    """Breaks the connections of a request that is late, from a thread that outlives a series of requests."""

    def __init__(self, break_connections: Callable[[], None]) -> None:
        self._break = break_connections
        self._changed = threading.Condition()
        self._deadline: _Deadline | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def watch(self, deadline: _Deadline | None) -> None:
        """Watch this request, or none; connections are broken for no earlier one from now on."""
        with self._changed:
            self._deadline = deadline
            if deadline is not None:
                self._closed = False
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="request-deadline", daemon=True)
                    self._thread.start()
                self._changed.notify()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while True:
                awaited = self._changed.wait_for(lambda: self._deadline or self._closed, IDLE_SECONDS)
                if self._closed or not awaited:
                    self._thread = None
                    return
                watched = self._deadline
                self._changed.wait(LOOK_SECONDS)
                if watched is not None and watched is self._deadline and watched.passed():
                    watched.overrun.set()
                    self._break()


class BreakableAdapter(HTTPAdapter):
    """Keeps track of the sockets that it has opened.

    :param context: how TLS is spoken; whose certificates are trusted is added by requests.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._sockets = _Sockets()
        self._context = context
        self._watcher = _Watcher(self._sockets.break_all)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self._track(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(*args, ssl_context=self._context, **kwargs)
        self._track(manager)
        return manager

    def close(self) -> None:
        super().close()
        self._watcher.close()

    @contextlib.contextmanager
    def deadline(self, seconds: float, cut: Callable[[], bool]) -> Iterator[threading.Event]:
        """Break the connections, and those that are made afterwards, when the block lasts longer than that, or as soon
        as ``cut()`` is true.

        The event says whether that was so. What was read then is not to be trusted: an end of file among the headers,
        or in a body without a length, looks like a regular one.
        """
        overrun = threading.Event()
        self._watcher.watch(_Deadline(time.monotonic() + seconds, cut, overrun))
        try:
            yield overrun
        finally:
            self._watcher.watch(None)

    def _track(self, manager: PoolManager) -> None:
        sockets = self._sockets

        class TrackedHTTP(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return sockets.add(super()._new_conn())

        class TrackedHTTPS(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                # In use until TLS begins: a proxy's answer to CONNECT is read from it.
                return sockets.add(super()._new_conn())

            def connect(self) -> None:
                super().connect()
                # TLS has a socket of its own, which took the first one's place.
                sockets.add(self.sock)

        class HTTPPool(HTTPConnectionPool):
            ConnectionCls = TrackedHTTP

        class HTTPSPool(HTTPSConnectionPool):
            ConnectionCls = TrackedHTTPS

        manager.pool_classes_by_scheme = {"http": HTTPPool, "https": HTTPSPool}
