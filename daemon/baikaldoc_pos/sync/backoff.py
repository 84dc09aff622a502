"""When a rubric on the retry list is tried again: exponential, capped at a day. Pure."""

from datetime import datetime, timedelta

from baikaldoc_pos.journal import RetryEntry
from baikaldoc_pos.model import Answer, Rubric

LONGEST = timedelta(days=1)


def delay(attempts: int, first: timedelta) -> timedelta:
    """How long to wait after ``attempts`` tries in vain (1 or more)."""
    doublings: int = 2 ** min(attempts - 1, 20)
    return min(first * doublings, LONGEST)


def next_entry(
    rubric: Rubric, answer: Answer, previous: RetryEntry | None, now: datetime, first: timedelta
) -> RetryEntry:
    """The entry of a rubric that has just been tried in vain."""
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


def due_entry(rubric: Rubric, answer: Answer, previous: RetryEntry | None, now: datetime) -> RetryEntry:
    """The entry of a rubric whose last try is known not to have been carried out: due at once, and not counted."""
    return RetryEntry(
        rubric_isn=rubric.isn,
        document_isn=rubric.document_isn,
        number=rubric.number,
        attempts=previous.attempts if previous else 0,
        first_failed_at=previous.first_failed_at if previous else now,
        next_attempt_at=now,
        answer=answer,
    )
