"""What earlier cycles left: open changes, the retry list, unmapped rubrics.

Each rubric is read again; nothing is decided from what was planned then.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from baikaldoc_pos.delo import BatchRejected, CurrentRubrics
from baikaldoc_pos.errors import SchemaMismatch, UnexpectedAnswer
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import OpenChange, RetryEntry
from baikaldoc_pos.model import Answer, Outcome, Rubric
from baikaldoc_pos.sync.planner import ABSENT, LONGEST_DELAY, UNREADABLE, Decision, next_entry, read_back
from baikaldoc_pos.sync.writer import CycleRun

# The server has no filter by ISN, or does not answer it. The windows are read all the same.
NOT_TO_BE_READ = (SchemaMismatch, UnexpectedAnswer)

log = EventLog(__name__)


def recover_open_changes(run: CycleRun) -> None:
    """Read back the changes whose answer never came (a crash, a lost connection), and settle them.

    A change that was not carried out goes on the retry list, due at once; this cycle takes it up.
    """
    run.unsettled = run.journal.open_changes()
    current = read_by_isn(run, sorted({each.change.rubric.isn for each in run.unsettled}), "settle.impossible")
    if current is not None:
        _settle(run, [each for each in run.unsettled if each.change.rubric.isn not in current.unread], current)


def recover_as_seen(run: CycleRun, rubrics: Sequence[Rubric]) -> None:
    """Settle open changes that could not be read back, from what a window shows."""
    shown = CurrentRubrics({rubric.isn: rubric for rubric in rubrics})
    _settle(run, [each for each in run.unsettled if each.change.rubric.isn in shown.rubrics], shown)


def _settle(run: CycleRun, opened: Sequence[OpenChange], current: CurrentRubrics) -> None:
    if not opened:
        return
    run.unsettled = [each for each in run.unsettled if each not in opened]
    answers = [read_back(each.change, current) for each in opened]
    run.settle([each.change for each in opened], answers, [each.change_id for each in opened])
    outcomes = [answer.outcome for answer in answers]
    log.warning(
        "settle.finished",
        count=len(outcomes),
        confirmed=outcomes.count(Outcome.CONFIRMED),
        not_done=outcomes.count(Outcome.NOT_DONE),
        overtaken=outcomes.count(Outcome.OVERTAKEN),
    )


def process_due_retries(run: CycleRun) -> None:
    """Try the due rubrics again. A rubric leaves the list when it is written, has a status, or is excluded."""
    due = run.journal.due_retries(run.clock.now(), LONGEST_DELAY)
    read_at = run.clock.monotonic()
    current = read_by_isn(run, [entry.rubric_isn for entry in due], "retry.impossible", run.processing.not_before())
    if current is None:
        return
    confirmed = _confirm(run, current.rubrics)
    try:
        planned = run.decide(current.rubrics.values(), tried_before=True)
        run.write(planned.changes, read_at, tried_before=True)
    except (BatchRejected, *NOT_TO_BE_READ) as fault:
        # The next cycle tries them again; new rubrics do not wait for that.
        log.error("retry.impossible", count=len(due), message=fault.words)
        return

    done = planned.having(
        Decision.HAS_STATUS, Decision.OVERRULED, Decision.REOPENED, Decision.REMAPPED, Decision.EXCLUDED
    )
    for rubric in done:
        event = "retry.has_status" if rubric.pos_status else "retry.excluded"
        log.info(event, isn=rubric.isn, number=rubric.number, status=rubric.pos_status)
    run.journal.drop_retries([rubric.isn for rubric in done])

    decided = {change.rubric.isn for change in planned.changes} | {rubric.isn for rubric in done} | confirmed
    untried = [entry for entry in due if entry.rubric_isn not in decided]
    run.journal.schedule_retries([_postponed(run, entry, current) for entry in untried])


def _confirm(run: CycleRun, current: Mapping[int, Rubric]) -> set[int]:
    """Record changes as confirmed that seemed to have failed: what was written last stands in ДЕЛО. Return the ISNs."""
    last = run.journal.last_failed([isn for isn, rubric in current.items() if rubric.pos_status])
    confirmed = [change for isn, change in last.items() if change.target == current[isn].pos_status]
    ids = run.journal.record_intents(run.cycle_id, confirmed)
    run.settle(confirmed, [Answer(Outcome.CONFIRMED)] * len(confirmed), ids)
    return {change.rubric.isn for change in confirmed}


def _postponed(run: CycleRun, entry: RetryEntry, current: CurrentRubrics) -> RetryEntry:
    """The entry of a rubric that was not tried: it is gone, unreadable, or its ССТУ status is not mapped now."""
    shown = current.rubrics.get(entry.rubric_isn)
    code = UNREADABLE if entry.rubric_isn in current.unread else ABSENT
    answer = entry.answer if shown is not None else Answer(entry.answer.outcome, message_code=code)
    rubric = shown or Rubric(entry.rubric_isn, entry.document_isn, entry.number, None, None)
    return next_entry(rubric, answer, entry, run.clock.now(), run.first_delay)


def process_unmapped(run: CycleRun, isns: Sequence[int]) -> None:
    """Process rubrics whose status the mapping did not have: the mapping or the status may have changed."""
    read_at = run.clock.monotonic()
    current = read_by_isn(run, isns, "unmapped.impossible", run.processing.not_before())
    if current is not None:
        run.journal.forget_unmapped(current.absent(isns))
        run.write(run.decide(current.rubrics.values()).changes, read_at)


def read_by_isn(run: CycleRun, isns: Sequence[int], event: str, since: datetime | None = None) -> CurrentRubrics | None:
    """Read the rubrics by ISN; None when there are none, and, logged as ``event``, when the server does not answer."""
    if not isns:
        return None
    try:
        current = run.delo.read_rubrics(isns, run.plan.search, since)
    except NOT_TO_BE_READ as fault:
        run.whole = False
        log.error(event, count=len(isns), message=fault.words)
        return None
    run.whole = run.whole and not current.unread
    return current
