"""Which rubrics of a period have no «Статус ПОС», and why: the numbers of the last count."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from operator import add

from attrs import astuple, frozen
from cattrs.errors import BaseValidationError
from cattrs.preconf.json import make_converter

from baikaldoc_pos.journal.models import Snapshot
from baikaldoc_pos.journal.state import StateReader
from baikaldoc_pos.journal.writer import Journal
from baikaldoc_pos.model import Period


@frozen
class RubricCount:
    """Rubrics of a time; those of the fields from ``no_sstu`` on have no «Статус ПОС».

    :param total: all of them.
    :param no_sstu: without a ССТУ status.
    :param unmapped: the mapping does not have their ССТУ status.
    :param ignored: the configuration ignores their ССТУ status.
    :param mapped: the mapping has their ССТУ status: they are about to be written, or something keeps them from it.
    """

    total: int
    no_sstu: int
    unmapped: int
    ignored: int
    mapped: int

    @property
    def waiting(self) -> int:
        """Those that ought to get a «Статус ПОС»."""
        return self.no_sstu + self.unmapped + self.mapped

    @property
    def with_pos(self) -> int:
        """Those that have a «Статус ПОС»."""
        return self.total - self.waiting - self.ignored

    def __add__(self, other: "RubricCount") -> "RubricCount":
        return RubricCount(*map(add, astuple(self), astuple(other)))


NOTHING_COUNTED = RubricCount(0, 0, 0, 0, 0)


@frozen
class WeekCount:
    """The rubrics created in a week, or in the part of it that the period has."""

    start: date
    count: RubricCount


@frozen
class Completeness:
    """The rubrics created in a period.

    :param counted_at: when they were counted.
    :param weeks: by weeks of creation, the oldest first.
    :param written: how many have the «Статус ПОС» that the service wrote.
    :param refused: how many are on the retry list.
    :param held_back: how many were not written because of a limit.
    :param excluded: how many of the excluded appeals wait.
    :param oldest: when the oldest that waits was created.
    :param late: how many have waited for more than ``waiting_days``.
    :param rows_read: rows were read, since the server cannot count.
    """

    counted_at: datetime
    period: Period
    weeks: Sequence[WeekCount]
    written: int
    refused: int
    held_back: int
    excluded: int
    oldest: date | None
    late: int
    waiting_days: int
    rows_read: bool

    @property
    def sum(self) -> RubricCount:
        """All weeks together."""
        return sum((week.count for week in self.weeks), NOTHING_COUNTED)

    @property
    def reasons(self) -> Mapping[str, int]:
        """How many rubrics are without a «Статус ПОС» for each reason; together they are all."""
        total = self.sum
        kept = {"refused": self.refused, "held_back": self.held_back, "excluded": self.excluded}
        due = max(0, total.mapped - sum(kept.values()))
        return {"no_sstu": total.no_sstu, "unmapped": total.unmapped, "ignored": total.ignored, **kept, "due": due}


_CONVERTER = make_converter()


def keep_completeness(journal: Journal, completeness: Completeness) -> None:
    """Keep the numbers in place of those of the last count."""
    journal.keep_snapshot(Snapshot.COMPLETENESS, _CONVERTER.unstructure(completeness))


def last_completeness(journal: StateReader) -> Completeness | None:
    """The numbers of the last count; None where there are none, or another version kept something else."""
    kept = journal.snapshot(Snapshot.COMPLETENESS)
    try:
        return _CONVERTER.structure(kept[1], Completeness) if kept else None
    except (BaseValidationError, TypeError, ValueError):
        return None
