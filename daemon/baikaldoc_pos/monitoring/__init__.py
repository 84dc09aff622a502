"""What monitoring is told: the status page, ``/healthz`` and the metrics, over HTTP or as a file for node_exporter.

Read-only, and off unless an address is set. What is shown comes from the journal's reader and from the service.
"""

from baikaldoc_pos.monitoring.health import Health, HealthInput, Level, Reason, judge
from baikaldoc_pos.monitoring.metrics import Metrics, MetricsSources, Textfile
from baikaldoc_pos.monitoring.page import SiteSettings, SiteSources
from baikaldoc_pos.monitoring.server import StatusSite

__all__ = [
    "Health",
    "HealthInput",
    "Level",
    "Metrics",
    "MetricsSources",
    "Reason",
    "SiteSettings",
    "SiteSources",
    "StatusSite",
    "Textfile",
    "judge",
]
