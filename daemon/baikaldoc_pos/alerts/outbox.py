"""Delivers what is in the outbox, oldest first, whatever the mail server does, and whatever befalls this process.

**At least once.** That a mail is about to be sent is committed before it leaves, that it was taken right after. Where
the process dies or the line breaks in between, nobody can know whether the server has it, and it is sent again: an
alert that comes twice does less harm than one that never comes. Its Message-ID is the same each time, so that mail
systems and people can see that it is the same one. A server that never acknowledges what it was sent whole gets it a
few times, over more than an hour; then the mail counts as presumably delivered, which is an error in the log.

**In order, for each recipient.** A mail that failed stays first. Where the server as a whole does not take mail,
everything waits, with an exponential back-off. Where it refuses one recipient, only that recipient's mails wait.

**Nothing in silence.** What is refused for good (5xx) is tried for ``REFUSED_FOR``, then given up for that recipient:
an error in the log and a row that stays in the journal. Long before that, it is a condition that whoever can be reached
is mailed about.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from attrs import evolve, frozen

from baikaldoc_pos.alerts.context import ProgramNames, plain_mail_context
from baikaldoc_pos.alerts.mail import Notification, Purpose, write
from baikaldoc_pos.alerts.message import message
from baikaldoc_pos.alerts.smtp import MailServer, Observer, RecipientReply, SmtpStep, dialogue
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import AlertSettings
from baikaldoc_pos.errors import JournalUnavailable, MailError, StopRequested
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import Mail, MailState, Outbox, OutboxMail, RecipientStatus

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(minutes=15)
# A recipient who has been refused for good for so long is given up for that mail.
REFUSED_FOR = timedelta(days=3)
MOST_UNANSWERED = 3
UNANSWERED_DELAY = timedelta(hours=1)
FRESH = RecipientStatus()


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


def begun(trial: RecipientStatus, now: datetime) -> RecipientStatus:
    """The trial when the mail is about to leave: should we die, it is tried again after the usual delay."""
    return evolve(trial, attempts=trial.attempts + 1, next_attempt_at=now + delay(trial.attempts + 1))


def ended(
    trial: RecipientStatus, verdict: RecipientReply, now: datetime, refused_since: datetime | None = None
) -> RecipientStatus:
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


def unanswered(trial: RecipientStatus, reply: str, now: datetime) -> RecipientStatus:
    """The trial after the mail was sent whole without an answer. The first may be a mere hitch of the line."""
    times = trial.unanswered + 1
    after = evolve(trial, unanswered=times, reply=reply)
    if times >= MOST_UNANSWERED:
        return evolve(after, state=MailState.UNKNOWN, next_attempt_at=None)
    return after if times == 1 else evolve(after, next_attempt_at=now + UNANSWERED_DELAY)


def state_of(trials: Mapping[str, RecipientStatus], recipients: Iterable[str]) -> MailState:
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


log = EventLog(__name__)

# A mail that could not be delivered for so long tells of the past; it is given up, which is an error in the log.
TOO_OLD = timedelta(days=30)


@frozen
class Sent:
    """What one run came to.

    :param delivered: mails that somebody has got.
    :param waiting: mails that are still to be delivered.
    :param fault: why the mail server took none, or no more.
    :param busy: another process is delivering the outbox.
    """

    delivered: int
    waiting: int
    fault: MailError | None
    busy: bool = False


class Delivery:
    """Delivers the outbox of the journal, and letters that could not even be put there.

    :param outbox: null where there is no journal.
    :param progress: called whenever the dialogue has got on, so that a slow server is not taken for being stuck.
    """

    def __init__(self, outbox: Outbox | None, clock: Clock, progress: Callable[[], None] = lambda: None) -> None:
        self._outbox = outbox
        self._clock = clock
        self._progress = progress
        # Negative ids: mails that are in memory only, since the journal could not be written.
        self._memory: dict[int, OutboxMail] = {}
        self._ids = itertools.count(-1, -1)
        self._unrecorded: dict[int, tuple[dict[str, RecipientStatus], MailState]] = {}

    def keep_in_memory(self, letter: Mail) -> None:
        """A letter that the journal cannot keep; it is lost if this process ends before it is delivered."""
        id_ = next(self._ids)
        self._memory[id_] = OutboxMail(id_, letter, MailState.WAITING, {})

    def in_memory(self) -> list[Mail]:
        """Letters that are nowhere else and have not been delivered."""
        return [mail.letter for mail in list(self._memory.values()) if not mail.trials]

    def forget_memory(self) -> None:
        """They are in the journal by now."""
        self._memory = {id_: mail for id_, mail in list(self._memory.items()) if mail.trials}

    def run(self, settings: AlertSettings, *, at_once: bool = False, observe: Observer = lambda step: None) -> Sent:
        """Try everything that is due; ``at_once``: whatever waits, without regard to the back-off.

        :raises StopRequested: a stop was asked for; what was not delivered waits.
        :raises JournalUnavailable: what is in the journal's outbox cannot be read; the rest was tried.
        """
        result = self._try(list(self._memory.values()), settings, at_once, observe)
        if self._outbox is None:
            return result
        with self._outbox.turn() as ours:
            if not ours:
                return evolve(result, waiting=result.waiting + len(self._outbox.waiting()), busy=True)
            self._record_late()
            if result.fault is not None:
                return evolve(result, waiting=result.waiting + len(self._outbox.waiting()))
            kept = self._try(self._outbox.waiting(), settings, at_once, observe)
        return Sent(result.delivered + kept.delivered, result.waiting + kept.waiting, kept.fault)

    def _try(self, mails: Sequence[OutboxMail], settings: AlertSettings, at_once: bool, observe: Observer) -> Sent:
        blocked: frozenset[str] = frozenset()
        given_up: dict[str, datetime] = {}  # since when those have been refused who were given up in this run
        delivered, waiting = 0, 0
        for position, mail in enumerate(mails):
            self._clock.check_stop()
            self._progress()
            now = self._clock.now()
            if now - mail.letter.written_at > TOO_OLD:
                self._give_up(mail, now)
                continue
            known = mail if not at_once else without_delays(mail)
            ready, blocked = due(known, settings.recipients, blocked, now)
            after, fault = mail.trials, None
            if ready:
                after, fault = self._attempt(known, ready, settings, observe, given_up)
            state = state_of(after, settings.recipients)
            if state is not MailState.WAITING and not ready:  # whoever was left is no longer to be told
                self._note(mail, dict(after), state)
            waiting += state is MailState.WAITING
            delivered += any(after[recipient].state is MailState.SENT for recipient in ready)
            if fault is not None:
                return Sent(delivered, waiting + len(mails) - position - 1, fault)
            blocked |= {each for each in ready if after[each].state is MailState.WAITING}
            for each in ready:
                refused_since = after[each].refused_since
                if after[each].state is MailState.GIVEN_UP and refused_since is not None:
                    given_up.setdefault(each, refused_since)
        return Sent(delivered, waiting, None)

    def _attempt(
        self,
        mail: OutboxMail,
        ready: Sequence[str],
        settings: AlertSettings,
        observe: Observer,
        given_up: Mapping[str, datetime],
    ) -> tuple[Mapping[str, RecipientStatus], MailError | None]:
        """One dialogue about one mail. What it came to is kept, whatever it was."""
        before = {recipient: mail.trials.get(recipient, FRESH) for recipient in ready}
        now = self._clock.now()
        trials = {**mail.trials, **{recipient: begun(trial, now) for recipient, trial in before.items()}}
        self._note(mail, trials, MailState.WAITING)

        def told(step: SmtpStep) -> None:
            self._progress()
            observe(step)

        content = message(mail.letter, settings.sender or "", settings.recipients)
        fault: MailError | None = None
        server: MailServer | None = None
        try:
            with dialogue(settings, self._clock, told, self._progress) as server:
                replies = server.hand_over(settings.sender or "", ready, content)
        except StopRequested:
            # Not an attempt in vain: the next process begins with this mail. But whoever may have it is counted.
            trials = {**mail.trials, **self._unanswered(mail, trials, server, "stop")}
            self._note(mail, trials, state_of(trials, settings.recipients))
            raise
        except MailError as error:
            fault = error
            log.warning("alert.mail_failed", subject=mail.letter.subject, error=error.event, **error.fields)
            trials |= {recipient: evolve(trials[recipient], reply=error.reason) for recipient in ready}
            trials |= self._unanswered(mail, trials, server, error.reason)
        else:
            now = self._clock.now()
            for recipient, verdict in replies.items():
                since = given_up.get(recipient)
                # This mail has been refused no longer than it has been there.
                since = None if since is None else max(since, mail.letter.written_at)
                trials[recipient] = ended(trials[recipient], verdict, now, since)
            _tell(mail.letter, trials, ready)
        self._note(mail, trials, state_of(trials, settings.recipients), after=True)
        return trials, fault

    def _unanswered(
        self, mail: OutboxMail, trials: Mapping[str, RecipientStatus], server: MailServer | None, reply: str
    ) -> dict[str, RecipientStatus]:
        """The trials of those to whom the mail was sent whole without an answer."""
        recipients = () if server is None else server.unanswered
        now = self._clock.now()
        after = {recipient: unanswered(trials[recipient], reply, now) for recipient in recipients}
        settled = [recipient for recipient, trial in after.items() if trial.state is MailState.UNKNOWN]
        if settled:
            times = after[settled[0]].unanswered
            log.error("alert.mail_unanswered", subject=mail.letter.subject, recipients=settled, times=times)
        return after

    def _give_up(self, mail: OutboxMail, now: datetime) -> None:
        trials = {
            recipient: evolve(trial, state=MailState.GIVEN_UP) if trial.state is MailState.WAITING else trial
            for recipient, trial in mail.trials.items()
        }
        log.error("alert.mail_too_old", subject=mail.letter.subject, days=TOO_OLD.days)
        self._note(mail, trials, state_of(trials, trials))

    def _note(
        self, mail: OutboxMail, trials: dict[str, RecipientStatus], state: MailState, *, after: bool = False
    ) -> None:
        """Keep it; ``after`` a dialogue it is also kept in memory, lest a full disk has the same mail sent for ever."""
        if mail.id < 0 or self._outbox is None:
            self._memory[mail.id] = evolve(mail, trials=trials, state=state)
            if state is not MailState.WAITING:
                del self._memory[mail.id]
            return
        try:
            self._outbox.note(mail.id, trials, state, self._clock.now())
        except JournalUnavailable:
            if after:
                self._unrecorded[mail.id] = (trials, state)
            raise

    def _record_late(self) -> None:
        """What an earlier run could not record; raises JournalUnavailable while it still cannot be."""
        if self._outbox is None:
            return
        for id_, (trials, state) in list(self._unrecorded.items()):
            self._outbox.note(id_, trials, state, self._clock.now())
            del self._unrecorded[id_]


def _tell(letter: Mail, trials: Mapping[str, RecipientStatus], tried: Sequence[str]) -> None:
    reached = [recipient for recipient in tried if trials[recipient].state is MailState.SENT]
    if reached:
        log.info("alert.mail_sent", subject=letter.subject, recipients=reached)
    for recipient in tried:
        trial = trials[recipient]
        if trial.state is not MailState.SENT:
            given_up = trial.state is MailState.GIVEN_UP
            tell = log.error if given_up else log.warning
            event = "alert.mail_given_up" if given_up else "alert.mail_refused"
            tell(event, subject=letter.subject, recipient=recipient, reply=trial.reply, attempts=trial.attempts)


def send_test(
    settings: AlertSettings, language: str, zone: tzinfo | None, clock: Clock, observe: Observer, names: ProgramNames
) -> Mapping[str, RecipientReply]:
    """Send a test to every recipient; returns the server's answer about each.

    :raises MailError: it could not be handed over at all.
    """
    context = plain_mail_context(settings, language, names, zone)
    letter = write(Notification(Purpose.TEST, ()), context, clock.now())
    sender = settings.sender or ""
    with dialogue(settings, clock, observe) as server:
        return server.hand_over(sender, settings.recipients, message(letter, sender, settings.recipients))
