"""What becomes of a mail for one recipient, from what the mail server did. Pure.

Refusals for good (5xx) are counted in days, not in tries: a server that refuses everybody for an hour, or over a
weekend since somebody has spoiled its settings, loses no mail. A mail that was sent whole and never acknowledged may
have arrived: it is sent ``MOST_UNANSWERED`` times, over more than an hour, and then taken for delivered, lest it comes
for ever.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve

from baikaldoc_pos.alerts.smtp import Verdict
from baikaldoc_pos.journal import MailState, OutboxMail, Trial

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(minutes=15)
# A recipient who has been refused for good for so long is given up for that mail.
REFUSED_FOR = timedelta(days=3)
MOST_UNANSWERED = 3
UNANSWERED_DELAY = timedelta(hours=1)
FRESH = Trial()


def delay(attempts: int) -> timedelta:
    """How long to wait after so many attempts in vain (1 or more)."""
    doublings: int = 2 ** min(attempts - 1, 20)
    return min(FIRST_DELAY * doublings, LONGEST_DELAY)


def due(
    mail: OutboxMail, recipients: Sequence[str], blocked: frozenset[str], now: datetime
) -> tuple[list[str], frozenset[str]]:
    """Whom to try now, and who is blocked for later mails because this one is still theirs to wait for."""
    left = [recipient for recipient in recipients if mail.trials.get(recipient, FRESH).state is MailState.WAITING]
    ready = [
        recipient
        for recipient in left
        if recipient not in blocked and (mail.trials.get(recipient, FRESH).next_attempt_at or now) <= now
    ]
    return ready, blocked | (frozenset(left) - frozenset(ready))


def begun(trial: Trial, now: datetime) -> Trial:
    """The trial when the mail is about to leave: should we die, it is tried again after the usual delay."""
    return evolve(trial, attempts=trial.attempts + 1, next_attempt_at=now + delay(trial.attempts + 1))


def ended(trial: Trial, verdict: Verdict, now: datetime, refused_since: datetime | None = None) -> Trial:
    """The trial after the server's answer.

    :param refused_since: since when the recipient's earlier mails had been refused, where one was just given up.
    """
    if verdict.accepted:
        return evolve(trial, state=MailState.SENT, next_attempt_at=None, reply=verdict.reply)
    if not verdict.for_good:
        return evolve(trial, reply=verdict.reply)
    since = trial.refused_since or refused_since or now
    refused = evolve(trial, refusals=trial.refusals + 1, refused_since=since, reply=verdict.reply)
    return evolve(refused, state=MailState.GIVEN_UP, next_attempt_at=None) if now - since >= REFUSED_FOR else refused


def unanswered(trial: Trial, reply: str, now: datetime) -> Trial:
    """The trial after the mail was sent whole without an answer. The first may be a mere hitch of the line."""
    times = trial.unanswered + 1
    after = evolve(trial, unanswered=times, reply=reply)
    if times >= MOST_UNANSWERED:
        return evolve(after, state=MailState.UNKNOWN, next_attempt_at=None)
    return after if times == 1 else evolve(after, next_attempt_at=now + UNANSWERED_DELAY)


def state_of(trials: Mapping[str, Trial], recipients: Iterable[str]) -> MailState:
    """How far a mail is, for those who are to have it now."""
    states = {trials.get(recipient, FRESH).state for recipient in recipients}
    if MailState.WAITING in states:
        return MailState.WAITING
    came_to = {trial.state for trial in trials.values()}
    return next((state for state in (MailState.SENT, MailState.UNKNOWN) if state in came_to), MailState.GIVEN_UP)


def without_delays(mail: OutboxMail) -> OutboxMail:
    """The mail with everybody due, but for those who may have it already."""
    trials = {
        recipient: trial if trial.unanswered else evolve(trial, next_attempt_at=None)
        for recipient, trial in mail.trials.items()
    }
    return evolve(mail, trials=trials)
