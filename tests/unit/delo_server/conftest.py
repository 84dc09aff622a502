"""A stand-in with twenty pending rubrics, and a client that is signed in."""

from collections.abc import Iterator

import pytest

from tests.delo_server import DeloServer, pending_rubrics
from tests.unit.delo_server.client import Client


@pytest.fixture
def server() -> Iterator[DeloServer]:
    with DeloServer(pending_rubrics(20)) as running:
        yield running


@pytest.fixture
def client(server: DeloServer) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.http.close()


@pytest.fixture
def isn(server: DeloServer) -> int:
    """The first rubric."""
    return server.store.rubrics()[0].isn
