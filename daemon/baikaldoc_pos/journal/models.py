"""The values that go into the journal and come out of it. They know nothing of how they are stored."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from attrs import field, frozen

from baikaldoc_pos.model import Answer, Change, Outcome, Period


class Checkpoint(StrEnum):
    """The named instants."""

    BOOKMARK = "bookmark"  # end of the last window that was fully processed
    ORIGIN = "origin"  # start of the first period that was ever walked
    PAUSED = "paused"  # when writing was last seen to be paused
    LOOKBACK = "lookback"  # when the last sweep over earlier periods finished
    THINNED = "thinned"  # when the journal was last thinned
    REFUSALS = "refusals"  # when too many refusals stopped a cycle; cleared by a batch that goes well


class Snapshot(StrEnum):
    """The named values of which only the last one counts."""

    MAPPING = "mapping"  # the mapping of the last sweep
    COMPLETENESS = "completeness"  # which rubrics have no «Статус ПОС», and why


@frozen
class CycleCounts:
    """What one cycle did, in rubrics; ``windows`` and ``requests`` count what it took.

    :param held_back: not written because a limit was reached.
    :param reopened: the ССТУ status went from a final one back to an interim one.
    :param would_write: not written because of ``dryRun``.
    """

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
    held_back: int = 0
    reopened: int = 0
    would_write: int = 0


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
class FollowedRubric:
    """A rubric with the «Статус ПОС» that the service wrote last.

    :param sstu_status: «Статус ССТУ» that was the reason, exactly as sent.
    :param overruled_at: when another «Статус ПОС» was seen, ``overruled_as``: somebody's decision.
    :param reopened_at: when an interim ССТУ status, ``reopened_as``, was seen after a final one.
    """

    rubric_isn: int
    document_isn: int | None
    number: str | None
    sstu_status: str | None
    pos_status: str
    written_at: datetime
    overruled_at: datetime | None = None
    overruled_as: str | None = None
    reopened_at: datetime | None = None
    reopened_as: str | None = None


@frozen
class PairCount:
    """How many rubrics were written with this «Статус ПОС» for this ССТУ status (without surrounding whitespace)."""

    sstu_status: str
    pos_status: str
    count: int


@frozen
class Exclusion:
    """An appeal that the service keeps its hands off.

    :param name: its registration number, or an ISN.
    """

    name: str
    reason: str | None
    added_at: datetime


@frozen
class IncompleteWindow:
    """A window that could not be read whole.

    :param tries: how many readings were incomplete.
    :param reason: the id of the sentence that tells why.
    :param rows: how many rubrics were read.
    :param total: how many the server named.
    :param acknowledged_at: when a person took note.
    :param unreadable: where its unreadable rows were at first: their ISNs, or those between which they stand.
    """

    period: Period
    first_seen: datetime
    last_read: datetime
    tries: int
    reason: str
    rows: int
    total: int | None
    acknowledged_at: datetime | None = None
    unreadable: str = ""


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


class MailState(StrEnum):
    """How far a mail is. The values are what the journal stores."""

    WAITING = "waiting"
    SENT = "sent"  # at least one recipient has it, and nobody is left to be tried
    UNKNOWN = "unknown"  # sent whole several times, but never acknowledged: presumably delivered
    GIVEN_UP = "given_up"  # nobody has it, and it is not tried any more


@frozen
class Notified:
    """What people know of a condition: the last mail about it.

    :param count: how many records that mail spoke of at most.
    :param tokens: what it spoke of; anything else about the condition is news.
    :param message_id: the Message-ID of the opening mail, which later ones refer to.
    """

    at: datetime
    count: int
    tokens: frozenset[str]
    message_id: str


@frozen
class OpenCondition:
    """A condition that was opened and has not been closed.

    :param since: when it began, as far as that is known; never after ``opened_at``.
    :param told: null where no mail has been written about it (nobody to tell, or its kind is not reported).
    """

    id: int
    kind: str
    key: str
    since: datetime
    opened_at: datetime
    fields: Mapping[str, object]
    told: Notified | None


@frozen
class NewCondition:
    """A condition that is to be opened."""

    kind: str
    key: str
    since: datetime
    fields: Mapping[str, object]
    told: Notified | None


@frozen
class Mail:
    """A mail as it was written, without sender and recipients: these are those of the day of delivery.

    :param headers: further headers, with values that are fit for them.
    """

    purpose: str
    message_id: str
    written_at: datetime
    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class RecipientStatus:
    """How it went with one recipient of one mail.

    :param state: "waiting", "sent", "unknown" or "given_up".
    :param attempts: how often it has been tried in vain.
    :param refusals: how many of these ended in a refusal for good (5xx).
    :param refused_since: when the first of these was.
    :param unanswered: how often the mail was sent whole without an answer.
    :param reply: what the mail server said the last time.
    """

    state: MailState = MailState.WAITING
    attempts: int = 0
    refusals: int = 0
    refused_since: datetime | None = None
    unanswered: int = 0
    next_attempt_at: datetime | None = None
    reply: str | None = None


@frozen
class OutboxMail:
    """A mail in the outbox, with the trials of those recipients who have been tried."""

    id: int
    letter: Mail
    state: MailState
    trials: Mapping[str, RecipientStatus]


@frozen
class Undelivered:
    """A recipient whom mails do not reach.

    :param since: when the oldest of these was written, or first refused where it still waits.
    """

    recipient: str
    since: datetime
    reply: str | None


@frozen
class OutboxSummary:
    """The outbox at a glance.

    :param reply: what the mail server said last of the mail that has waited longest.
    :param unknown: how many were sent and never acknowledged: presumably delivered.
    """

    waiting: int
    oldest: datetime | None
    reply: str | None
    given_up: int
    unknown: int
