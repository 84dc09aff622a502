"""Transports to a stand-in, and its TLS."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from baikaldoc_pos.config import ConnectionConfig
from baikaldoc_pos.config.types import Secret
from baikaldoc_pos.delo.transport import HttpTransport, RequestReport

from tests.certificates import Authority
from tests.delo_server import PASSWORD, USER

Connect = Callable[..., HttpTransport]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Path:
    """That of the authority behind ``tls``."""
    return authority.ca


@pytest.fixture(scope="session")
def tls(authority: Authority) -> ssl.SSLContext:
    return authority.server()


def connection_to(base: str, **settings: Any) -> ConnectionConfig:
    """The configuration of a connection to a stand-in at this address; the proxy may be given as text."""
    proxy = settings.pop("proxy", None)
    defaults = {"connect_timeout": 5, "read_timeout": 5, "username": USER, "password": Secret(PASSWORD)}
    return ConnectionConfig(
        login_url=f"{base}/CoreHost/identity/api/login",
        logout_url=f"{base}/CoreHost/identity/api/logout",
        graphql_endpoint=f"{base}/CoreHost/gql/query",
        proxy=Secret(proxy) if proxy else None,
        **(defaults | settings),
    )


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes transports: ``connect(base, request_seconds=…, observe=…, **settings of the connection)``."""
    with ExitStack() as stack:

        def make(
            base: str,
            request_seconds: float = 10,
            observe: Callable[[RequestReport], None] = lambda report: None,
            stopping: Callable[[], bool] = lambda: False,
            **settings: Any,
        ) -> HttpTransport:
            transport = HttpTransport(connection_to(base, **settings), request_seconds, observe, stopping)
            return stack.enter_context(closing(transport))

        yield make
