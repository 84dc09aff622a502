"""The periods of creation dates that a cycle walks, cut into windows. Pure.

A regular period reaches from the last bookmark, less an overlap, to now. It is walked in consecutive windows, oldest
first, whatever its length, so nothing in between is dropped. The lookback walks earlier windows again, because a
«Статус ССТУ» may come long after the rubric (docs/delo-api.md, "The life of an appeal").
"""

from datetime import datetime, timedelta
from enum import StrEnum

from attrs import frozen

from baikaldoc_pos.config import Configuration, ProcessingConfig
from baikaldoc_pos.model import Period

# Instants of earlier cycles that lie further ahead come from a wrong clock, then or now.
MOST_AHEAD = timedelta(days=1)


class CycleKind(StrEnum):
    """Why a cycle walks this period. The journal stores the values."""

    REGULAR = "regular"  # from the bookmark to now; moves the bookmark
    FIXED = "fixed"  # useFixedDates
    ASKED = "asked"  # once --from --to
    REMAP = "remap"  # no windows: what was written under an earlier mapping is written anew


@frozen
class Checkpoints:
    """The checkpoints of earlier cycles: see baikaldoc_pos.journal.Checkpoint."""

    bookmark: datetime | None = None
    origin: datetime | None = None
    lookback: datetime | None = None


@frozen
class CyclePlan:
    """The windows of one cycle, in the order in which they are walked.

    :param windows: the period itself, without what lies before ``limits.notBefore``.
    :param lookback: the earlier windows that are walked again; empty when no lookback is due.
    :param search: the windows of the period and of a lookback, due or not, the latest first.
    :param lookback_due: a lookback is due, with or without windows.
    :param followed: rubrics created then are looked at for changed ССТУ statuses.
    :param lost_bookmark: instants of earlier cycles lie so far in the future that the clock was wrong, then or now;
        they are not used.
    :param waits_until: the clock is a little behind this instant, which an earlier cycle has seen: nothing is done.
    """

    kind: CycleKind
    period: Period
    windows: tuple[Period, ...] = ()
    lookback: tuple[Period, ...] = ()
    search: tuple[Period, ...] = ()
    lookback_due: bool = False
    followed: Period | None = None
    lost_bookmark: bool = False
    waits_until: datetime | None = None

    @property
    def moves_bookmark(self) -> bool:
        return self.kind is CycleKind.REGULAR and self.waits_until is None


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
    processing = configuration.processing
    given = asked or processing.fixed_period()
    if given is not None:
        windows = _windows(processing, given)
        kind = CycleKind.FIXED if asked is None else CycleKind.ASKED
        followed = Period(windows[0].start, given.end) if windows and processing.follows else None
        return CyclePlan(kind, given, windows, search=windows, followed=followed)

    origin, bookmark = checkpoints.origin, checkpoints.bookmark
    resumed = None if bookmark is None else bookmark - timedelta(minutes=processing.overlap_minutes)
    known = [instant for instant in (origin, resumed) if instant is not None]
    seen = [instant for instant in known if instant - now <= MOST_AHEAD]
    lost = len(seen) < len(known)
    if seen and max(seen) > now:
        return CyclePlan(CycleKind.REGULAR, Period(now, now), waits_until=max(seen))
    # Before the first bookmark the start stays where the first cycle began, however many cycles fail.
    start = now - timedelta(days=processing.date_range.max_date_range_days)
    if seen:
        start = max(start, *seen) if lost else max(seen)
    return _with_lookback(configuration, checkpoints, Period(start, now), lost_bookmark=lost)


def plan_remap(configuration: Configuration, now: datetime, written: Period | None) -> CyclePlan:
    """Plan a cycle that writes anew what was written in a period, or ever, under an earlier mapping."""
    days = timedelta(days=configuration.service.lookback.days)
    period = written or Period(now - days, now)
    windows = _windows(configuration.processing, Period(period.start - days, now))
    return CyclePlan(CycleKind.REMAP, period, search=tuple(reversed(windows)))


def _with_lookback(
    configuration: Configuration, checkpoints: Checkpoints, period: Period, *, lost_bookmark: bool
) -> CyclePlan:
    processing, lookback, now = configuration.processing, configuration.service.lookback, period.end
    every, longest = timedelta(minutes=lookback.every_minutes), timedelta(days=lookback.days)
    # A lookback is due without windows, too: it processes unmapped rubrics again.
    due = checkpoints.lookback is None or not timedelta(0) <= now - checkpoints.lookback < every
    # It walks the windows before the period, but none before the first period that was ever walked.
    origin = checkpoints.origin if checkpoints.origin is not None and checkpoints.origin <= now else period.start
    earliest = max(origin, now - longest)
    windows = _windows(processing, period)
    earlier = _windows(processing, Period(earliest, period.start)) if earliest < period.start else ()
    since = max(now - longest, processing.not_before() or now - longest)
    return CyclePlan(
        CycleKind.REGULAR,
        period,
        windows,
        lookback=earlier if due else (),
        search=(*reversed(windows), *reversed(earlier)),
        lookback_due=due,
        followed=Period(since, now) if due and processing.follows and since < now else None,
        lost_bookmark=lost_bookmark,
    )


def _windows(processing: ProcessingConfig, period: Period) -> tuple[Period, ...]:
    """The windows of a period, without what lies before ``limits.notBefore``."""
    windows = split(period, timedelta(days=processing.date_range.max_date_range_days))
    earliest = processing.not_before()
    if earliest is None:
        return windows
    return tuple(Period(max(each.start, earliest), each.end) for each in windows if each.end >= earliest)
