"""A registry as text, every sample with one more label."""

from collections.abc import Iterable, Mapping

from attrs import frozen
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_CREATED = "_created"  # when a counter began: of no use to anybody here, and a series each


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


def exposition(registry: CollectorRegistry, labels: Mapping[str, str]) -> bytes:
    """The text format of Prometheus (``CONTENT_TYPE``)."""
    return generate_latest(Labelled(registry, labels))
