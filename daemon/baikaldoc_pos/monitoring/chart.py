"""The last days as bars: what was updated stands on the axis, what was refused or failed hangs below it. Pure.

Days are lined up and counted here, and given their geometry; drawing them is the template's work.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from attrs import frozen

from baikaldoc_pos.journal import DayCount
from baikaldoc_pos.model import Outcome
from baikaldoc_pos.sync.report import COUNTED_AS

DAYS = 30
SLOT = 30  # units of the drawing for one day
BAR = 22
UP = 105  # the tallest that stands
DOWN = 50  # the longest that hangs
LABEL = 11.0  # the largest size of a figure
DIGIT = 0.64  # how much of a figure's size one digit is wide
LEAST = 4  # a single record must be seen from across the room
# Which series an outcome belongs to: what was confirmed later was updated all the same.
SERIES_OF: Mapping[Outcome, str] = {
    outcome: "updated" if counted == "confirmed" else counted for outcome, counted in COUNTED_AS.items()
}


@frozen
class Day:
    """One day's records."""

    date: date
    updated: int = 0
    refused: int = 0
    failed: int = 0

    @property
    def in_vain(self) -> int:
        return self.refused + self.failed

    @property
    def is_weekend(self) -> bool:
        return self.date.weekday() >= 5


@frozen
class Block:
    """A rectangle of one series; ``top`` counts downwards from the axis."""

    series: str
    top: float
    height: float


@frozen
class Bar:
    """A day's blocks; ``x`` is the left edge of its slot, ``up`` and ``down`` are how far they reach."""

    day: Day
    x: float
    blocks: tuple[Block, ...]

    @property
    def up(self) -> float:
        return sum(block.height for block in self.blocks if block.top < 0)

    @property
    def down(self) -> float:
        return sum(block.height for block in self.blocks if block.top >= 0)


def days_until(last: date, counts: Sequence[DayCount]) -> list[Day]:
    """The last days up to and including ``last``, oldest first, those without any records too."""
    figures: dict[date, dict[str, int]] = {}
    for each in counts:
        series = SERIES_OF.get(each.outcome)
        if series is not None:
            of_day = figures.setdefault(each.day, {})
            of_day[series] = of_day.get(series, 0) + each.count
    dates = (last - timedelta(days=back) for back in range(DAYS - 1, -1, -1))
    return [Day(day, **figures.get(day, {})) for day in dates]


def bars(days: Sequence[Day]) -> list[Bar]:
    """Every day's bar, all on one scale."""
    scale = min(UP / max(1, *(day.updated for day in days)), DOWN / max(1, *(day.in_vain for day in days)))
    return [Bar(day, position * SLOT, tuple(_blocks(day, scale))) for position, day in enumerate(days)]


def label_size(days: Sequence[Day]) -> float:
    """The size at which every figure leaves some of its slot free, lest two of them read as one."""
    digits = len(str(max(max(day.updated, day.in_vain) for day in days)))
    return round(min(LABEL, SLOT * 0.85 / (digits * DIGIT)), 1)


def _blocks(day: Day, scale: float) -> Iterator[Block]:
    if day.updated:
        height = max(day.updated * scale, LEAST)
        yield Block("updated", -height, height)
    top = 0.0
    for series, count in (("refused", day.refused), ("failed", day.failed)):
        if count:
            height = max(count * scale, LEAST)
            yield Block(series, top, height)
            top += height
