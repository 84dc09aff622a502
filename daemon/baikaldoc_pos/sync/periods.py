"""The periods of creation dates that a cycle walks, cut into windows. Pure.

A regular period reaches from the last bookmark, less an overlap, to now. It is walked in consecutive windows, oldest
first, whatever its length, so nothing in between is dropped. The lookback walks earlier windows again, because a
«Статус ССТУ» may come long after the rubric (docs/delo-api.md, "The life of an appeal").
"""

from datetime import datetime, timedelta
from enum import StrEnum

from attrs import frozen

from baikaldoc_pos.config import ProcessingConfig, ServiceConfig
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
    processing: ProcessingConfig,
    service: ServiceConfig,
    checkpoints: Checkpoints,
    now: datetime,
    asked: Period | None = None,
) -> CyclePlan:
    """Plan the next cycle.

    :param asked: a period from the command line; it goes before fixed dates, and these before the bookmark.
    """
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
    lookback_due = _is_lookback_due(service, checkpoints, now)
    earlier = _lookback(service, checkpoints, start, now, longest)
    return CyclePlan(
        CycleKind.REGULAR,
        split(Period(start, now), longest),
        lookback=earlier if lookback_due else (),
        search=(*reversed(split(Period(start, now), longest)), *reversed(earlier)),
        lookback_due=lookback_due,
        lost_bookmark=lost,
    )


def _is_lookback_due(service: ServiceConfig, checkpoints: Checkpoints, now: datetime) -> bool:
    # It is due without days to look back over, too: unmapped rubrics are processed again then.
    every = timedelta(minutes=service.lookback.every_minutes)
    return checkpoints.lookback is None or not timedelta(0) <= now - checkpoints.lookback < every


def _lookback(
    service: ServiceConfig, checkpoints: Checkpoints, start: datetime, now: datetime, longest: timedelta
) -> tuple[Period, ...]:
    """The windows before ``start``, but none before the first period that was ever walked."""
    earliest = max(checkpoints.origin or start, now - timedelta(days=service.lookback.days))
    return split(Period(earliest, start), longest) if earliest < start else ()
