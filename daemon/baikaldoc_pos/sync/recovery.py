"""What earlier cycles left: changes of unknown outcome, the retry list, unmapped rubrics.

Each rubric is read again; nothing is decided from what was planned then.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from baikaldoc_pos.delo import BatchRejected, CurrentRubrics
from baikaldoc_pos.errors import DeloError, SchemaMismatch, UnexpectedAnswer
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import OpenChange, RetryEntry
from baikaldoc_pos.model import Answer, Outcome, Rubric
from baikaldoc_pos.sync.planner import ABSENT, UNREADABLE, Decision, next_entry, read_back
from baikaldoc_pos.sync.writer import RubricProcessor

# The server has no filter by ISN, or does not answer it. The windows are read all the same.
NOT_TO_BE_READ = (SchemaMismatch, UnexpectedAnswer)

log = EventLog(__name__)


def recover_open_changes(processor: RubricProcessor) -> None:
    """Read back the changes whose answer never came (a crash, a lost connection), and settle them.

    A change that was not carried out goes on the retry list, due at once; this cycle takes it up.
    """
    opened = processor.journal.open_changes()
    if not opened:
        return
    present = _read(processor, sorted({each.change.rubric.isn for each in opened}), "settle.impossible")
    if present is None:
        processor.unsettled = opened
        return
    processor.unsettled = [each for each in opened if each.change.rubric.isn in present.unread]
    settled = [each for each in opened if each.change.rubric.isn not in present.unread]
    if settled:
        _settle_recovered(processor, settled, present.rubrics)


def recover_as_seen(processor: RubricProcessor, rubrics: Sequence[Rubric]) -> None:
    """Settle open changes that could not be read back, from what a window shows."""
    shown = {rubric.isn: rubric for rubric in rubrics}
    seen = [each for each in processor.unsettled if each.change.rubric.isn in shown]
    if seen:
        processor.unsettled = [each for each in processor.unsettled if each.change.rubric.isn not in shown]
        _settle_recovered(processor, seen, shown)


def _settle_recovered(processor: RubricProcessor, opened: Sequence[OpenChange], current: Mapping[int, Rubric]) -> None:
    answers = [read_back(each.change, current.get(each.change.rubric.isn)) for each in opened]
    processor.settle([each.change for each in opened], answers, [each.change_id for each in opened])
    outcomes = [answer.outcome for answer in answers]
    log.warning(
        "settle.finished",
        count=len(outcomes),
        confirmed=outcomes.count(Outcome.CONFIRMED),
        not_done=outcomes.count(Outcome.NOT_DONE),
        overtaken=outcomes.count(Outcome.OVERTAKEN),
    )


def process_due_retries(processor: RubricProcessor) -> None:
    """Try the due rubrics again. A rubric leaves the list when it is written, or has a status from elsewhere."""
    due = processor.journal.due_retries(processor.clock.now())
    if not due:
        return
    read_at = processor.clock.monotonic()
    present = _read(processor, [entry.rubric_isn for entry in due], "retry.impossible")
    if present is None:
        return
    try:
        planned = processor.reconcile(tuple(present.rubrics.values()), read_at=read_at, tried_before=True)
    except (BatchRejected, *NOT_TO_BE_READ) as fault:
        # The next cycle tries them again; new rubrics do not wait for that.
        log.error("retry.impossible", count=len(due), message=_words(fault))
        return

    settled_elsewhere = planned.having(Decision.HAS_STATUS)
    for rubric in settled_elsewhere:
        log.info("retry.has_status", isn=rubric.isn, number=rubric.number, status=rubric.pos_status)
    # The answer may have been lost, or the server carried the change out after it was read back.
    unsure = {entry.rubric_isn for entry in due if entry.answer.outcome is not Outcome.REFUSED}
    processor.confirm([rubric for rubric in settled_elsewhere if rubric.isn in unsure])
    processor.journal.drop_retries([rubric.isn for rubric in settled_elsewhere])

    decided = {change.rubric.isn for change in planned.changes} | {rubric.isn for rubric in settled_elsewhere}
    first = timedelta(minutes=processor.context.configuration.service.retries.first_minutes)
    now = processor.clock.now()
    processor.journal.schedule_retries(
        [_postponed(entry, present, now, first) for entry in due if entry.rubric_isn not in decided]
    )


def _postponed(entry: RetryEntry, present: CurrentRubrics, now: datetime, first: timedelta) -> RetryEntry:
    """The entry of a rubric that was not tried: it is gone, unreadable, or its ССТУ status is not mapped now."""
    shown = present.rubrics.get(entry.rubric_isn)
    code = UNREADABLE if entry.rubric_isn in present.unread else ABSENT
    answer = entry.answer if shown is not None else Answer(entry.answer.outcome, message_code=code)
    rubric = shown or Rubric(entry.rubric_isn, entry.document_isn, entry.number, None, None)
    return next_entry(rubric, answer, entry, now, first)


def process_newly_mapped(processor: RubricProcessor) -> None:
    """Process unmapped rubrics whose status the mapping has by now; they do not wait for the lookback."""
    _revisit_unmapped(processor, processor.journal.unmapped_having(processor.rules.known))


def revisit_unmapped(processor: RubricProcessor, unseen_since: datetime) -> None:
    """Process unmapped rubrics that no window shows any more: their status may have changed."""
    _revisit_unmapped(processor, processor.journal.unmapped_not_seen_since(unseen_since))


def _revisit_unmapped(processor: RubricProcessor, isns: Sequence[int]) -> None:
    if not isns:
        return
    read_at = processor.clock.monotonic()
    present = _read(processor, isns, "unmapped.impossible")
    if present is None:
        return
    processor.journal.forget_unmapped(present.absent(isns))
    processor.reconcile(
        tuple(present.rubrics.values()), processor.journal.waiting_isns(processor.clock.now()), read_at=read_at
    )


def _read(processor: RubricProcessor, isns: Sequence[int], event: str) -> CurrentRubrics | None:
    """Read the rubrics by ISN; None, logged as ``event``, when the server does not answer that."""
    try:
        present = processor.delo.read_rubrics(isns, processor.search)
    except NOT_TO_BE_READ as fault:
        processor.isns_unread = True
        log.error(event, count=len(isns), message=_words(fault))
        return None
    processor.isns_unread = processor.isns_unread or bool(present.unread)
    return present


def _words(fault: DeloError) -> object:
    return fault.fields.get("message") or fault.fields.get("what")
