"""The stand-in of ДЕЛО as a server: ``with DeloServer(rubrics) as server:`` and speak to ``server.url``."""

import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import TracebackType
from typing import Self

from tests.delo_server.application import Application, Hook
from tests.delo_server.data import Store, StoredRubric
from tests.delo_server.faults import Faults
from tests.delo_server.handler import DeloHandler
from tests.delo_server.listener import Listener, bound
from tests.delo_server.messages import GRAPHQL, LOGIN, LOGOUT, Request
from tests.delo_server.sessions import Sessions
from tests.delo_server.traffic import Traffic

USER = "pos-service"
PASSWORD = "Не-пароль-1"


class DeloServer:
    """ДЕЛО on a port of its own.

    :param rubrics: what it holds at first.
    :param port: 0 for any free one; it stays the same while the server goes down and comes up.
    :param accounts: passwords by user name; one account, USER with PASSWORD, by default.
    :param tls: where given, https with this context.
    :param clock: the monotonic clock by which idle sessions end.
    """

    def __init__(
        self,
        rubrics: Iterable[StoredRubric] = (),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        accounts: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        max_page_size: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        sessions = Sessions(accounts if accounts is not None else {USER: PASSWORD}, clock)
        self._application = Application(Store(rubrics), sessions, max_page_size=max_page_size, secure=tls is not None)
        self._tls = tls
        self._crashes: list[BaseException] = []
        self._reserved = bound(host, port)
        self.host: str = host
        self.port: int = self._reserved.getsockname()[1]
        self._listener: Listener | None = None
        self._stopped: list[Listener] = []
        self._life = threading.Lock()

    # --- What it holds and what it has seen ---

    @property
    def store(self) -> Store:
        return self._application.store

    @property
    def sessions(self) -> Sessions:
        """Sessions, their rules and counts."""
        return self._application.sessions

    @property
    def faults(self) -> Faults:
        """The switches."""
        return self._application.faults

    @property
    def traffic(self) -> Traffic:
        """Counters and the log of requests."""
        return self._application.traffic

    @property
    def log(self) -> tuple[Request, ...]:
        """The last requests, oldest first."""
        return tuple(self.traffic.log)

    @property
    def requests(self) -> int:
        return self.traffic.requests

    @property
    def bytes_sent(self) -> int:
        return self.traffic.bytes_sent

    @property
    def sign_ins(self) -> int:
        """Successful ones."""
        return sum(self.sessions.sign_ins.values())

    @property
    def failed_sign_ins(self) -> int:
        return sum(self.sessions.failed_sign_ins.values())

    # --- Addresses ---

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    @property
    def login_url(self) -> str:
        return self.url + LOGIN

    @property
    def logout_url(self) -> str:
        return self.url + LOGOUT

    @property
    def graphql_url(self) -> str:
        return self.url + GRAPHQL

    # --- Settings ---

    @property
    def max_page_size(self) -> int:
        return self._application.max_page_size

    @max_page_size.setter
    def max_page_size(self, limit: int) -> None:
        self._application.max_page_size = limit

    def on_request(self, hook: Hook | None) -> None:
        """Have every request shown to the hook on arrival, before faults and sessions are looked at."""
        self._application.on_request = hook

    def on_execute(self, hook: Hook | None) -> None:
        """Have every query of a valid session shown to the hook just before it is executed."""
        self._application.on_execute = hook

    def expire_sessions(self) -> None:
        self.sessions.expire_all()

    def wait_until(self, condition: Callable[[], bool], timeout: float = 10.0) -> None:
        """Wait for something to become true; raises TimeoutError."""
        if not self.traffic.wait_until(condition, timeout):
            raise TimeoutError(f"not in {timeout} s")

    # --- Life ---

    @property
    def is_up(self) -> bool:
        return self._listener is not None

    def come_up(self) -> None:
        """Listen (again); nothing where it listens already."""
        with self._life:
            if self._listener is None:
                handler = partial(DeloHandler, self._application)
                self._listener = Listener(self._reserved, handler, self._tls, self._crashes)

    def go_down(self) -> None:
        """Cut every connection and refuse new ones, as a crash does. Sessions live on; the port stays ours.

        A hook may call it: the requests in flight, its own among them, are executed to their end, unheard.
        """
        with self._life:
            listener, self._listener = self._listener, None
            if listener is None:
                return
            self._stopped.append(listener)
            listener.cut()
            self._reserved = bound(self.host, self.port)
        # Not under the lock, which a hook in one of these threads may want.
        listener.join()

    def close(self) -> None:
        """End for good; every thread has ended when this returns."""
        self.go_down()
        self._reserved.close()
        for listener in self._stopped:
            listener.join()  # one that a hook took down has not been waited for in full

    def __enter__(self) -> Self:
        self.come_up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()
        if error is None and self._crashes:
            raise ExceptionGroup("the stand-in has failed", [e for e in self._crashes if isinstance(e, Exception)])
