"""The writer: batches, intents, outcomes.

An intent is in the journal before its request leaves, its outcome right after the answer. A failed change goes on the
retry list in the same transaction as its outcome. ДЕЛО has no compare-and-set, so a rubric is read again before it is
sent when its reading is old, and before it is sent a second time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import frozen

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Configuration, secrets_of
from baikaldoc_pos.delo import BatchRejected, DeloClient, StaleBatch
from baikaldoc_pos.errors import AccessDenied, DeloError, SchemaMismatch, UnexpectedAnswer
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import WRITTEN, ChangeOutcome, Journal, OpenChange, RetryEntry, Snapshot
from baikaldoc_pos.logs.masking import Masker
from baikaldoc_pos.model import Answer, Change, Outcome, Period, Rubric
from baikaldoc_pos.state import CycleProgress
from baikaldoc_pos.sync.limits import WriteLimiter
from baikaldoc_pos.sync.periods import CycleKind, CyclePlan
from baikaldoc_pos.sync.planner import (
    ACCESS_DENIED,
    LONGEST_DELAY,
    RETRYABLE,
    UNREAD,
    Decision,
    Known,
    Plan,
    excluded_names,
    is_still_wanted,
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
FRESH_SECONDS = 5.0


@frozen
class CycleContext:
    """What a cycle works with.

    :param may_write: called before each batch; raises WritingPaused where nothing may be written now.
    :param preview: nothing is written to ДЕЛО, and the journal is a copy.
    """

    delo: DeloClient
    journal: Journal
    clock: Clock
    configuration: Configuration
    may_write: Callable[[], None] = lambda: None
    progress: Callable[[CycleProgress], None] = lambda step: None
    preview: bool = False

    @property
    def dry_run(self) -> bool:
        """Whether the report has the changes, and ДЕЛО has not."""
        return self.preview or self.configuration.processing.dry_run


class CycleRun:
    """One running cycle: decides on rubrics, writes the changes and accounts for each.

    :param cycle_id: the cycle's number in the journal.
    """

    def __init__(self, context: CycleContext, cycle_id: int, cycle_plan: CyclePlan) -> None:
        self.context = context
        self.delo = context.delo
        self.journal = context.journal
        self.clock = context.clock
        self.processing = context.configuration.processing
        self.first_delay = timedelta(minutes=context.configuration.service.retries.first_minutes)
        self.plan = cycle_plan
        self.stats = CycleStats()
        # Open changes that could not be read back by their ISNs.
        self.unsettled: Sequence[OpenChange] = ()
        # Rubrics of earlier cycles could all be read by their ISNs.
        self.whole = True
        # The windows that were read whole, and those that were not.
        self.windows_read: list[Period] = []
        self.windows_incomplete: list[Period] = []
        # How many of those nobody has taken note of.
        self.unacknowledged = 0
        # The rubrics seen with an interim ССТУ status after a final one.
        self.reopened: set[int] = set()
        # What a dry run would write.
        self.would_write: list[Change] = []
        self.cycle_id = cycle_id
        # What a server says may repeat what it was sent.
        self.masker = Masker(secrets_of(context.configuration))
        self._limiter = WriteLimiter(self.processing, self.journal, self.clock, self.stats)
        self._logged = 0
        self._slow_logged = False

    @property
    def complete(self) -> bool:
        """Whether nothing that was to be written is left for the next cycle."""
        return not self.stats.counts["held_back"] and not self.context.dry_run

    def decide(self, rubrics: Iterable[Rubric], *, tried_before: bool = False) -> Plan:
        """Decide on the rubrics that this cycle has not seen yet, and account for those that are not written.

        :param tried_before: they come from the retry list.
        """
        return self._decide(self.stats.fresh(rubrics), tried_before=tried_before)

    def _decide(self, rubrics: Sequence[Rubric], *, tried_before: bool) -> Plan:
        now = self.clock.now()
        known = self._known(rubrics, now, tried_before=tried_before)
        planned = plan(rubrics, self.processing, known)
        self.stats.passed_over(planned)
        self.journal.remember_unmapped(planned.having(Decision.UNMAPPED), now)
        self.journal.forget_unmapped(
            [rubric.isn for rubric in planned.having(Decision.HAS_STATUS, Decision.IGNORED, Decision.NO_SSTU_STATUS)]
        )
        self._account_followed(planned, known, now)
        return planned

    def _known(self, rubrics: Sequence[Rubric], now: datetime, *, tried_before: bool) -> Known:
        remap = self.plan.kind is CycleKind.REMAP
        written = [rubric.isn for rubric in rubrics if rubric.pos_status] if self.processing.follows or remap else []
        followed = self.journal.followed.of(written) if written else {}
        mapping = self.journal.snapshot(Snapshot.MAPPING) if followed else None
        times: Mapping[int, datetime] = {} if tried_before else self.journal.retry_times()
        return Known(
            waiting={isn for isn, at in times.items() if now < at <= now + LONGEST_DELAY},
            unsettled={*times, *(each.change.rubric.isn for each in self.unsettled)},
            followed=followed,
            excluded=excluded_names(self.journal.exclusions.all()),
            former_mapping=mapping[1] if mapping else {},
            remap=remap,
        )

    def _account_followed(self, planned: Plan, known: Known, now: datetime) -> None:
        overruled, reopened = planned.having(Decision.OVERRULED), planned.having(Decision.REOPENED)
        self.reopened |= {rubric.isn for rubric in reopened}
        reopened = tuple(each for each in reopened if known.followed[each.isn].reopened_as != each.sstu_status)
        for rubric in overruled:
            was = known.followed[rubric.isn].pos_status
            log.info("record.overruled", isn=rubric.isn, number=rubric.number, status=rubric.pos_status, was=was)
        for rubric in reopened:
            log.warning("record.reopened", isn=rubric.isn, number=rubric.number, status=rubric.sstu_status)
        self.stats.counts["reopened"] += len(reopened)
        self.journal.followed.overrule(overruled, now)
        self.journal.followed.reopen(reopened, now)
        self.journal.followed.justify(planned.having(Decision.REMAPPED))

    def write(self, changes: Sequence[Change], read_at: float, *, tried_before: bool = False) -> None:
        """Write changes, batch by batch, as far as the limits allow; a dry run only collects them.

        :param read_at: the monotonic instant at which the reading of their rubrics began.
        :param tried_before: the rubrics failed before, so another failure says nothing of the server: BatchRejected is
            raised instead of the error that ends the cycle.
        :raises RefusalsExceeded: too many were refused.
        """
        if self.context.dry_run:
            self.would_write.extend(changes)
            self.stats.counts["would_write"] += len(changes)
            return
        done = 0
        while done < len(changes):
            self.clock.check_stop()
            self.context.may_write()
            allowed = self._limiter.allowed()
            if not allowed:
                self.stats.counts["held_back"] += len(changes) - done
                return
            batch = changes[done : done + min(self.delo.batch_size, allowed)]
            done += len(batch)
            if self.clock.monotonic() - read_at > FRESH_SECONDS:
                batch = self._refresh(batch, tried_before=tried_before)
            before = self.stats.outcomes
            if batch:
                self._write_batch(batch, tried_before=tried_before)
            self._limiter.judge(self.stats.outcomes - before, tried_before=tried_before)
            self.context.progress(CycleProgress("changes", done, len(changes)))

    def _write_batch(self, batch: Sequence[Change], *, tried_before: bool) -> None:
        """Write a batch; what is left open at the end was denied."""
        opened = dict(zip(batch, self.journal.record_intents(self.cycle_id, batch), strict=True))
        try:
            self._send_in_parts(batch, opened, tried_before=tried_before)
        except AccessDenied:
            # None of them was carried out, and none is to blame: the window shows them again.
            not_done = Answer(Outcome.NOT_DONE)
            self.journal.settle([ChangeOutcome(change_id, not_done) for change_id in opened.values()])
            raise
        # By something that looks into single requests: others were taken.
        failed = Answer(Outcome.FAILED, message_code=ACCESS_DENIED)
        self.settle(list(opened), [failed] * len(opened), list(opened.values()))

    def _send_in_parts(self, batch: Sequence[Change], opened: dict[Change, int], *, tried_before: bool) -> None:
        """Send a batch; halve what is rejected as a whole, until the bad record stands alone.

        :param opened: the journal's ids of the changes; those that are settled leave it.
        """
        parts = [batch]
        sent, patient, attempt = False, True, 0
        rejected = taken = 0
        while parts:
            part = parts.pop()
            if sent:
                confirmed = self.stats.counts["confirmed"]
                part = self._refresh(part, opened)
                taken = max(taken, self.stats.counts["confirmed"] - confirmed)
            if not part:
                continue
            self.context.may_write()
            sent = True
            try:
                answers = self.delo.update(part, patient=patient, attempt=attempt)
            except StaleBatch:
                attempt += 1
                parts.append(part)
                continue
            except BatchRejected as rejection:
                patient = False
                if len(part) > 1:
                    parts += reversed(_parts_of(part, rejection))
                else:
                    rejected += 1
                    self._settle_rejected(part, rejection, opened)
                    if not taken:
                        self._check_outage(rejection, rejected, len(batch), tried_before=tried_before)
            else:
                taken = max(taken, len(part))
                self._settle_answered(dict(zip(part, answers, strict=True)), opened)
            attempt = 0
        if taken < len(batch) and not rejected:
            self.delo.limit_batch(taken)

    def _settle_answered(self, answers: dict[Change, Answer], opened: dict[Change, int]) -> None:
        """Settle changes by their answers; where one does not say that the change was made, ДЕЛО is read to see."""
        doubtful = [change for change, answer in answers.items() if answer.outcome in RETRYABLE]
        certain = [change for change, answer in answers.items() if answer.outcome not in RETRYABLE]
        self.settle(certain, [answers[change] for change in certain], [opened.pop(change) for change in certain])
        if not doubtful:
            return
        try:
            current = self.delo.read_rubrics([change.rubric.isn for change in doubtful])
        except DeloError as fault:
            log.warning("write.not_verified", count=len(doubtful), message=fault.words)
        else:
            seen = ((change, read_back(change, current)) for change in doubtful)
            answers |= {change: answer for change, answer in seen if answer.outcome is Outcome.CONFIRMED}
        self.settle(doubtful, [answers[change] for change in doubtful], [opened.pop(change) for change in doubtful])

    def _settle_rejected(self, part: Sequence[Change], rejection: BatchRejected, opened: dict[Change, int]) -> None:
        """Settle a change that was rejected alone; it is read back where it may have been written."""
        if isinstance(rejection.fault, AccessDenied):
            return  # whether the account may write at all shows at the end of the batch
        left = self._refresh(part, opened) if rejection.uncertain else part
        failed = Answer(Outcome.FAILED, message=rejection.message)
        self.settle(left, [failed] * len(left), [opened.pop(change) for change in left])

    def _check_outage(self, rejection: BatchRejected, records: int, size: int, *, tried_before: bool) -> None:
        """Raise when all records of a batch fail so far, and so many that the records cannot be the reason."""
        if rejection.fault is not None and records >= OUTAGE_RECORDS:
            denied = isinstance(rejection.fault, AccessDenied)
            raise rejection if tried_before and not denied else rejection.fault
        if records == size >= HOPELESS_BATCH and not tried_before and not self.stats.counts["updated"]:
            raise SchemaMismatch("UpdateRubrics", rejection.message)

    def _refresh(
        self, changes: Sequence[Change], opened: dict[Change, int] | None = None, *, tried_before: bool = False
    ) -> Sequence[Change]:
        """Read the rubrics of changes again; return the changes to be made still, and account for the others.

        :param opened: the journal's ids of changes that were sent; without them the rubrics are decided on anew.
        """
        read_at = self.clock.monotonic()
        try:
            current = self.delo.read_rubrics([change.rubric.isn for change in changes])
        except SchemaMismatch as mismatch:
            log.warning("write.not_refreshed", message=mismatch.fields["message"], count=len(changes))
            return changes
        except UnexpectedAnswer as fault:
            if opened is None:
                raise
            # They are not sent blindly, and others do not wait for them: they go on the retry list.
            failed = Answer(Outcome.FAILED, message=str(fault.fields["what"]))
            self.settle(changes, [failed] * len(changes), [opened.pop(change) for change in changes])
            return []
        seconds = self.clock.monotonic() - read_at
        if seconds > FRESH_SECONDS and not self._slow_logged:
            self._slow_logged = True
            log.warning("write.slow_reading", seconds=round(seconds, 1), fresh=FRESH_SECONDS)
        if opened is not None:
            wanted = [change for change in changes if is_still_wanted(change, current)]
            ended = [change for change in changes if change not in wanted]
            answers = [read_back(change, current) for change in ended]
            self.settle(ended, answers, [opened.pop(change) for change in ended])
            return wanted
        gone = current.absent(change.rubric.isn for change in changes)
        if gone:
            log.warning("write.rubrics_gone", isns=gone)
            self.stats.counts["skipped"] += len(gone)
        self._try_unread_later([change.rubric for change in changes if change.rubric.isn in current.unread])
        return self._decide(list(current.rubrics.values()), tried_before=tried_before).changes

    def _try_unread_later(self, rubrics: Sequence[Rubric]) -> None:
        self.stats.counts["failed"] += len(rubrics)
        previous, now = self.journal.retry_entries([rubric.isn for rubric in rubrics]), self.clock.now()
        self.journal.schedule_retries(
            [next_entry(rubric, UNREAD, previous.get(rubric.isn), now, self.first_delay) for rubric in rubrics]
        )

    def settle(self, changes: Sequence[Change], answers: Sequence[Answer], ids: Sequence[int]) -> None:
        """Account for changes that have ended: counts, journal and retry list.

        :param ids: the journal's ids of the changes.
        """
        if not changes:
            return
        answers = [self._masked(answer) for answer in answers]
        # Where all went well there is nothing to go on from.
        clean = all(answer.outcome in WRITTEN for answer in answers)
        previous = {} if clean else self.journal.retry_entries([change.rubric.isn for change in changes])
        now = self.clock.now()
        entries = [
            retry_entry(change.rubric, answer, previous.get(change.rubric.isn), now, self.first_delay)
            for change, answer in zip(changes, answers, strict=True)
        ]
        settled = [ChangeOutcome(change_id, answer) for change_id, answer in zip(ids, answers, strict=True)]
        cleared = [change.rubric.isn for change, entry in zip(changes, entries, strict=True) if entry is None]
        self.journal.settle(settled, [entry for entry in entries if entry is not None], cleared)
        for change, answer, entry in zip(changes, answers, entries, strict=True):
            self.stats.answered(change, answer)
            if entry is not None and answer.outcome in RETRYABLE:
                self._log_failure(change, answer, entry)

    def _masked(self, answer: Answer) -> Answer:
        said = (answer.message, answer.message_code, answer.system_message)
        if not any(said):
            return answer
        return Answer(answer.outcome, *(text and self.masker.text(text) for text in said))

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


def _parts_of(part: Sequence[Change], rejection: BatchRejected) -> Sequence[Sequence[Change]]:
    """The parts of a rejected batch: halves; where it was denied, single records show first whether writing is."""
    if isinstance(rejection.fault, AccessDenied):
        return [*([change] for change in part[:OUTAGE_RECORDS]), part[OUTAGE_RECORDS:]]
    middle = len(part) // 2
    return [part[:middle], part[middle:]]
