"""What monitoring systems are told: counters of the running process, and what the journal and the state say.

Names follow Prometheus's conventions under the prefix ``baikaldoc_pos``. Every registry is an object of its own.
Served by ``web``, or written as a file for node_exporter; knows neither of HTTP nor of the service.
"""

from baikaldoc_pos.metrics.counters import Metrics
from baikaldoc_pos.metrics.sources import MetricsSources
from baikaldoc_pos.metrics.textfile import Textfile

__all__ = ["Metrics", "MetricsSources", "Textfile"]
