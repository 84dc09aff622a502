"""The values of alerting that the journal keeps: conditions that hold or held, and mails that are to be delivered."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen


class MailState(StrEnum):
    """How far a mail is. The values are what the journal stores."""

    WAITING = "waiting"
    SENT = "sent"  # at least one recipient has it, and nobody is left to be tried
    UNKNOWN = "unknown"  # sent whole several times, but never acknowledged: presumably delivered
    GIVEN_UP = "given_up"  # nobody has it, and it is not tried any more


@frozen
class Told:
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
    told: Told | None


@frozen
class NewCondition:
    """A condition that is to be opened."""

    kind: str
    key: str
    since: datetime
    fields: Mapping[str, object]
    told: Told | None


@frozen
class Letter:
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
class Trial:
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
    letter: Letter
    state: MailState
    trials: Mapping[str, Trial]


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
