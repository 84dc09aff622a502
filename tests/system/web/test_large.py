"""With 100,000 changes in the journal every page answers within a second, and without reading the whole of it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from baikaldoc_pos.journal import JournalReader
from baikaldoc_pos.monitoring import StatusSite
from baikaldoc_pos.state import ServiceState

from tests.clocks import ManualClock
from tests.system.web.conftest import NOW, SETTINGS, Client, Service
from tests.system.web.history import rubric, with_past, with_trouble

# Its journal takes a while to fill: once is enough.
pytestmark = pytest.mark.xdist_group("large journal")

ROWS = 100_000
SECONDS = 1.0
PATHS = ("/", "/search?q=А-1040000/26", "/search?q=1040000", "/search?q=nothing", "/healthz", "/metrics")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    directory: Path = tmp_path_factory.mktemp("large")
    with with_past(directory, NOW, per_day=176, days=30, times=25) as journal:
        with_trouble(journal, NOW)
        journal.remember_unmapped([rubric(n, status=f"Статус {n % 400}") for n in range(20_000)], NOW)
        reader = JournalReader.open(directory)
        assert reader is not None
        with reader:
            assert sum(day.count for day in reader.daily(NOW.replace(year=2020), SETTINGS.zone)) >= ROWS
            service = Service(journal, reader, ManualClock(NOW), ServiceState(last_success=NOW), {"ru": "—", "en": "—"})
            site = StatusSite(SETTINGS, service.sources())
            site.start()
            yield Client(site)
            site.stop()


@pytest.mark.parametrize("path", PATHS)
def test_pages_answer_within_a_second(client, path):
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        assert client.get(path).status_code == 200
        taken.append(time.perf_counter() - started)
    assert min(taken) < SECONDS


def test_pages_stay_small(client):
    for path in PATHS:
        assert len(client.get(path).content) < 200_000
