"""What is counted while the process lives: requests, sign-ins, cycles, records. And the text of all metrics."""

import platform

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

from baikaldoc_pos import __version__
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.delo import RequestReport
from baikaldoc_pos.model import Outcome
from baikaldoc_pos.monitoring.exposition import CONTENT_TYPE, exposition
from baikaldoc_pos.monitoring.metrics_sources import MetricsSources
from baikaldoc_pos.monitoring.scraped_metrics import ScrapedMetrics
from baikaldoc_pos.monitoring.session_age import SessionAge
from baikaldoc_pos.sync import CycleReport

_NAMESPACE = "baikaldoc_pos"
_REQUEST_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
# What is known of labels beforehand: the requests there are, and how they usually end.
REQUEST_KINDS = (
    *("sign_in", "sign_out", "KeepAlive"),
    *("PendingRubrics", "WindowRubrics", "RubricsByIsn", "UpdateRubrics"),
)
_REQUEST_OUTCOMES = ("200", "fault")
_SIGN_IN_OUTCOMES = ("200", "401", "fault")
_CYCLE_RESULTS = ("success", "failure")
_CYCLE_SECONDS = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)


class Metrics:
    """All metrics of one service. May be used from several threads.

    :param sources: what is looked up at each scrape.
    """

    def __init__(self, sources: MetricsSources, clock: Clock) -> None:
        self._sources = sources
        self._session = SessionAge(clock)
        self._registry = CollectorRegistry()
        self._requests = self._counter("requests", "HTTP exchanges with ДЕЛО.", ["kind", "outcome"])
        self._request_seconds = Histogram(
            "request_duration_seconds",
            "How long an HTTP exchange with ДЕЛО took.",
            ["kind", "outcome"],
            namespace=_NAMESPACE,
            registry=self._registry,
            buckets=_REQUEST_SECONDS,
        )
        self._received = self._counter("received_bytes", "Bytes of ДЕЛО's answers.", ["kind"])
        self._sign_ins = self._counter("sign_ins", "Attempts to sign in to ДЕЛО, by HTTP status.", ["outcome"])
        self._records = self._counter("records", "Records written or tried, by outcome.", ["outcome", "target"])
        self._cycle_seconds = Histogram(
            "cycle_duration_seconds",
            "How long a cycle took.",
            ["result"],
            namespace=_NAMESPACE,
            registry=self._registry,
            buckets=_CYCLE_SECONDS,
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

    def exposition(self) -> tuple[str, bytes]:
        """The content type, and all metrics as text."""
        self._begin_at_zero()
        return CONTENT_TYPE, exposition(self._registry, {"server": self._sources.server()})

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
