"""What the front page shows, gathered from the journal and the service in one go."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from attrs import frozen

from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.journal import Checkpoint, Cycle, RetryEntry
from baikaldoc_pos.model import UnmappedStatus
from baikaldoc_pos.monitoring.chart import DAYS, Bar, Day, bars, days_until, label_size
from baikaldoc_pos.monitoring.health import Health, Waiting, judge, unreadable
from baikaldoc_pos.monitoring.settings import SiteSettings, SiteSources

CYCLES = 12
RETRIES = 15
STATUSES = 15


@frozen
class Overview:
    """The front page's figures.

    :param retries: the next so many of the ``retry_count`` on the list.
    :param unmapped: the most frequent of the ``status_count`` statuses; ``unmapped_count`` is the rubrics of all.
    :param bookmark: up to when everything has been read.
    """

    days: Sequence[Day]
    bars: Sequence[Bar]
    label_size: float
    cycles: Sequence[Cycle]
    retries: Sequence[RetryEntry]
    retry_count: int
    unmapped: Sequence[UnmappedStatus]
    status_count: int
    unmapped_count: int
    open_changes: int
    bookmark: datetime | None

    @property
    def today(self) -> Day:
        return self.days[-1]


def health_of(settings: SiteSettings, sources: SiteSources) -> Health:
    """The verdict on the service at this moment."""
    try:
        waiting = Waiting(sources.journal.count_retries(), sources.journal.count_unmapped())
        situation = sources.situation()
    except JournalUnavailable as fault:
        return unreadable(fault.event, fault.fields)
    return judge(situation, waiting, sources.clock.now(), settings.late_after)


def overview(settings: SiteSettings, sources: SiteSources) -> Overview:
    """The front page's figures at this moment.

    :raises JournalUnavailable: the journal cannot be read.
    """
    journal = sources.journal
    today = sources.clock.now().astimezone(settings.zone).date()
    first = datetime.combine(today - timedelta(days=DAYS - 1), time(), settings.zone)
    days = days_until(today, journal.daily(first, settings.zone))
    unmapped = journal.unmapped_summary()
    return Overview(
        days=days,
        bars=bars(days),
        label_size=label_size(days),
        cycles=journal.last_cycles(CYCLES),
        retries=journal.next_retries(RETRIES),
        retry_count=journal.count_retries(),
        unmapped=unmapped[:STATUSES],
        status_count=len(unmapped),
        unmapped_count=sum(status.count for status in unmapped),
        open_changes=journal.count_open_changes(),
        bookmark=journal.checkpoint(Checkpoint.BOOKMARK),
    )
