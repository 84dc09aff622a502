"""Which periods of creation dates a cycle walks, and in what windows. Pure.

A regular period reaches from the last bookmark, less an overlap, to now; whatever its length, it is walked in
consecutive windows, oldest first, so that nothing between is ever dropped. The lookback goes over what lies before
it, because a rubric's «Статус ССТУ» may come long after the rubric (contract: "The life of an appeal").
"""

from datetime import datetime, timedelta
from enum import StrEnum

from attrs import frozen

from baikaldoc_pos.config import ProcessingConfig, ServiceConfig
from baikaldoc_pos.rubrics import Window


class CycleKind(StrEnum):
    """Why a cycle walks the period that it walks. The values are what the journal stores."""

    REGULAR = "regular"  # from the bookmark to now; moves the bookmark
    FIXED = "fixed"  # useFixedDates
    ASKED = "asked"  # once --from --to


@frozen
class Marks:
    """What is known of the past: see baikaldoc_pos.journal.Mark."""

    bookmark: datetime | None = None
    origin: datetime | None = None
    lookback: datetime | None = None


@frozen
class Itinerary:
    """The windows of one cycle, in the order in which they are walked.

    :param windows: the period proper.
    :param lookback: the earlier windows that are looked at once more; empty where that is not due.
    :param sweeps: whether a lookback is due, be there windows for it or not.
    :param lost_bookmark: the bookmark lay in the future and was not believed.
    """

    kind: CycleKind
    windows: tuple[Window, ...]
    lookback: tuple[Window, ...] = ()
    sweeps: bool = False
    lost_bookmark: bool = False

    @property
    def period(self) -> Window:
        """From the first window's start to the last one's end."""
        return Window(self.windows[0].start, self.windows[-1].end)

    @property
    def moves_bookmark(self) -> bool:
        return self.kind is CycleKind.REGULAR


def split(period: Window, longest: timedelta) -> tuple[Window, ...]:
    """Consecutive windows of at most ``longest`` that cover the period without a gap; at least one."""
    windows = []
    start = period.start
    while period.end - start > longest:
        windows.append(Window(start, start + longest))
        start += longest
    windows.append(Window(start, period.end))
    return tuple(windows)


def itinerary(
    processing: ProcessingConfig,
    service: ServiceConfig,
    marks: Marks,
    now: datetime,
    asked: Window | None = None,
) -> Itinerary:
    """What the next cycle walks.

    :param asked: a period somebody asked for; it goes before fixed dates, and these before the bookmark.
    """
    longest = timedelta(days=processing.date_range.max_date_range_days)
    fixed = processing.fixed_period()
    if asked is not None:
        return Itinerary(CycleKind.ASKED, split(asked, longest))
    if fixed is not None:
        return Itinerary(CycleKind.FIXED, split(fixed, longest))

    start = now - longest
    lost = False
    if marks.bookmark is not None:
        after_bookmark = marks.bookmark - timedelta(minutes=processing.overlap_minutes)
        # A bookmark in the future comes of a clock that was wrong; what it skipped is not known: not believed.
        lost = after_bookmark > now
        start = start if lost else after_bookmark
    sweeps = _sweep_is_due(service, marks, now)
    return Itinerary(
        CycleKind.REGULAR,
        split(Window(start, now), longest),
        lookback=_lookback(service, marks, start, now, longest) if sweeps else (),
        sweeps=sweeps,
        lost_bookmark=lost,
    )


def _sweep_is_due(service: ServiceConfig, marks: Marks, now: datetime) -> bool:
    # Without days to look back over, too: unmapped rubrics are taken up again then.
    every = timedelta(minutes=service.lookback.every_minutes)
    return marks.lookback is None or not timedelta(0) <= now - marks.lookback < every


def _lookback(
    service: ServiceConfig, marks: Marks, start: datetime, now: datetime, longest: timedelta
) -> tuple[Window, ...]:
    """The windows before ``start``. What lies before the first period ever walked is not ours to touch unasked."""
    earliest = max(marks.origin or start, now - timedelta(days=service.lookback.days))
    return split(Window(earliest, start), longest) if earliest < start else ()
