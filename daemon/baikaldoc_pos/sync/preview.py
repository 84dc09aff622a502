"""A dry run: what a cycle would write. Reads ДЕЛО and the journal, changes neither."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from attrs import frozen

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Configuration
from baikaldoc_pos.delo import DeloClient
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import CycleCounts, StateReader
from baikaldoc_pos.model import Change, Period, Rubric, UnmappedStatus
from baikaldoc_pos.sync.periods import Checkpoints, CycleKind, plan_cycle
from baikaldoc_pos.sync.planner import Rules, plan
from baikaldoc_pos.sync.recovery import NOT_TO_BE_READ
from baikaldoc_pos.sync.report import CycleStats

log = EventLog(__name__)


@frozen
class Preview:
    """What a cycle would do now.

    :param whole: False where a window could not be read whole.
    """

    kind: CycleKind
    period: Period
    changes: Sequence[Change]
    counts: CycleCounts
    unmapped: Sequence[UnmappedStatus]
    whole: bool


def preview_cycle(
    delo: DeloClient,
    state: StateReader | None,
    marks: Checkpoints,
    clock: Clock,
    configuration: Configuration,
    asked: Period | None = None,
) -> Preview:
    """Decide without writing, on the same windows and leftovers that a cycle would take up.

    :param state: the journal, or None where there is none yet.
    :param marks: the instants to start from.
    :raises DeloError: what would end the cycle.
    """
    now = clock.now()
    cycle_plan = plan_cycle(configuration.processing, configuration.service, marks, now, asked)
    rules = Rules.of(configuration.processing)
    stats = CycleStats()
    changes: list[Change] = []

    def decide(rubrics: Iterable[Rubric], waiting: Collection[int]) -> None:
        planned = plan(stats.fresh(rubrics), rules, waiting)
        stats.passed_over(planned)
        changes.extend(planned.changes)

    def decide_by_isn(isns: Sequence[int], waiting: Collection[int]) -> bool:
        try:
            present = delo.read_rubrics(isns)
        except NOT_TO_BE_READ as fault:
            log.warning("preview.not_all_shown", count=len(isns), reason=str(fault))
            return False
        decide(present.rubrics.values(), waiting)
        return not present.unread

    waiting = state.waiting_isns(now) if state is not None else frozenset()
    whole = decide_by_isn(_leftovers(state, now, rules), ())
    for window in (*cycle_plan.windows, *cycle_plan.lookback):
        reading = delo.read_pending(window)
        stats.counts["windows"] += 1
        decide(reading.rubrics, waiting)
        whole = whole and reading.whole
    if state is not None and cycle_plan.lookback_due:
        unseen = [isn for isn in state.unmapped_not_seen_since(now) if isn not in stats.seen]
        whole = decide_by_isn(unseen, waiting) and whole
    stats.counts["requests"] = delo.requests
    return Preview(cycle_plan.kind, cycle_plan.period, changes, stats.cycle_counts(), stats.unmapped, whole)


def _leftovers(state: StateReader | None, now: datetime, rules: Rules) -> list[int]:
    """What a cycle takes up before it reads the windows."""
    if state is None:
        return []
    isns = {each.change.rubric.isn for each in state.open_changes()}
    isns |= {entry.rubric_isn for entry in state.due_retries(now)}
    return sorted(isns.union(state.unmapped_having(rules.known)))
