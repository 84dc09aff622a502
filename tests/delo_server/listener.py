"""A listening socket with a thread per connection, which ends at once and leaves no thread behind."""

import contextlib
import socket
import socketserver
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

# On, for no seconds: closing sends RST instead of FIN.
_LINGER_NOT = struct.pack("ii", 1, 0)


def bound(host: str, port: int) -> socket.socket:
    """A socket that is bound and does not listen: connections are refused, the port is nobody else's."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((host, port))
    return found


class Listener(socketserver.TCPServer):
    """Serves one bound socket from the moment it is made until ``cut()``.

    :param closing: set when the end has come; handlers that wait look at it.
    :param crashes: exceptions of handlers that are not the network's.
    """

    request_queue_size = 128

    def __init__(
        self,
        taken: socket.socket,
        handler: Callable[[Any, Any, "Listener"], socketserver.BaseRequestHandler],
        tls: ssl.SSLContext | None = None,
        crashes: list[BaseException] | None = None,
    ) -> None:
        super().__init__(taken.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        # The handshake is left to the connection's own thread: a silent client must not keep others waiting.
        self.socket = tls.wrap_socket(taken, server_side=True, do_handshake_on_connect=False) if tls else taken
        self.closing = threading.Event()
        self.crashes: list[BaseException] = crashes if crashes is not None else []
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._to_reset: set[socket.socket] = set()
        self.server_activate()
        self._loop = threading.Thread(target=self.serve_forever, args=(0.02,), name="delo-listener")
        self._loop.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection its thread."""
        thread = threading.Thread(target=self._serve, args=(request, client_address), name="delo-connection")
        with self._lock:
            self._connections.add(request)
            # Not by the threads themselves: one that has said so would not have ended yet.
            self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]
        thread.start()

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:  # noqa: BLE001 - the boundary of the thread; told apart in handle_error
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)
            with self._lock:
                self._connections.discard(request)
                self._to_reset.discard(request)

    def reset_at_end(self, request: socket.socket) -> None:
        """Let this connection end with RST."""
        with self._lock:
            self._to_reset.add(request)
        request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            reset = request in self._to_reset
        if reset:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        # A client that went away is no news; anything else is a fault of the stand-in or of a test's hook.
        if error is not None and not isinstance(error, OSError):
            self.crashes.append(error)

    @property
    def connections(self) -> int:
        """How many are open."""
        with self._lock:
            return len(self._connections)

    def cut(self) -> None:
        """Stop listening and cut every connection, without waiting for their threads."""
        self.closing.set()
        self.shutdown()
        self._loop.join()
        self.server_close()
        with self._lock:
            open_now = tuple(self._connections)
        for connection in open_now:
            with contextlib.suppress(OSError):  # it may have ended meanwhile
                # Not SSLSocket's own shutdown, which takes the TLS state away from under its thread.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def join(self) -> None:
        """Wait for the connections' threads, but for the one that calls: a hook may end its own server."""
        with self._lock:
            threads = tuple(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()
