"""Writing the planned changes: batches, intents, outcomes.

An intent is in the journal before its request leaves, its outcome right after the answer. A failed change goes on the
retry list in the same transaction as its outcome. ДЕЛО has no compare-and-set, so a rubric that was read too long ago,
or was sent already without success, is read again before it is sent.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import timedelta
from typing import Protocol

from attrs import evolve, frozen

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Configuration
from baikaldoc_pos.delo import BatchRejected, DeloClient, StaleBatch
from baikaldoc_pos.errors import AccessDenied, SchemaMismatch, UnexpectedAnswer
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import ChangeOutcome, Journal, OpenChange, RetryEntry
from baikaldoc_pos.model import Answer, Change, Outcome, Period, Rubric
from baikaldoc_pos.state import CycleProgress
from baikaldoc_pos.sync.planner import (
    ACCESS_DENIED,
    RETRYABLE,
    UNREAD,
    Decision,
    Plan,
    Rules,
    next_entry,
    plan,
    read_back,
    retry_entry,
)
from baikaldoc_pos.sync.report import CycleStats

log = EventLog(__name__)

# A cycle logs so many failed records one by one; the journal has all of them.
MOST_LOGGED = 20
# So many lost answers in a row, from the first record on, are an outage of writing and not bad records.
OUTAGE_RECORDS = 3
# The server does not know the mutation when it refuses each record of a batch of at least this size.
HOPELESS_BATCH = 10
# A rubric that was read longer ago is read again before it is sent.
FRESH_SECONDS = 60.0


@frozen
class CycleContext:
    """What a cycle works with.

    :param may_write: called before each batch; raises WritingPaused where nothing may be written now.
    :param dry_run: nothing is written to ДЕЛО; the report has the changes. The journal is a copy then.
    """

    delo: DeloClient
    journal: Journal
    clock: Clock
    configuration: Configuration
    may_write: Callable[[], None] = lambda: None
    progress: Callable[[CycleProgress], None] = lambda step: None
    dry_run: bool = False


class RubricProcessor:
    """Decides on the rubrics of one cycle, writes the changes and accounts for each.

    :param cycle_id: the cycle's number in the journal.
    """

    def __init__(self, context: CycleContext, cycle_id: int) -> None:
        self.context = context
        self.delo = context.delo
        self.journal = context.journal
        self.clock = context.clock
        self.stats = CycleStats()
        # Open changes that could not be read back by their ISNs.
        self.unsettled: Sequence[OpenChange] = ()
        # Where rubrics of earlier cycles are looked for on a server without a filter by ISN, the latest first.
        self.search: Sequence[Period] = ()
        # Rubrics of earlier cycles could not be read by their ISNs.
        self.isns_unread = False
        # What a dry run would write.
        self.would_write: list[Change] = []
        self._cycle_id = cycle_id
        self._logged = 0
        self.rules = Rules.of(context.configuration.processing)
        self._first_delay = timedelta(minutes=context.configuration.service.retries.first_minutes)

    def reconcile(
        self,
        rubrics: Sequence[Rubric],
        waiting: Collection[int] = frozenset(),
        read_at: float | None = None,
        *,
        tried_before: bool = False,
    ) -> Plan:
        """Decide on rubrics, write the changes, and return the plan.

        :param waiting: ISNs on the retry list that are not due yet.
        :param read_at: the monotonic instant at which their reading began; now by default.
        :param tried_before: the rubrics failed before, so another failure says nothing of the server: BatchRejected is
            raised instead of the error that ends the cycle.
        """
        read_at = self.clock.monotonic() if read_at is None else read_at
        planned = plan(self.stats.fresh(rubrics), self.rules, waiting)
        self._pass_over(planned)
        if self.context.dry_run:
            self.would_write.extend(planned.changes)
            return planned
        written = 0
        while written < len(planned.changes):
            batch = planned.changes[written : written + self.delo.batch_size]
            self.clock.check_stop()
            self.context.may_write()
            if self.clock.monotonic() - read_at > FRESH_SECONDS:
                current, seen_at = self._refresh(batch), self.clock.monotonic()
            else:
                current, seen_at = batch, read_at
            if current:
                self._write(current, seen_at, tried_before=tried_before)
            written += len(batch)
            self.context.progress(CycleProgress("changes", written, len(planned.changes)))
        return planned

    def confirm(self, rubrics: Sequence[Rubric]) -> None:
        """Record changes as confirmed that seemed to have failed: the rubric has the target status by now."""
        shown = {rubric.isn: rubric.pos_status for rubric in rubrics}
        wanted = plan([evolve(rubric, pos_status=None) for rubric in rubrics], self.rules).changes
        planned = [change for change in wanted if shown[change.rubric.isn] == change.target]
        if planned:
            self.settle(planned, [Answer(Outcome.CONFIRMED)] * len(planned), self._intents(planned))

    def _pass_over(self, planned: Plan) -> None:
        self.stats.passed_over(planned)
        self.journal.remember_unmapped(planned.having(Decision.UNMAPPED), self.clock.now())
        self.journal.forget_unmapped(
            [rubric.isn for rubric in planned.having(Decision.HAS_STATUS, Decision.IGNORED, Decision.NO_SSTU_STATUS)]
        )

    def _refresh(self, batch: Sequence[Change]) -> Sequence[Change]:
        """Read the rubrics of a batch again, and return the changes that are still to be made."""
        try:
            present = self.delo.read_rubrics([change.rubric.isn for change in batch])
        except SchemaMismatch as mismatch:
            log.warning("write.not_refreshed", message=mismatch.fields["message"], count=len(batch))
            return batch
        gone = present.absent(change.rubric.isn for change in batch)
        if gone:
            log.warning("write.rubrics_gone", isns=gone)
            self.stats.counts["skipped"] += len(gone)
        self._try_unread_later([change.rubric for change in batch if change.rubric.isn in present.unread])
        planned = plan(present.rubrics.values(), self.rules)
        self._pass_over(planned)
        return planned.changes

    def _try_unread_later(self, rubrics: Sequence[Rubric]) -> None:
        self.stats.counts["failed"] += len(rubrics)
        previous, now = self.journal.retry_entries([rubric.isn for rubric in rubrics]), self.clock.now()
        self.journal.schedule_retries(
            [next_entry(rubric, UNREAD, previous.get(rubric.isn), now, self._first_delay) for rubric in rubrics]
        )

    def _write(self, batch: Sequence[Change], read_at: float, *, tried_before: bool) -> None:
        ids = dict(zip((change.rubric.isn for change in batch), self._intents(batch), strict=True))
        rejected = settled = largest = 0
        denied: list[Change] = []
        send = FreshSend(self.delo, self.clock, read_at, self.context.may_write)
        try:
            for part, outcome in send_apart(send, batch):
                settled += len(part)
                part_ids = [ids[change.rubric.isn] for change in part]
                if not isinstance(outcome, BatchRejected):
                    largest = max(largest, len(part))
                    self.settle(part, outcome, part_ids)
                    continue
                rejected += 1
                if isinstance(outcome.fault, AccessDenied):
                    denied.append(part[0])
                else:
                    self.settle(part, [self._after_rejection(part[0], outcome)], part_ids)
                if rejected == settled:
                    self._give_up(outcome, rejected, len(batch), tried_before=tried_before)
        except AccessDenied:
            # None of them was carried out, and none is to blame: the window shows them again.
            not_done = Answer(Outcome.NOT_DONE)
            self.journal.settle([ChangeOutcome(ids[change.rubric.isn], not_done) for change in batch], [], [])
            raise
        for change in denied:  # by something that looks into single requests: others were taken
            self.settle([change], [Answer(Outcome.FAILED, message_code=ACCESS_DENIED)], [ids[change.rubric.isn]])
        if largest < len(batch) and not rejected:
            self.delo.limit_batch(largest)

    def _give_up(self, rejection: BatchRejected, records: int, size: int, *, tried_before: bool) -> None:
        """Raise when all records of a batch fail so far, and so many that the records cannot be the reason."""
        if rejection.fault is not None and records >= OUTAGE_RECORDS:
            denied = isinstance(rejection.fault, AccessDenied)
            raise rejection if tried_before and not denied else rejection.fault
        if records == size >= HOPELESS_BATCH and not tried_before and not self.stats.counts["updated"]:
            raise SchemaMismatch("UpdateRubrics", rejection.message)

    def _intents(self, batch: Sequence[Change]) -> list[int]:
        return self.journal.record_intents(self._cycle_id, batch)

    def _after_rejection(self, change: Change, rejection: BatchRejected) -> Answer:
        """The answer for a record that was rejected alone; it is read back where it may have been written."""
        failed = Answer(Outcome.FAILED, message=rejection.message)
        if not rejection.uncertain:
            return failed
        try:
            current = self.delo.read_rubrics([change.rubric.isn]).rubrics.get(change.rubric.isn)
        except (SchemaMismatch, UnexpectedAnswer):
            return failed
        stands = current is not None and current.pos_status == change.target
        return Answer(Outcome.CONFIRMED, message=rejection.message) if stands else failed

    def settle(self, changes: Sequence[Change], answers: Sequence[Answer], ids: Sequence[int]) -> None:
        """Account for changes that have ended: counts, journal and retry list.

        :param ids: the journal's ids of the changes.
        """
        previous = self.journal.retry_entries([change.rubric.isn for change in changes])
        again: list[RetryEntry] = []
        cleared: list[int] = []
        for change, answer in zip(changes, answers, strict=True):
            isn = change.rubric.isn
            self.stats.answered(change, answer)
            entry = retry_entry(change.rubric, answer, previous.get(isn), self.clock.now(), self._first_delay)
            if entry is None:
                cleared.append(isn)
                continue
            again.append(entry)
            if answer.outcome in RETRYABLE:
                self._log_failure(change, answer, entry)
        settled = [ChangeOutcome(change_id, answer) for change_id, answer in zip(ids, answers, strict=True)]
        self.journal.settle(settled, again, cleared)

    def _log_failure(self, change: Change, answer: Answer, entry: RetryEntry) -> None:
        self._logged += 1
        if self._logged > MOST_LOGGED:
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
        if self._logged == MOST_LOGGED:
            log.warning("record.more")


class FreshSend:
    """Sends one batch and its parts, and reads a rubric again before it is sent late or a second time.

    :param read_at: the monotonic instant at which the rubrics were read.
    :param may_write: called before each sending; raises WritingPaused where nothing may be written now.
    """

    def __init__(self, delo: DeloClient, clock: Clock, read_at: float, may_write: Callable[[], None]) -> None:
        self._delo = delo
        self._clock = clock
        self._may_write = may_write
        self._good_until = read_at + FRESH_SECONDS
        # Sent without a good answer: read again before they are sent again.
        self._sent_without_success: set[int] = set()
        self._ended: dict[int, Answer] = {}

    def __call__(self, changes: Sequence[Change], *, patient: bool = True) -> list[Answer]:
        """One Answer per change, in order; CONFIRMED, OVERTAKEN or NOT_DONE when it was not sent again."""
        attempt = 0
        while left := self._still_wanted(changes):
            self._may_write()
            isns = [change.rubric.isn for change in left]
            self._sent_without_success.update(isns)
            try:
                answers = self._delo.update(left, patient=patient, attempt=attempt)
            except StaleBatch:
                attempt += 1
            else:
                self._ended.update(zip(isns, answers, strict=True))
        return [self._ended[change.rubric.isn] for change in changes]

    def _still_wanted(self, changes: Sequence[Change]) -> Sequence[Change]:
        left = [change for change in changes if change.rubric.isn not in self._ended]
        isns = [change.rubric.isn for change in left]
        fresh = self._clock.monotonic() <= self._good_until and self._sent_without_success.isdisjoint(isns)
        if not left or fresh:
            return left
        try:
            present = self._delo.read_rubrics(isns)
        except SchemaMismatch as mismatch:
            log.warning("write.not_refreshed", message=mismatch.fields["message"], count=len(left))
            return left
        except UnexpectedAnswer as fault:
            if self._sent_without_success.isdisjoint(isns):
                raise
            # They are not sent blindly, and others do not wait for them: they go on the retry list.
            self._ended.update(dict.fromkeys(isns, Answer(Outcome.FAILED, message=str(fault.fields["what"]))))
            return []
        finally:
            self._good_until = self._clock.monotonic() + FRESH_SECONDS
        self._sent_without_success.difference_update(isns)
        wanted = []
        for change in left:
            shown = present.rubrics.get(change.rubric.isn)
            answer = UNREAD if change.rubric.isn in present.unread else read_back(change, shown)
            same = shown is not None and shown.sstu_status == change.rubric.sstu_status
            if answer.outcome is Outcome.NOT_DONE and same:
                wanted.append(change)
            else:
                self._ended[change.rubric.isn] = answer
        return wanted


class Send(Protocol):
    """Writes changes and returns one Answer each, in order; raises BatchRejected."""

    def __call__(self, changes: Sequence[Change], *, patient: bool = True) -> list[Answer]: ...


def send_apart(
    send: Send, batch: Sequence[Change], *, patient: bool = True
) -> Iterator[tuple[Sequence[Change], list[Answer] | BatchRejected]]:
    """Send a batch; halve a part that is rejected as a whole, until the bad record stands alone.

    Yields the parts in order, each with its answers, or a single change with its rejection.
    """
    try:
        answers = send(batch, patient=patient)
    except BatchRejected as rejection:
        if len(batch) == 1:
            yield batch, rejection
            return
        middle = len(batch) // 2
        yield from send_apart(send, batch[:middle], patient=False)
        yield from send_apart(send, batch[middle:], patient=False)
    else:
        yield batch, answers
