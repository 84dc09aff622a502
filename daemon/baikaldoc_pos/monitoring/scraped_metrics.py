"""The metrics that are looked up at each scrape: last success, pause, retries, unmapped rubrics, session, alerts."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from attrs import frozen
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.model import UnmappedStatus
from baikaldoc_pos.monitoring.metrics_sources import MetricsSources
from baikaldoc_pos.monitoring.session_age import SessionAge

# ССТУ statuses come from the server, and each is a time series for ever: the rarest share one.
MOST_STATUSES = 50
OTHERS = "…"


@frozen
class ScrapedMetrics(Collector):
    """Looks everything up anew. A journal that cannot be read is told by a metric; the rest is still there."""

    sources: MetricsSources
    session: SessionAge
    clock: Clock

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield from self._success()
        yield _gauge("paused", "Whether writing is paused (1) or not (0).", float(self.sources.paused()))
        yield from self._session()
        yield _labelled(
            "alert_active", "Whether an alert of this kind is open (1) or not (0).", "alert", self._alerts()
        )
        try:
            families = list(self._journal())
        except JournalUnavailable:
            families = []
        yield _gauge("journal_readable", "Whether the journal could be read (1) or not (0).", float(bool(families)))
        yield from families

    def _success(self) -> Iterable[GaugeMetricFamily]:
        at = self.sources.last_success()
        yield _gauge(
            "last_success_timestamp_seconds",
            "When the last successful cycle ended, in seconds since 1970; 0 where there has been none.",
            at.timestamp() if at else 0.0,
        )
        if at is not None:
            yield _gauge(
                "last_success_age_seconds",
                "Seconds since the last successful cycle ended; absent where there has been none.",
                _age(at, self.clock.now()),
            )

    def _session(self) -> Iterable[GaugeMetricFamily]:
        age = self.session.seconds
        yield _gauge("session_active", "Whether there is a session with ДЕЛО (1) or not (0).", float(age is not None))
        if age is not None:
            yield _gauge("session_age_seconds", "Seconds since the session was opened or taken over.", age)

    def _alerts(self) -> Mapping[str, float]:
        return {kind: float(is_open) for kind, is_open in sorted(self.sources.alerts().items())}

    def _journal(self) -> Iterable[GaugeMetricFamily]:
        journal = self.sources.journal
        yield _gauge("open_retries", "Rubrics on the retry list.", journal.count_retries())
        yield _gauge("open_changes", "Changes whose outcome is not known yet.", journal.count_open_changes())
        yield _labelled(
            "unmapped_rubrics",
            "Rubrics whose ССТУ status the mapping does not know, by status.",
            "status",
            _by_status(journal.unmapped_summary(), self.sources.mask),
        )


def _age(at: datetime, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds())


def _by_status(statuses: Sequence[UnmappedStatus], mask: Callable[[str], str]) -> Mapping[str, float]:
    counts: Counter[str] = Counter()
    for position, status in enumerate(statuses):
        # Added up, since two statuses may be one without what was masked; a series that is there twice spoils all.
        counts[mask(status.status) if position < MOST_STATUSES else OTHERS] += status.count
    return {label: float(count) for label, count in counts.items()}


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"baikaldoc_pos_{name}", meaning, value=value)


def _labelled(name: str, meaning: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"baikaldoc_pos_{name}", meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
