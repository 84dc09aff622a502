"""The service's reporting as a whole, on files of its own: what the world is told, whatever the service's state."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import requests
from attrs import define, evolve
from baikaldoc_pos.config import Configuration, Paths, load_configuration
from baikaldoc_pos.journal import Journal
from baikaldoc_pos.service.monitoring import Monitoring
from baikaldoc_pos.state import LastError, Phase, ServiceState

from tests.clocks import NOW, ManualClock
from tests.mail_server import free_port
from tests.unit.config.files import valid, write

PASSWORD = valid()["connection"]["password"]


@define
class Reported:
    """A running service's reporting; its state is whatever the tests say."""

    paths: Paths
    clock: ManualClock
    journal: Journal
    configuration: Configuration
    state: ServiceState
    reporting: Monitoring | None = None

    def fares(self, **changes: object) -> None:
        self.state = evolve(self.state, **changes)

    def fails(self, event: str, **fields: object) -> None:
        self.fares(problem=LastError(event, fields, self.clock.now()), cycle_ended=True)

    def configure(self, **service: object) -> None:
        self.configuration = load_configuration(write(self.paths.config, valid() | {"service": service}), {})

    def start(self) -> Monitoring:
        self.reporting = Monitoring(
            self.paths,
            self.journal,
            configuration=lambda: self.configuration,
            state=lambda: self.state,
            log_failures=lambda: (),
            clock=self.clock,
            progress=lambda: None,
            unit=None,
        )
        return self.reporting

    def get(self, path: str) -> requests.Response:
        return requests.get(f"http://{self.configuration.service.http.listen}{path}", timeout=10)

    def health(self) -> tuple[int, str, list[str]]:
        """The status, the level and the reasons of the health check."""
        answer = self.get("/healthz")
        said = json.loads(answer.text)
        return answer.status_code, said["level"], [reason["event"] for reason in said["reasons"]]


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Reported]:
    """Configured and not started."""
    paths = Paths(tmp_path / "config", tmp_path / "state", tmp_path / "logs")
    for path in (paths.config, paths.state, paths.logs):
        path.mkdir()
    write(paths.config, valid() | {"service": {"http": {"listen": f"127.0.0.1:{free_port()}"}}})
    clock = ManualClock()
    success: datetime = NOW
    state = ServiceState(phase=Phase.IDLE, last_success=success, cycle_ended=True)
    with Journal.open(paths.state, clock) as journal:
        yield Reported(paths, clock, journal, load_configuration(paths.config, {}), state)


@pytest.fixture
def reported(installed: Reported) -> Iterator[Reported]:
    """Started."""
    with installed.start():
        yield installed
