"""Alerting on a journal of its own, by a configuration that was read from files."""

from pathlib import Path

from baikaldoc_pos.alerts import Alerts, Observed
from baikaldoc_pos.config import Configuration, load_configuration
from baikaldoc_pos.journal import CycleCounts, Journal, RetryEntry
from baikaldoc_pos.model import Answer, Outcome, Rubric
from baikaldoc_pos.state import LastError

from tests.clocks import ManualClock
from tests.unit.config.files import valid, write

ADMIN = "admin@example.org"
OTHER = "other@example.org"
FINE = Observed(cycle_ended=True)


def section(port: int, **changes: object) -> dict:
    return {
        "recipients": [ADMIN],
        "sender": "pos@example.org",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "timeoutSeconds": 2,
        "hostName": "pos-1",
        **changes,
    }


def configured(directory: Path, alerts: dict) -> Configuration:
    directory.mkdir(parents=True, exist_ok=True)
    return load_configuration(write(directory, valid() | {"service": {"alerts": alerts}}), {})


class Installed:
    """One service's alerting; :meth:`restart` is what a restart of the process does to it."""

    def __init__(self, root: Path, port: int, **changes: object) -> None:
        self.root = root
        self.clock = ManualClock()
        self.configuration = configured(root / "config", section(port, **changes))
        self.restart()

    def restart(self) -> None:
        if hasattr(self, "journal"):
            self.journal.close()
        self.journal = Journal.open(self.root / "state", self.clock)
        self.alerts = Alerts(self.journal, lambda: self.configuration, self.clock)

    def reconfigure(self, port: int, **changes: object) -> None:
        self.configuration = configured(self.root / "config", section(port, **changes))

    def tick(self, observed: Observed = FINE, **passed: float):
        """Time passes, the service looks, and delivers what is due."""
        self.clock.advance(**passed)
        self.alerts.review(observed)
        return self.alerts.deliver()

    def cycle(self, error: str | None = None) -> None:
        id_ = self.journal.begin_cycle("regular", None)
        self.journal.finish_cycle(id_, CycleCounts(), (error, {}) if error else None)

    def refuse(self, count: int, attempts: int = 3, first: int = 1, message: str = "Карточка заблокирована") -> None:
        now = self.clock.now()
        self.journal.schedule_retries(
            [
                RetryEntry(isn, isn * 10, f"А-{isn}/26", attempts, now, now, Answer(Outcome.REFUSED, message, "E-7"))
                for isn in range(first, first + count)
            ]
        )

    def unmapped(self, status: str, *isns: int) -> None:
        rubrics = [Rubric(isn, isn * 10, f"Б-{isn}/26", status, None) for isn in isns]
        self.journal.remember_unmapped(rubrics, self.clock.now())

    def trouble(self, event: str, **fields: object) -> Observed:
        return Observed(cycle_ended=True, trouble=LastError(event, fields, self.clock.now()))
