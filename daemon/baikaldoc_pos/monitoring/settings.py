"""What the site is given: its part of the configuration, and where its contents come from."""

from collections.abc import Callable
from datetime import timedelta, timezone

from attrs import frozen

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Configuration, ListenAddress
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import JournalReader
from baikaldoc_pos.monitoring.health import Situation

# A success this many intervals ago, and the time a cycle may take besides, is no hiccup any more.
LATE_INTERVALS = 3


@frozen
class SiteSettings:
    """What of the configuration the site depends on; where two of these are equal, it need not be started anew.

    :param listen: null means that nothing is served.
    :param allowed_hosts: names by which the site is called, besides its own address and the local ones.
    :param zone: in which instants are shown and days begin.
    :param late_after: how long after the last success the service counts as not working.
    """

    listen: ListenAddress | None
    allowed_hosts: tuple[str, ...]
    language: str
    zone: timezone
    late_after: timedelta

    @classmethod
    def of(cls, configuration: Configuration) -> "SiteSettings":
        service = configuration.service
        interval = timedelta(minutes=service.schedule.interval_minutes)
        return cls(
            listen=service.http.listen,
            allowed_hosts=service.http.allowed_hosts,
            language=service.language,
            zone=configuration.processing.zone,
            late_after=LATE_INTERVALS * interval + timedelta(minutes=service.limits.cycle_minutes),
        )


@frozen
class SiteSources:
    """Where the contents come from. The callables are called from the server's threads, at every request.

    :param sentence: the sentence that ``STATUS=`` has, in the language of the catalogue.
    :param situation: what the service knows of itself; may raise JournalUnavailable.
    :param metrics: the content type and the text of ``/metrics``.
    :param mask: takes the configured secrets out of a text.
    """

    journal: JournalReader
    clock: Clock
    sentence: Callable[[Catalogue], str]
    situation: Callable[[], Situation]
    metrics: Callable[[], tuple[str, bytes]]
    mask: Callable[[str], str]
