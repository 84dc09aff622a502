"""The status page, the health check and the metrics over HTTP: read-only, off unless an address is set.

``StatusSite`` serves; what it shows comes from the journal's reader and from callables of the service. Decides
nothing but how well the service fares (``health``), and never writes.
"""

from baikaldoc_pos.web.health import Health, Level, Reason, Situation, judge
from baikaldoc_pos.web.settings import SiteSettings, SiteSources
from baikaldoc_pos.web.site import StatusSite

__all__ = [
    "Health",
    "Level",
    "Reason",
    "SiteSettings",
    "SiteSources",
    "Situation",
    "StatusSite",
    "judge",
]
