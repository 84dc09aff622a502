"""A Metrics with something of everything in it, and its text parsed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import define, field
from baikaldoc_pos.delo import RequestReport
from baikaldoc_pos.errors import DeloUnavailable
from baikaldoc_pos.journal import CycleCounts, Journal, JournalReader
from baikaldoc_pos.model import Outcome, Period
from baikaldoc_pos.monitoring import Metrics, MetricsSources
from baikaldoc_pos.state import ServiceState
from baikaldoc_pos.sync import CycleKind, CycleReport
from prometheus_client.parser import text_string_to_metric_families

from tests.clocks import ManualClock

NOW = datetime(2026, 10, 15, 4, 0, tzinfo=UTC)


@define
class Exported:
    """The metrics of a service that tests can change."""

    metrics: Metrics
    journal: Journal
    clock: ManualClock
    last_success: datetime | None = NOW
    paused: bool = False
    targets: set[str] = field(factory=lambda: {"Завершено"})
    alerts: dict[str, bool] = field(factory=lambda: {"unmapped": True, "delo_unavailable": False})

    def samples(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """Values by name and labels; ``server``, which every sample has, is checked and left out."""
        _, text = self.metrics.exposition()
        found = {}
        for family in text_string_to_metric_families(text.decode()):
            for sample in family.samples:
                labels = dict(sample.labels)
                assert labels.pop("server") == "delo:443"
                key = sample.name.removeprefix("baikaldoc_pos_"), tuple(sorted(labels.items()))
                assert key not in found
                found[key] = sample.value
        return found

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples().get((name, tuple(sorted(labels.items()))))

    def names(self) -> set[str]:
        return {f"baikaldoc_pos_{name}" for name, _ in self.samples()}


def report(seconds: float = 2.0, *, failed: bool = False) -> CycleReport:
    return CycleReport(
        kind=CycleKind.REGULAR,
        cycle_id=1,
        period=Period(NOW, NOW),
        started_at=NOW,
        counts=CycleCounts(),
        targets={("Завершено", Outcome.UPDATED): 5, ("Завершено", Outcome.REFUSED): 2},
        unmapped=(),
        error=DeloUnavailable("timed out", "delo") if failed else None,
        seconds=seconds,
    )


def request(kind: str = "ReadRubrics", outcome: str = "200", seconds: float = 0.2) -> RequestReport:
    return RequestReport(kind, outcome, seconds, 1000)


@pytest.fixture
def exported(tmp_path: Path) -> Iterator[Exported]:
    clock = ManualClock(NOW)
    with Journal.open(tmp_path, clock) as journal:
        reader = JournalReader.open(tmp_path)
        assert reader is not None
        with reader:
            sources = MetricsSources(
                journal=reader,
                state=lambda: ServiceState(last_success=made.last_success, paused_until=NOW if made.paused else None),
                alerts=lambda: made.alerts,
                server=lambda: "delo:443",
                targets=lambda: made.targets,
                mask=str,
            )
            made = Exported(Metrics(sources, clock), journal, clock)
            yield made
