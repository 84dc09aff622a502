"""The web server: waitress in threads of its own, its sockets, and the checks that every request has to pass."""

import contextlib
import errno
import ipaddress
import os
import socket
import threading
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import frozen
from waitress import wasyncore
from waitress.server import create_server

from baikaldoc_pos.config import ListenAddress, TcpAddress, UnixAddress
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.monitoring.app import Site
from baikaldoc_pos.monitoring.page import Pages, SiteSettings, SiteSources

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
MODE = 0o660  # a Unix socket is for the account and its group: a web server in front, say
METHODS = ("GET", "HEAD")
CONTENT_POLICY = (
    "default-src 'none'; style-src '{style}'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
LONGEST_QUERY = 4000  # bytes of a query string: 100 characters of any script, and what is only a little too long
log = EventLog(__name__)

THREADS = 4
# Half a request costs little, so there is room for many; and it is soon given up, so that even a crowd of them keeps a
# health probe waiting for seconds only.
CONNECTIONS = 250
IDLE_SECONDS = 5
CLEANUP_SECONDS = 1
LARGEST_REQUEST = 16 * 1024  # bytes, of the head as of a body that nobody asked for
STOP_SECONDS = 5


@frozen
class Hosts:
    """The hosts that are ours; ports do not matter, since a tunnel or a proxy may change them.

    :param names: lower-case names and addresses, IPv6 ones without brackets.
    :param any_address: every IP address is ours as well; none of them can be rebound.
    """

    names: frozenset[str]
    any_address: bool

    @classmethod
    def of(cls, listen: ListenAddress, allowed: tuple[str, ...]) -> "Hosts":
        own = {listen.host.lower()} if isinstance(listen, TcpAddress) else set()
        addresses = [address for host in own if (address := _address(host)) is not None]
        return cls(LOCAL | own | set(allowed), any_address=any(address.is_unspecified for address in addresses))

    def accept(self, header: str) -> bool:
        """Whether a request with this Host header is answered."""
        host = _host(header)
        if host is None:
            return False
        return host in self.names or (self.any_address and _address(host) is not None)


def _host(header: str) -> str | None:
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port
    except ValueError:
        return None
    return None if parts.netloc != header or "@" in header else parts.hostname


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def listen_on(address: ListenAddress) -> socket.socket:
    """A bound socket that listens.

    :raises OSError: the address is taken, is not one of this host, or may not be used.
    """
    return _tcp(address) if isinstance(address, TcpAddress) else _unix(address.path)


def _tcp(address: TcpAddress) -> socket.socket:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # "localhost" may be both ::1 and 127.0.0.1, of which monitoring expects the latter.
    family, _, _, _, where = min(found, key=lambda each: each[0] != socket.AF_INET)
    return socket.create_server(where[:2], family=family)


def _unix(path: Path) -> socket.socket:
    if path.is_socket():
        if _answers(path):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(MODE)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
    return True


@frozen
class Guard:
    """Refuses foreign hosts, other methods and long queries; puts the security headers on every answer.

    :param style: the hash of the only style sheet that a page may have, as a CSP source.
    """

    application: "WSGIApplication"
    hosts: Hosts
    style: str

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        headers = [("Content-Security-Policy", CONTENT_POLICY.format(style=self.style)), *HEADERS]

        def start(status, given, *rest):  # type: ignore[no-untyped-def]
            return start_response(status, [*given, *headers], *rest)

        refusal = self._refusal(environ)
        if refusal is None:
            return self.application({**environ, "PATH_INFO": _whole(environ.get("PATH_INFO", ""))}, start)
        status, more = refusal
        body = f"{status.phrase}\n".encode()
        plain = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *more]
        start_response(f"{status.value} {status.phrase}", [*plain, *headers])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def _refusal(self, environ: "WSGIEnvironment") -> tuple[HTTPStatus, list[tuple[str, str]]] | None:
        # A probe by HTTP/1.0 names no host; a page in a browser, which rebinding needs, always does.
        probing = environ.get("PATH_INFO") == "/healthz" and "HTTP_HOST" not in environ
        if not probing and not self.hosts.accept(environ.get("HTTP_HOST", "")):
            return HTTPStatus.MISDIRECTED_REQUEST, []
        if environ["REQUEST_METHOD"] not in METHODS:
            return HTTPStatus.METHOD_NOT_ALLOWED, [("Allow", ", ".join(METHODS))]
        if len(environ.get("QUERY_STRING", "")) > LONGEST_QUERY:
            return HTTPStatus.REQUEST_URI_TOO_LONG, []
        return None


def _whole(path: str) -> str:
    """WSGI's path with what is no UTF-8 marked in it: bottle would leave that out, and find another page."""
    return path.encode("latin-1").decode("utf-8", "replace").encode("utf-8").decode("latin-1")


class StatusSite:
    """Serves while it is started. A reload makes a new one where the settings differ.

    :param settings: with no address among them, ``start`` does nothing.
    """

    def __init__(self, settings: SiteSettings, sources: SiteSources) -> None:
        self.settings = settings
        self._sources = sources
        self._running: _Running | None = None
        self._fault: str | None = None

    def start(self) -> None:
        """Begin to serve, where that has not been done. An address that cannot be listened on is logged, once for each
        reason, and never raised: the work goes on without, and whoever calls this again has it tried again.
        """
        address = self.settings.listen
        if address is None or self._running is not None:
            return
        try:
            listener = listen_on(address)
        except OSError as fault:
            reason = _reason(fault)
            if reason != self._fault:
                log.error("http.not_listening", address=str(address), reason=reason)
            self._fault = reason
            return
        self._fault = None
        pages = Pages()
        site = Site(self.settings, self._sources, pages).application()
        guard = Guard(site, Hosts.of(address, self.settings.allowed_hosts), pages.style_source)
        self._running = _Running(guard, listener)
        log.info("http.listening", address=str(address))

    def stop(self) -> None:
        """Close every connection and end; requests that are being answered are waited for a few seconds."""
        running, self._running = self._running, None
        if running is None or self.settings.listen is None:
            return
        running.stop()
        if isinstance(self.settings.listen, UnixAddress):
            self.settings.listen.path.unlink(missing_ok=True)
        log.info("http.stopped", address=str(self.settings.listen))

    @property
    def fault(self) -> Mapping[str, str] | None:
        """Why nothing is served though it should be: ``address`` and ``reason``; null where all is well."""
        return None if self._fault is None else {"address": str(self.settings.listen), "reason": self._fault}

    @property
    def port(self) -> int | None:
        """The TCP port in use; null where there is none."""
        return None if self._running is None else self._running.port


class _Running:
    """One waitress server and the thread of its loop."""

    def __init__(self, guard: Guard, listener: socket.socket) -> None:
        where = listener.getsockname()
        self.port: int | None = where[1] if isinstance(where, tuple) else None
        # What the loop looks after, by descriptor. Any, since the stubs are wrong about it and the server.
        self._map: dict[int, Any] = {}
        self._server: Any = create_server(
            guard,
            map=self._map,
            sockets=[listener],
            threads=THREADS,
            ident=None,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=CLEANUP_SECONDS,
            asyncore_use_poll=True,  # select() knows no descriptor above 1023
            max_request_header_size=LARGEST_REQUEST,
            max_request_body_size=LARGEST_REQUEST,
            clear_untrusted_proxy_headers=True,
        )
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.task_dispatcher.shutdown(timeout=STOP_SECONDS)
        self._server.trigger.pull_trigger(self._let_go)
        self._thread.join(STOP_SECONDS)
        self._server.trigger.close()

    def _let_go(self) -> None:
        """In the loop's own thread: with nothing left to look after, it ends.

        The trigger stays open until then: it may still be written to by whoever has just pulled it, and by that time
        its descriptor must not be somebody else's.
        """
        for served in list(self._map.values()):
            with contextlib.suppress(OSError):
                if served is self._server:
                    wasyncore.dispatcher.close(served)  # its own would close the trigger too
                elif served is not self._server.trigger:
                    served.close()
        self._map.clear()


def _reason(fault: OSError) -> str:
    """The system's words; the address, which Python adds to them, is told anyway."""
    if fault.errno is None or isinstance(fault, socket.gaierror):
        return fault.strerror or str(fault)
    return os.strerror(fault.errno)
