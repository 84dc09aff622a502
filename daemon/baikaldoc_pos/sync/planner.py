"""What is done with a rubric, from its two statuses and the configured mapping, and when it is tried again. Pure.

A rubric that has a «Статус ПОС» is never touched, whoever set it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import evolve, field, frozen

from baikaldoc_pos.config import ProcessingConfig
from baikaldoc_pos.delo import CurrentRubrics
from baikaldoc_pos.journal import RetryEntry
from baikaldoc_pos.model import Answer, Change, Outcome, Rubric

# Our own message codes: ДЕЛО does not have the rubric, its row cannot be read, or the request was denied.
ABSENT = "ABSENT"
UNREADABLE = "UNREADABLE"
ACCESS_DENIED = "ACCESS_DENIED"
LONGEST_DELAY = timedelta(days=1)
RETRYABLE = frozenset({Outcome.REFUSED, Outcome.FAILED, Outcome.WRONG_ECHO})
# The rubric is not sent blindly, and others do not wait for it: it goes on the retry list.
UNREAD = Answer(Outcome.FAILED, message_code=UNREADABLE)


class Decision(StrEnum):
    """Whether a rubric is written, and if not, why."""

    WRITE = "write"
    HAS_STATUS = "has_status"
    NO_SSTU_STATUS = "no_sstu_status"
    WAITING = "waiting"  # on the retry list, and not due yet
    IGNORED = "ignored"
    UNMAPPED = "unmapped"


@frozen
class Plan:
    """The decision on some rubrics; each is in exactly one place.

    :param others: the rubrics that are not written, by the reason.
    """

    changes: tuple[Change, ...] = ()
    others: Mapping[Decision, Sequence[Rubric]] = field(factory=dict)

    def having(self, *decisions: Decision) -> tuple[Rubric, ...]:
        """The rubrics that are not written, for one of these reasons."""
        return tuple(rubric for decision in decisions for rubric in self.others.get(decision, ()))


def status_of(rubric: Rubric) -> str:
    """The «Статус ССТУ» as the mapping has it: without surrounding whitespace, which the server may send."""
    return (rubric.sstu_status or "").strip()


def decide(rubric: Rubric, rules: ProcessingConfig, waiting: Collection[int] = frozenset()) -> Decision:
    """Decide on one rubric.

    :param waiting: ISNs on the retry list that are not due yet.
    """
    status = status_of(rubric)
    if rubric.pos_status:
        return Decision.HAS_STATUS
    if not status:
        return Decision.NO_SSTU_STATUS
    if status in rules.status_mapping:
        return Decision.WAITING if rubric.isn in waiting else Decision.WRITE
    return Decision.IGNORED if status in rules.ignored_statuses else Decision.UNMAPPED


def plan(rubrics: Iterable[Rubric], rules: ProcessingConfig, waiting: Collection[int] = frozenset()) -> Plan:
    """Plan what is done with these rubrics, in their order."""
    others: dict[Decision, list[Rubric]] = {}
    for rubric in rubrics:
        others.setdefault(decide(rubric, rules, waiting), []).append(rubric)
    changes = [Change(rubric, rules.status_mapping[status_of(rubric)]) for rubric in others.pop(Decision.WRITE, [])]
    return Plan(tuple(changes), others)


def read_back(change: Change, current: CurrentRubrics) -> Answer:
    """Tell how a change ended whose answer never came, from the present rubrics in ДЕЛО."""
    if change.rubric.isn in current.unread:
        return UNREAD
    shown = current.rubrics.get(change.rubric.isn)
    if shown is None:
        return Answer(Outcome.NOT_DONE, message_code=ABSENT)
    if shown.pos_status == change.target:
        return Answer(Outcome.CONFIRMED)
    if not shown.pos_status:
        return Answer(Outcome.NOT_DONE)
    return Answer(Outcome.OVERTAKEN, message=shown.pos_status)


def is_still_wanted(change: Change, current: CurrentRubrics) -> bool:
    """Tell whether a change that was not carried out may be sent again as it is: its rubric is what it was."""
    shown = current.rubrics.get(change.rubric.isn)
    return shown is not None and not shown.pos_status and shown.sstu_status == change.rubric.sstu_status


def delay(attempts: int, first: timedelta) -> timedelta:
    """How long to wait after ``attempts`` failed tries (1 or more): exponential, at most a day."""
    doublings: int = 2 ** min(attempts - 1, 20)
    return min(first * doublings, LONGEST_DELAY)


def next_entry(
    rubric: Rubric, answer: Answer, previous: RetryEntry | None, now: datetime, first: timedelta
) -> RetryEntry:
    """The entry of a rubric whose try has just failed."""
    attempts = (previous.attempts if previous else 0) + 1
    return RetryEntry(
        rubric_isn=rubric.isn,
        document_isn=rubric.document_isn,
        number=rubric.number,
        attempts=attempts,
        first_failed_at=previous.first_failed_at if previous else now,
        next_attempt_at=now + delay(attempts, first),
        answer=answer,
    )


def retry_entry(
    rubric: Rubric, answer: Answer, previous: RetryEntry | None, now: datetime, first: timedelta
) -> RetryEntry | None:
    """The entry with which a rubric stays on the retry list after this answer; None when it leaves the list.

    A change that was not carried out is due at once, and its try is not counted.
    """
    if answer.outcome in RETRYABLE:
        return next_entry(rubric, answer, previous, now, first)
    if answer.outcome is Outcome.NOT_DONE:
        attempts = previous.attempts if previous else 0
        return evolve(next_entry(rubric, answer, previous, now, first), attempts=attempts, next_attempt_at=now)
    return None
