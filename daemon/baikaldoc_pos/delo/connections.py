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

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

LOOK_SECONDS = 0.1


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
        with self._lock:
            opened = list(self._opened)
        for each in opened:
            # The plain socket's method: ssl's own would swap the TLS layer out under the reading thread.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)


class BreakableAdapter(HTTPAdapter):
    """Keeps track of the sockets that it has opened.

    :param context: how TLS is spoken; whose certificates are trusted is added by requests.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._sockets = _Sockets()
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self._track(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(*args, ssl_context=self._context, **kwargs)
        self._track(manager)
        return manager

    def break_connections(self) -> None:
        """Shut every open socket down; whoever reads from one gets an end of file or an error at once."""
        self._sockets.break_all()

    @contextlib.contextmanager
    def deadline(self, seconds: float, cut: Callable[[], bool]) -> Iterator[threading.Event]:
        """Break the connections, and those that are made afterwards, when the block lasts longer than that, or as soon
        as ``cut()`` is true.

        The event says whether that was so. What was read then is not to be trusted: an end of file among the headers,
        or in a body without a length, looks like a regular one.
        """
        overrun, ended = threading.Event(), threading.Event()
        expires = time.monotonic() + seconds

        def watch() -> None:
            while not ended.wait(LOOK_SECONDS):
                if overrun.is_set() or time.monotonic() >= expires or cut():
                    overrun.set()
                    self.break_connections()

        watcher = threading.Thread(target=watch, name="request-deadline", daemon=True)
        watcher.start()
        try:
            yield overrun
        finally:
            ended.set()
            watcher.join()

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
