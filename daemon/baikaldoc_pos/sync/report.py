"""The counts of a running cycle, and the report of a finished one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from attrs import field, frozen

from baikaldoc_pos.errors import BaikaldocError
from baikaldoc_pos.journal import CycleCounts
from baikaldoc_pos.model import Answer, Change, Outcome, Period, Rubric, UnmappedStatus
from baikaldoc_pos.sync.periods import CycleKind
from baikaldoc_pos.sync.planner import Decision, Plan, status_of

EXAMPLES = 5

# The count of each outcome. OVERTAKEN and NOT_DONE stand in the journal and are counted when tried again.
COUNTED_AS: Mapping[Outcome, str] = {
    Outcome.UPDATED: "updated",
    Outcome.CONFIRMED: "confirmed",
    Outcome.REFUSED: "refused",
    Outcome.FAILED: "failed",
    Outcome.WRONG_ECHO: "failed",
}


@frozen
class CycleReport:
    """How a cycle ended.

    :param cycle_id: its number in the journal.
    :param targets: the number of changes by ПОС status and outcome.
    :param unmapped: the ССТУ statuses that the mapping does not have.
    :param error: why the cycle ended early or was no success.
    :param seconds: its duration.
    :param incomplete: how many windows could not be read whole, and were not acknowledged.
    :param whole: everything could be read.
    :param dry_run: nothing was written to ДЕЛО.
    :param would_write: the changes that a dry run would write.
    """

    kind: CycleKind
    cycle_id: int
    period: Period
    started_at: datetime
    counts: CycleCounts
    targets: Mapping[tuple[str, Outcome], int]
    unmapped: Sequence[UnmappedStatus]
    error: BaikaldocError | None
    seconds: float
    incomplete: int = 0
    whole: bool = True
    dry_run: bool = False
    would_write: Sequence[Change] = ()

    @property
    def exit_code(self) -> int:
        """sysexits: 0 done, 1 done but for some records, else the error's own."""
        if self.error is not None:
            return self.error.exit_code
        return 1 if self.counts.refused or self.counts.failed or self.incomplete else 0


@frozen
class CycleStats:
    """The running count of one cycle."""

    counts: Counter[str] = field(factory=Counter)
    targets: Counter[tuple[str, Outcome]] = field(factory=Counter)
    decisions: Counter[Decision] = field(factory=Counter)
    _seen: set[int] = field(factory=set)
    _unmapped: dict[str, dict[int, str | None]] = field(factory=dict)

    def fresh(self, rubrics: Iterable[Rubric]) -> list[Rubric]:
        """The rubrics that this cycle has not seen yet, each once, as it was seen last.

        Overlapping windows show a rubric twice, and so does a page whose rows have shifted.
        """
        fresh = {rubric.isn: rubric for rubric in rubrics if rubric.isn not in self._seen}
        self._seen.update(fresh)
        self.counts["found"] += len(fresh)
        return list(fresh.values())

    def passed_over(self, plan: Plan) -> None:
        """Count what the plan does not write."""
        for decision, rubrics in plan.others.items():
            self.decisions[decision] += len(rubrics)
            counted = decision if decision in (Decision.IGNORED, Decision.UNMAPPED) else "skipped"
            self.counts[counted] += len(rubrics)
        for rubric in plan.having(Decision.UNMAPPED):
            self._unmapped.setdefault(status_of(rubric), {})[rubric.isn] = rubric.number

    def answered(self, change: Change, answer: Answer) -> None:
        """Count how a change ended."""
        if answer.outcome in COUNTED_AS:
            self.counts[COUNTED_AS[answer.outcome]] += 1
        self.targets[change.target, answer.outcome] += 1

    @property
    def outcomes(self) -> Counter[Outcome]:
        """The number of changes by outcome."""
        counted = Counter[Outcome]()
        for (_, outcome), count in self.targets.items():
            counted[outcome] += count
        return counted

    @property
    def unmapped(self) -> tuple[UnmappedStatus, ...]:
        """The unmapped statuses, most frequent first."""
        statuses = (
            UnmappedStatus(status, len(found), tuple(_names(found))[:EXAMPLES])
            for status, found in self._unmapped.items()
        )
        return tuple(sorted(statuses, key=lambda each: (-each.count, each.status)))


def _names(found: Mapping[int, str | None]) -> list[str]:
    """The registration numbers, then the ISNs of rubrics whose card has no number."""
    numbers = [number for number in found.values() if number and number.strip()]
    return numbers + [f"ISN {isn}" for isn, number in found.items() if not (number and number.strip())]
