"""The periods of creation dates that a cycle walks, cut into windows. Pure.

A regular period reaches from the last bookmark, less an overlap, to now. It is walked in consecutive windows, oldest
first, whatever its length, so nothing in between is dropped. The lookback walks earlier windows again, because a
«Статус ССТУ» may come long after the rubric (docs/delo-api.md, "The life of an appeal").
"""

from datetime import datetime, timedelta
from enum import StrEnum

from attrs import frozen

from baikaldoc_pos.config import Configuration
from baikaldoc_pos.model import Period


class CycleKind(StrEnum):
    """Why a cycle walks this period. The journal stores the values."""

    REGULAR = "regular"  # from the bookmark to now; moves the bookmark
    FIXED = "fixed"  # useFixedDates
    ASKED = "asked"  # once --from --to


@frozen
class Checkpoints:
    """The checkpoints of earlier cycles: see baikaldoc_pos.journal.Checkpoint."""

    bookmark: datetime | None = None
    origin: datetime | None = None
    lookback: datetime | None = None


@frozen
class CyclePlan:
    """The windows of one cycle, in the order in which they are walked.

    :param windows: the period itself.
    :param lookback: the earlier windows that are walked again; empty when no lookback is due.
    :param search: the windows of the period and of a lookback, due or not, the latest first.
    :param lookback_due: a lookback is due, with or without windows.
    :param lost_bookmark: the bookmark lies in the future and is not used.
    """

    kind: CycleKind
    windows: tuple[Period, ...]
    lookback: tuple[Period, ...] = ()
    search: tuple[Period, ...] = ()
    lookback_due: bool = False
    lost_bookmark: bool = False

    @property
    def period(self) -> Period:
        """From the first window's start to the last one's end."""
        return Period(self.windows[0].start, self.windows[-1].end)

    @property
    def moves_bookmark(self) -> bool:
        return self.kind is CycleKind.REGULAR


def split(period: Period, longest: timedelta) -> tuple[Period, ...]:
    """Consecutive windows of at most ``longest`` that cover the period without a gap; at least one."""
    windows = []
    start = period.start
    while period.end - start > longest:
        windows.append(Period(start, start + longest))
        start += longest
    windows.append(Period(start, period.end))
    return tuple(windows)


def plan_cycle(
    configuration: Configuration, checkpoints: Checkpoints, now: datetime, asked: Period | None = None
) -> CyclePlan:
    """Plan the next cycle.

    :param asked: a period from the command line; it goes before fixed dates, and these before the bookmark.
    """
    processing, lookback = configuration.processing, configuration.service.lookback
    longest = timedelta(days=processing.date_range.max_date_range_days)
    fixed = processing.fixed_period()
    if asked is not None:
        return CyclePlan(CycleKind.ASKED, split(asked, longest), search=split(asked, longest))
    if fixed is not None:
        return CyclePlan(CycleKind.FIXED, split(fixed, longest), search=split(fixed, longest))

    # Before the first bookmark the start stays where the first cycle began, however many cycles fail.
    origin = checkpoints.origin
    start = origin if origin is not None and checkpoints.bookmark is None and origin < now else now - longest
    lost = False
    if checkpoints.bookmark is not None:
        after_bookmark = checkpoints.bookmark - timedelta(minutes=processing.overlap_minutes)
        # A bookmark in the future comes from a wrong clock; what it skipped is not known.
        lost = after_bookmark > now
        start = start if lost else after_bookmark

    # A lookback is due without windows, too: it processes unmapped rubrics again.
    every = timedelta(minutes=lookback.every_minutes)
    due = checkpoints.lookback is None or not timedelta(0) <= now - checkpoints.lookback < every
    # It walks the windows before ``start``, but none before the first period that was ever walked.
    earliest = max(origin or start, now - timedelta(days=lookback.days))
    windows = split(Period(start, now), longest)
    earlier = split(Period(earliest, start), longest) if earliest < start else ()
    return CyclePlan(
        CycleKind.REGULAR,
        windows,
        lookback=earlier if due else (),
        search=(*reversed(windows), *reversed(earlier)),
        lookback_due=due,
        lost_bookmark=lost,
    )
