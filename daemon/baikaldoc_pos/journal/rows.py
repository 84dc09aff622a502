"""The values that go into the journal and come out of it. They know nothing of how they are stored."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from attrs import frozen

from baikaldoc_pos.model import Answer, Change, Outcome, Period


class Checkpoint(StrEnum):
    """The named instants."""

    BOOKMARK = "bookmark"  # end of the last window that was fully processed
    ORIGIN = "origin"  # start of the first period that was ever walked
    PAUSED = "paused"  # when writing was last seen to be paused
    LOOKBACK = "lookback"  # when the last sweep over earlier periods finished


@frozen
class CycleCounts:
    """What one cycle did, in rubrics; ``windows`` and ``requests`` count what it took."""

    found: int = 0
    updated: int = 0
    confirmed: int = 0
    refused: int = 0
    failed: int = 0
    unmapped: int = 0
    ignored: int = 0
    skipped: int = 0
    windows: int = 0
    requests: int = 0


@frozen
class Cycle:
    """One cycle of the past, or the one that runs.

    :param finished_at: null while it runs, and for ever where the process died under it; the latter has an
        ``error_event``.
    :param error_event: the event of the error that ended it; null means success once it has finished.
    :param error_fields: the fields of that event's sentence.
    """

    id: int
    kind: str
    started_at: datetime
    finished_at: datetime | None
    period: Period | None
    counts: CycleCounts
    error_event: str | None
    error_fields: Mapping[str, object]


@frozen
class OpenChange:
    """A change whose intent was recorded and whose outcome was not: it may or may not have reached ДЕЛО."""

    change_id: int
    planned_at: datetime
    change: Change


@frozen
class ChangeOutcome:
    """How the change with this id (of ``Journal.record_intents``) ended."""

    change_id: int
    answer: Answer


@frozen
class RetryEntry:
    """A rubric that is to be tried again.

    :param attempts: how many times it has been tried in vain.
    :param answer: what ДЕЛО said the last time.
    """

    rubric_isn: int
    document_isn: int | None
    number: str | None
    attempts: int
    first_failed_at: datetime
    next_attempt_at: datetime
    answer: Answer


@frozen
class UnmappedRubric:
    """A rubric whose ССТУ status (without surrounding whitespace) the mapping did not know when it was last seen."""

    rubric_isn: int
    document_isn: int | None
    number: str | None
    sstu_status: str
    first_seen: datetime
    last_seen: datetime


@frozen
class HistoryRow:
    """A change with its outcome; ``outcome`` and ``settled_at`` are null while it is open."""

    change_id: int
    cycle_id: int | None
    planned_at: datetime
    rubric_isn: int
    document_isn: int | None
    number: str | None
    sstu_status: str | None
    old_pos: str | None
    new_pos: str
    settled_at: datetime | None
    outcome: Outcome | None
    message: str | None
    message_code: str | None
    system_message: str | None


@frozen
class DayCount:
    """How many changes ended in this way on this day."""

    day: date
    outcome: Outcome
    count: int


@frozen
class TargetCount:
    """How many changes to this «Статус ПОС» ended in this way."""

    target: str
    outcome: Outcome
    count: int
