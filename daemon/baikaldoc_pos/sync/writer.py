"""The hands of a cycle: deciding on rubrics that were read, writing batches, accounting for each record.

An intent is in the journal before its request leaves, its outcome right after the answer. Whatever was tried in
vain goes on the retry list in the same transaction as its outcome.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

from attrs import evolve, frozen

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Configuration
from baikaldoc_pos.delo import BatchRejected, DeloClient
from baikaldoc_pos.errors import SchemaMismatch, UnexpectedAnswer
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import ChangeOutcome, Journal, OpenChange, RetryEntry
from baikaldoc_pos.model import Answer, Change, Outcome, Rubric
from baikaldoc_pos.state import CycleProgress
from baikaldoc_pos.sync.backoff import due_entry, next_entry
from baikaldoc_pos.sync.batches import batches, send_apart
from baikaldoc_pos.sync.planner import ABSENT, UNREAD, Decision, Plan, Rules, plan
from baikaldoc_pos.sync.report import CycleStats
from baikaldoc_pos.sync.sending import FRESH_SECONDS, FreshSend

log = EventLog(__name__)

# Records tried in vain that a cycle names one by one in the log; all of them stand in the journal.
MOST_TOLD = 20
IN_VAIN = frozenset({Outcome.REFUSED, Outcome.FAILED, Outcome.WRONG_ECHO})
# So many answers lost, one after another from the first record on, are an outage of writing, not bad records.
OUTAGE_RECORDS = 3
# A batch of at least so many records of which each was refused apart: the server does not know the mutation.
HOPELESS_BATCH = 10


@frozen
class CycleContext:
    """What a cycle works with.

    :param may_write: called before each batch; raises WritingPaused where nothing may be written now.
    """

    delo: DeloClient
    journal: Journal
    clock: Clock
    configuration: Configuration
    may_write: Callable[[], None] = lambda: None
    progress: Callable[[CycleProgress], None] = lambda step: None


class Work:
    """One cycle's work on rubrics.

    :param means: what it works with.
    :param cycle_id: the cycle's number in the journal.
    """

    def __init__(self, means: CycleContext, cycle_id: int) -> None:
        self.means = means
        self.delo = means.delo
        self.journal = means.journal
        self.clock = means.clock
        self.tally = CycleStats()
        # Open changes that could not be read back by their ISNs.
        self.unsettled: Sequence[OpenChange] = ()
        self._cycle_id = cycle_id
        self._told = 0
        self.rules = Rules.of(means.configuration.processing)
        self._batch_size = means.configuration.processing.batch_size
        self._first_delay = timedelta(minutes=means.configuration.service.retries.first_minutes)

    def reconcile(
        self,
        rubrics: Sequence[Rubric],
        waiting: Collection[int] = frozenset(),
        read_at: float | None = None,
        *,
        tried_before: bool = False,
    ) -> Plan:
        """Decide on rubrics, and write what is to be written; returns the plan.

        :param waiting: ISNs on the retry list that are not due yet.
        :param read_at: the monotonic instant at which the reading of them began; now, where it is not given.
        :param tried_before: in vain, so that another failure says nothing of the server: BatchRejected is raised then
            where else the cycle would end.
        """
        read_at = self.clock.monotonic() if read_at is None else read_at
        made = plan(self.tally.fresh(rubrics), self.rules, waiting)
        self._pass_over(made)
        written = 0
        for batch in batches(made.changes, self._batch_size):
            self.clock.check_stop()
            self.means.may_write()
            if self.clock.monotonic() - read_at > FRESH_SECONDS:
                current, seen_at = self._refresh(batch), self.clock.monotonic()
            else:
                current, seen_at = batch, read_at
            if current:
                self._write(current, seen_at, tried_before=tried_before)
            written += len(batch)
            self.means.progress(CycleProgress("changes", written, len(made.changes)))
        return made

    def confirm(self, rubrics: Sequence[Rubric]) -> None:
        """Record as made what had been tried seemingly in vain, and has by now just the status that it was to get."""
        shown = {rubric.isn: rubric.pos_status for rubric in rubrics}
        wanted = plan([evolve(rubric, pos_status=None) for rubric in rubrics], self.rules).changes
        made = [change for change in wanted if shown[change.rubric.isn] == change.target]
        if made:
            ids = dict(zip((change.rubric.isn for change in made), self._intents(made), strict=True))
            self._settle(made, [Answer(Outcome.CONFIRMED)] * len(made), ids)

    def _pass_over(self, made: Plan) -> None:
        self.tally.passed_over(made)
        self.journal.remember_unmapped(made.having(Decision.UNMAPPED), self.clock.now())
        self.journal.forget_unmapped(
            [rubric.isn for rubric in made.having(Decision.HAS_STATUS, Decision.IGNORED, Decision.NO_SSTU_STATUS)]
        )

    def _refresh(self, batch: Sequence[Change]) -> Sequence[Change]:
        """The same changes after another look at their rubrics."""
        try:
            present = self.delo.read_rubrics([change.rubric.isn for change in batch])
        except SchemaMismatch as mismatch:
            log.warning("write.not_refreshed", message=mismatch.fields["message"], count=len(batch))
            return batch
        gone = present.absent(change.rubric.isn for change in batch)
        if gone:
            log.warning("write.rubrics_gone", isns=gone)
            self.tally.counts["skipped"] += len(gone)
        self._try_unread_later([change.rubric for change in batch if change.rubric.isn in present.unread])
        made = plan(present.rubrics.values(), self.rules)
        self._pass_over(made)
        return made.changes

    def _try_unread_later(self, rubrics: Sequence[Rubric]) -> None:
        self.tally.counts["failed"] += len(rubrics)
        previous, now = self.journal.retry_entries([rubric.isn for rubric in rubrics]), self.clock.now()
        self.journal.schedule_retries(
            [next_entry(rubric, UNREAD, previous.get(rubric.isn), now, self._first_delay) for rubric in rubrics]
        )

    def _write(self, batch: Sequence[Change], read_at: float, *, tried_before: bool) -> None:
        ids = dict(zip((change.rubric.isn for change in batch), self._intents(batch), strict=True))
        rejected = settled = 0
        send = FreshSend(self.delo, self.clock, read_at, self.means.may_write)
        for part, outcome in send_apart(send, batch):
            settled += len(part)
            if not isinstance(outcome, BatchRejected):
                self._settle(part, outcome, ids)
                continue
            rejected += 1
            self._settle(part, [self._after_rejection(part[0], outcome)], ids)
            if rejected == settled:
                self._give_up(outcome, rejected, len(batch), tried_before=tried_before)

    def _give_up(self, rejection: BatchRejected, records: int, size: int, *, tried_before: bool) -> None:
        """Raise where so many records of a batch, and none that went well, say that it is not about the records."""
        if rejection.fault is not None and records >= OUTAGE_RECORDS:
            raise rejection if tried_before else rejection.fault
        if records == size >= HOPELESS_BATCH and not tried_before and not self.tally.counts["updated"]:
            raise SchemaMismatch("UpdateRubrics", rejection.message)

    def _intents(self, batch: Sequence[Change]) -> list[int]:
        return self.journal.record_intents(self._cycle_id, batch)

    def _after_rejection(self, change: Change, rejection: BatchRejected) -> Answer:
        """The answer for a record that was rejected alone; where it may have been written all the same, look."""
        failed = Answer(Outcome.FAILED, message=rejection.message)
        if not rejection.uncertain:
            return failed
        try:
            current = self.delo.read_rubrics([change.rubric.isn]).rubrics.get(change.rubric.isn)
        except (SchemaMismatch, UnexpectedAnswer):
            return failed
        stands = current is not None and current.pos_status == change.target
        return Answer(Outcome.CONFIRMED, message=rejection.message) if stands else failed

    def _settle(self, part: Sequence[Change], answers: Sequence[Answer], ids: dict[int, int]) -> None:
        previous = self.journal.retry_entries([change.rubric.isn for change in part])
        again: list[RetryEntry] = []
        cleared: list[int] = []
        for change, answer in zip(part, answers, strict=True):
            rubric = change.rubric
            self.tally.answered(change, answer)
            if answer.outcome in IN_VAIN:
                entry = next_entry(rubric, answer, previous.get(rubric.isn), self.clock.now(), self._first_delay)
                again.append(entry)
                self._tell(change, answer, entry)
            elif answer.outcome is Outcome.NOT_DONE and answer.message_code != ABSENT:
                # It waits still, but not for this: the next cycle decides anew.
                again.append(due_entry(rubric, answer, previous.get(rubric.isn), self.clock.now()))
            else:
                cleared.append(rubric.isn)
        settled = [ChangeOutcome(ids[change.rubric.isn], answer) for change, answer in zip(part, answers, strict=True)]
        self.journal.settle(settled, again, cleared)

    def _tell(self, change: Change, answer: Answer, entry: RetryEntry) -> None:
        self._told += 1
        if self._told > MOST_TOLD:
            return
        log.warning(
            f"record.{answer.outcome}",
            isn=change.rubric.isn,
            number=change.rubric.number,
            target=change.target,
            message=answer.message,
            message_code=answer.message_code,
            system_message=answer.system_message,
            attempts=entry.attempts,
            next_attempt_at=entry.next_attempt_at,
        )
        if self._told == MOST_TOLD:
            log.warning("record.more")
