"""The site as something that is started and stopped: waitress in threads of its own, beside the service's work."""

import contextlib
import os
import socket
import threading
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.monitoring.app import Site
from baikaldoc_pos.monitoring.hosts import Hosts
from baikaldoc_pos.monitoring.middleware import Guard
from baikaldoc_pos.monitoring.pages import Pages
from baikaldoc_pos.monitoring.settings import SiteSettings, SiteSources
from baikaldoc_pos.monitoring.sockets import listen_on, remove_leftover

log = EventLog(__name__)

THREADS = 4
# Half a request costs little, so there is room for many; and it is soon given up, so that even a crowd of them keeps a
# health probe waiting for seconds only.
CONNECTIONS = 250
IDLE_SECONDS = 5
CLEANUP_SECONDS = 1
LARGEST_REQUEST = 16 * 1024  # bytes, of the head as of a body that nobody asked for
STOP_SECONDS = 5


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
        remove_leftover(self.settings.listen)
        log.info("http.stopped", address=str(self.settings.listen))

    @property
    def fault(self) -> str | None:
        """Why nothing is served though it should be: the address with the reason; null where all is well."""
        return None if self._fault is None else f"{self.settings.listen}: {self._fault}"

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
