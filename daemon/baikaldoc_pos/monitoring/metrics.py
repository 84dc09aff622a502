"""The metrics: what is counted, what is looked up at each scrape, and their text over HTTP or in a file."""

import os
import platform
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from attrs import frozen
from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    Metric,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from baikaldoc_pos import __version__
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.delo import RequestReport
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import Completeness, JournalReader, last_completeness
from baikaldoc_pos.model import Outcome, UnmappedStatus
from baikaldoc_pos.state import ServiceState
from baikaldoc_pos.sync import CycleReport

_CREATED = "_created"  # when a counter began: of no use to anybody here, and a series each
_DONE = "200"
# ССТУ statuses come from the server, and each is a time series for ever: the rarest share one.
MOST_STATUSES = 50
OTHERS = "…"
_NAMESPACE = "baikaldoc_pos"
_REQUEST_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
# What is known of labels beforehand: the requests there are, and how they usually end.
REQUEST_KINDS = (
    *("sign_in", "sign_out", "KeepAlive"),
    *("PendingRubrics", "NullRubrics", "EmptyRubrics", "WindowRubrics", "WaitingRubrics"),
    *("RubricsByIsn", "RubricsByStatuses", "RubricCounts", "UpdateRubrics", "ServerProbe", "Introspection"),
)
_REQUEST_OUTCOMES = ("200", "fault")
_SIGN_IN_OUTCOMES = ("200", "401", "fault")
_CYCLE_RESULTS = ("success", "failure")
_CYCLE_SECONDS = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
log = EventLog(__name__)

MODE = 0o644  # node_exporter runs under an account of its own


@frozen
class Labelled(Collector):
    """The metrics of a registry with these labels on each sample."""

    registry: CollectorRegistry
    labels: Mapping[str, str]

    def collect(self) -> Iterable[Metric]:
        for metric in self.registry.collect():
            metric.samples = [
                sample._replace(labels={**sample.labels, **self.labels})
                for sample in metric.samples
                if not sample.name.endswith(_CREATED)
            ]
            yield metric


class SessionAge:
    """Follows signing in and out. A session that was taken over from an earlier process counts from then on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None

    def observe(self, report: RequestReport) -> None:
        if report.kind == "sign_out":
            self._since = None
        elif report.outcome == _DONE and (report.kind == "sign_in" or self._since is None):
            self._since = self._clock.monotonic()

    @property
    def seconds(self) -> float | None:
        """Its age; null where there is none."""
        since = self._since
        return None if since is None else self._clock.monotonic() - since


@frozen
class MetricsSources:
    """Callables, since each scrape wants the present value. They are called from the server's threads.

    :param journal: the retry list, unmapped rubrics and open changes.
    :param state: the present state of the service.
    :param alerts: every kind of alert, and whether it is open.
    :param targets: the ПОС statuses that the configuration knows.
    :param mask: takes the configured secrets out of a text.
    :param server: ДЕЛО's host, a label of every sample, by which the instances on one host are told apart.
    """

    journal: JournalReader
    state: Callable[[], ServiceState]
    alerts: Callable[[], Mapping[str, bool]]
    server: Callable[[], str]
    targets: Callable[[], Collection[str]]
    mask: Callable[[str], str]


@frozen
class ScrapedMetrics(Collector):
    """Looks everything up anew. A journal that cannot be read is told by a metric; the rest is still there."""

    sources: MetricsSources
    session: SessionAge
    clock: Clock

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield from self._success()
        yield _gauge(
            "paused", "Whether writing is paused (1) or not (0).", float(self.sources.state().paused_until is not None)
        )
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
        at = self.sources.state().last_success
        yield _gauge(
            "last_success_timestamp_seconds",
            "When the last successful cycle ended, in seconds since 1970; 0 where there has been none.",
            at.timestamp() if at else 0.0,
        )
        if at is not None:
            yield _gauge(
                "last_success_age_seconds",
                "Seconds since the last successful cycle ended; absent where there has been none.",
                max(0.0, (self.clock.now() - at).total_seconds()),
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
            _by_status(journal.unmapped_summary(examples=0), self.sources.mask),
        )
        _, profile = journal.known_server()
        if profile is not None:
            yield _labelled(
                "follows_by", "How rubrics with outdated statuses are found.", "way", {profile.follows_by: 1.0}
            )
        yield from _completeness(last_completeness(journal))


def _completeness(last: Completeness | None) -> Iterable[GaugeMetricFamily]:
    """The numbers of the last count; nothing before the first one."""
    if last is None:
        return
    counts = {"with_pos": last.sum.with_pos, **last.reasons}
    yield _labelled(
        "rubrics",
        "Rubrics of the lookback's time: with a ПОС status, and without one by the reason.",
        "state",
        {state: float(count) for state, count in counts.items()},
    )
    yield _gauge("late_rubrics", "Rubrics that have waited for longer than alerts.waitingDays.", last.late)
    yield _gauge("rubrics_counted_timestamp_seconds", "When they were counted.", last.counted_at.timestamp())


def _by_status(statuses: Sequence[UnmappedStatus], mask: Callable[[str], str]) -> Mapping[str, float]:
    counts: dict[str, float] = {}
    for position, status in enumerate(statuses):
        # Added up, since two statuses may be one without what was masked; a series that is there twice spoils all.
        label = mask(status.status) if position < MOST_STATUSES else OTHERS
        counts[label] = counts.get(label, 0.0) + status.count
    return counts


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"baikaldoc_pos_{name}", meaning, value=value)


def _labelled(name: str, meaning: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"baikaldoc_pos_{name}", meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


class Metrics:
    """All metrics of one service. May be used from several threads.

    :param sources: what is looked up at each scrape.
    """

    def __init__(self, sources: MetricsSources, clock: Clock) -> None:
        self._sources = sources
        self._session = SessionAge(clock)
        self._registry = CollectorRegistry()
        self._requests = self._counter("requests", "HTTP exchanges with ДЕЛО.", ["kind", "outcome"])
        self._request_seconds = self._histogram(
            "request_duration_seconds", "How long an HTTP exchange with ДЕЛО took.", _REQUEST_SECONDS, "kind", "outcome"
        )
        self._received = self._counter("received_bytes", "Bytes of ДЕЛО's answers.", ["kind"])
        self._sign_ins = self._counter("sign_ins", "Attempts to sign in to ДЕЛО, by HTTP status.", ["outcome"])
        self._records = self._counter("records", "Records written or tried, by outcome.", ["outcome", "target"])
        self._cycle_seconds = self._histogram(
            "cycle_duration_seconds", "How long a cycle took.", _CYCLE_SECONDS, "result"
        )
        self._last_cycle_seconds = Gauge(
            "last_cycle_duration_seconds",
            "How long the last cycle took.",
            namespace=_NAMESPACE,
            registry=self._registry,
        )
        build = Info("build", "The program's version.", namespace=_NAMESPACE, registry=self._registry)
        build.info({"version": __version__, "python_version": platform.python_version()})
        # With the prefix: node_exporter has series of its own by the plain names, and would refuse the whole file.
        ProcessCollector(namespace=_NAMESPACE, registry=self._registry)
        self._registry.register(ScrapedMetrics(sources, self._session, clock))

    def observe(self, report: RequestReport) -> None:
        """Count one exchange with ДЕЛО."""
        self._session.observe(report)
        self._requests.labels(report.kind, report.outcome).inc()
        self._request_seconds.labels(report.kind, report.outcome).observe(report.seconds)
        self._received.labels(report.kind).inc(report.received)
        if report.kind == "sign_in":
            self._sign_ins.labels(report.outcome).inc()

    def cycle_finished(self, report: CycleReport) -> None:
        """Count one cycle and its records."""
        result = "success" if report.error is None else "failure"
        self._cycle_seconds.labels(result).observe(report.seconds)
        self._last_cycle_seconds.set(report.seconds)
        for (target, outcome), count in report.targets.items():
            self._records.labels(outcome.value, target).inc(count)

    def exposition(self, **labels: str) -> tuple[str, bytes]:
        """The content type, and all metrics as text.

        :param labels: what every series carries besides the server.
        """
        self._begin_at_zero()
        every = {"server": self._sources.server(), **labels}
        return CONTENT_TYPE_PLAIN_0_0_4, generate_latest(Labelled(self._registry, every))

    def _begin_at_zero(self) -> None:
        """Have every series there before it counts: of one that is born at 1000, Prometheus sees no increase."""
        for kind in REQUEST_KINDS:
            self._received.labels(kind)
            for outcome in _REQUEST_OUTCOMES:
                self._requests.labels(kind, outcome)
        for outcome in _SIGN_IN_OUTCOMES:
            self._sign_ins.labels(outcome)
        for result in _CYCLE_RESULTS:
            self._cycle_seconds.labels(result)
        for target in self._sources.targets():
            for each in Outcome:
                self._records.labels(each.value, target)

    def _counter(self, name: str, meaning: str, labels: list[str]) -> Counter:
        return Counter(name, meaning, labels, namespace=_NAMESPACE, registry=self._registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, meaning, labels, namespace=_NAMESPACE, registry=self._registry, buckets=buckets)


class Textfile:
    """Replaces the file as a whole, so that nobody ever reads half of it.

    :param path: the file; its directory must exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fault: str | None = None

    def write(self, content: bytes) -> None:
        """Put this in place of what was there. A failure is logged, once for each reason, and never raised."""
        try:
            self._replace(content)
        except OSError as fault:
            reason = fault.strerror or type(fault).__name__
            if reason != self._fault:
                log.warning("metrics.textfile_failed", path=str(self.path), reason=reason)
            self._fault = reason
            return
        if self._fault is not None:
            log.info("metrics.textfile_works", path=str(self.path))
        self._fault = None

    def _replace(self, content: bytes) -> None:
        # Its name must not end as the file's does, or the collector reads it too.
        descriptor, temporary = tempfile.mkstemp(prefix=f".{self.path.name}.", suffix=".tmp", dir=self.path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), MODE)
                file.write(content)
            Path(temporary).replace(self.path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
