"""Sending a batch no longer than what it rests on is fresh.

Between reading a rubric and writing it somebody may set its status by hand, and ДЕЛО has no compare-and-set. What was
read too long ago, and whatever was sent in vain, is read again before it is sent (again), and only what still waits is
sent.
"""

from collections.abc import Callable, Sequence

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.delo import DeloClient, StaleBatch
from baikaldoc_pos.errors import SchemaMismatch, UnexpectedAnswer
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.model import Answer, Change, Outcome
from baikaldoc_pos.sync.planner import UNREAD, read_back

log = EventLog(__name__)

FRESH_SECONDS = 60.0


class FreshSend:
    """A ``Send`` (see ``batches``) for one batch and its parts.

    :param read_at: the monotonic instant at which the rubrics were read.
    :param may_write: called before each sending; raises WritingPaused where nothing may be written now.
    """

    def __init__(self, delo: DeloClient, clock: Clock, read_at: float, may_write: Callable[[], None]) -> None:
        self._delo = delo
        self._clock = clock
        self._may_write = may_write
        self._good_until = read_at + FRESH_SECONDS
        # What was sent, and may have been written or overtaken since: to be looked at before it is sent again.
        self._sent_in_vain: set[int] = set()
        self._ended: dict[int, Answer] = {}

    def __call__(self, changes: Sequence[Change], *, patient: bool = True) -> list[Answer]:
        """One Answer a change, in order; CONFIRMED, OVERTAKEN or NOT_DONE where it was not sent any more."""
        attempt = 0
        while left := self._still_wanted(changes):
            self._may_write()
            isns = [change.rubric.isn for change in left]
            self._sent_in_vain.update(isns)
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
        fresh = self._clock.monotonic() <= self._good_until and self._sent_in_vain.isdisjoint(isns)
        if not left or fresh:
            return left
        try:
            present = self._delo.read_rubrics(isns)
        except SchemaMismatch as mismatch:
            log.warning("write.not_refreshed", message=mismatch.fields["message"], count=len(left))
            return left
        except UnexpectedAnswer as fault:
            if self._sent_in_vain.isdisjoint(isns):
                raise
            # Not to be sent blindly, and no reason for others to wait: the retry list looks at them later.
            self._ended.update(dict.fromkeys(isns, Answer(Outcome.FAILED, message=str(fault.fields["what"]))))
            return []
        finally:
            self._good_until = self._clock.monotonic() + FRESH_SECONDS
        self._sent_in_vain.difference_update(isns)
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
