"""A site that runs on a port of its own over a journal with a past, and what the service would tell it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import requests
from attrs import define, evolve
from baikaldoc_pos.config import TcpAddress
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import Journal, JournalReader
from baikaldoc_pos.monitoring import HealthInput, SiteSettings, SiteSources, StatusSite
from baikaldoc_pos.state import ServiceState

from tests.clocks import ManualClock
from tests.system.web.history import with_past
from tests.system.web.reported import installed, reported

__all__ = ["installed", "reported"]

NOW = datetime(2026, 10, 15, 4, 0, tzinfo=UTC)
SETTINGS = SiteSettings(
    listen=TcpAddress("127.0.0.1", 0),
    allowed_hosts=("pos.example.org",),
    language="ru",
    zone=timezone(timedelta(hours=8)),
    late_after=timedelta(hours=1),
)


@define
class Service:
    """What the tests can change while the site runs."""

    journal: Journal
    reader: JournalReader
    clock: ManualClock
    state: ServiceState
    sentence: dict[str, str]
    metrics: tuple[str, bytes] = ("text/plain; version=0.0.4", b"up 1\n")

    def sources(self) -> SiteSources:
        return SiteSources(
            self.reader, self.clock, self._sentence, lambda: HealthInput(self.state), lambda: self.metrics, mask=str
        )

    def fares(self, **changes: object) -> None:
        self.state = evolve(self.state, **changes)

    def _sentence(self, text: Catalogue) -> str:
        return self.sentence[text.language]


@define
class Client:
    """Asks the site; paths as they are typed."""

    site: StatusSite

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.site.port}{path}"

    def get(self, path: str, method: str = "GET", **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(method, self.url(path), headers=named, timeout=10, allow_redirects=False)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with with_past(tmp_path / "state", NOW, per_day=8, days=2) as journal:
        reader = JournalReader.open(tmp_path / "state")
        assert reader is not None
        with reader:
            sentence = {"ru": "Следующий цикл: 12:06.", "en": "Next cycle: 12:06."}
            yield Service(
                journal, reader, ManualClock(NOW), ServiceState(last_success=NOW - timedelta(minutes=4)), sentence
            )


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    site = StatusSite(SETTINGS, service.sources())
    site.start()
    yield Client(site)
    site.stop()
