"""Delivers the outbox, oldest mail first, whatever the mail server does and whatever happens to this process.

**At least once.** The journal knows that a mail is about to leave before it leaves, and that it was taken right after.
Where the process dies or the line breaks in between, the mail is sent again, with the same Message-ID: an alert that
comes twice does less harm than one that never comes. A server that never acknowledges a mail gets it a few times, over
more than an hour; then the mail counts as presumably delivered, which is an error in the log.

**In order, for each recipient.** A mail that failed stays first. Where the server takes no mail at all, everything
waits, with an exponential back-off. Where it refuses one recipient, only that recipient's mails wait.

**Nothing in silence.** A refusal for good (5xx) is tried for ``REFUSED_FOR``, then the mail is given up for that
recipient: an error in the log, and a row in the journal. Long before that, it is a condition of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from attrs import evolve, frozen

from baikaldoc_pos.alerts.context import ProgramNames, plain_mail_context
from baikaldoc_pos.alerts.mail import Notification, Purpose, write
from baikaldoc_pos.alerts.message import message
from baikaldoc_pos.alerts.smtp import MailServer, Observer, SmtpStep, dialogue
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import AlertSettings
from baikaldoc_pos.errors import MailError, StopRequested
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import Mail, MailState, Outbox, OutboxMail, RecipientStatus

log = EventLog(__name__)

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(minutes=15)
# A mail is given up for a recipient who has been refused for so long.
REFUSED_FOR = timedelta(days=3)
# A mail that could not be delivered for so long is given up.
TOO_OLD = timedelta(days=30)
MOST_UNANSWERED = 3
UNANSWERED_DELAY = timedelta(hours=1)
FRESH = RecipientStatus()


def _is_due(trial: RecipientStatus, now: datetime) -> bool:
    """Whether it is time; a time beyond the longest delay was set by a clock that was ahead."""
    at = trial.next_attempt_at
    return at is None or not now < at <= now + max(LONGEST_DELAY, UNANSWERED_DELAY)


def begun(trial: RecipientStatus, now: datetime) -> RecipientStatus:
    """The status when the mail is about to leave: should the process die, it is tried again after the usual delay."""
    delay = min(FIRST_DELAY * 2 ** min(trial.attempts, 20), LONGEST_DELAY)
    return evolve(trial, attempts=trial.attempts + 1, next_attempt_at=now + delay)


def ended(
    trial: RecipientStatus, answer: SmtpStep, now: datetime, refused_since: datetime | None = None
) -> RecipientStatus:
    """The status after the server's answer.

    :param refused_since: since when the recipient's earlier mails had been refused, where one was just given up.
    """
    if answer.ok:
        return evolve(trial, state=MailState.SENT, next_attempt_at=None, reply=answer.reply)
    if not answer.for_good:
        return evolve(trial, reply=answer.reply)
    since = trial.refused_since or refused_since or now
    refused = evolve(trial, refusals=trial.refusals + 1, refused_since=since, reply=answer.reply)
    return evolve(refused, state=MailState.GIVEN_UP, next_attempt_at=None) if now - since >= REFUSED_FOR else refused


def unanswered(trial: RecipientStatus, reply: str, now: datetime) -> RecipientStatus:
    """The status after the mail was sent without an answer. The first time may be a mere hitch of the line."""
    times = trial.unanswered + 1
    after = evolve(trial, unanswered=times, reply=reply)
    if times >= MOST_UNANSWERED:
        return evolve(after, state=MailState.UNKNOWN, next_attempt_at=None)
    return after if times == 1 else evolve(after, next_attempt_at=now + UNANSWERED_DELAY)


def state_of(trials: Mapping[str, RecipientStatus], recipients: Iterable[str]) -> MailState:
    """How far a mail is, for its present recipients."""
    states = {trials.get(recipient, FRESH).state for recipient in recipients}
    if MailState.WAITING in states:
        return MailState.WAITING
    came_to = {trial.state for trial in trials.values()}
    return next((state for state in (MailState.SENT, MailState.UNKNOWN) if state in came_to), MailState.GIVEN_UP)


@frozen
class Sent:
    """The result of one run.

    :param delivered: mails that at least one recipient has got.
    :param waiting: mails that are still to be delivered.
    :param fault: why the mail server took none, or no more.
    :param busy: another process is delivering the outbox.
    """

    delivered: int
    waiting: int
    fault: MailError | None
    busy: bool = False


class Delivery:
    """Delivers the outbox of the journal.

    :param progress: called whenever the dialogue gets on, so that a slow server does not look like a stuck job.
    """

    def __init__(self, outbox: Outbox, clock: Clock, progress: Callable[[], None] = lambda: None) -> None:
        self._outbox = outbox
        self._clock = clock
        self._progress = progress
        # What the journal has not taken: on a full disk, the same mail must not be sent for ever.
        self._unrecorded: tuple[int, Mapping[str, RecipientStatus], MailState] | None = None

    def run(self, settings: AlertSettings, *, at_once: bool = False, observe: Observer = lambda step: None) -> Sent:
        """Try everything that is due.

        :param at_once: try whatever waits, but for what a recipient may have already.
        :raises StopRequested: a stop was asked for; what was not delivered waits.
        :raises JournalUnavailable: the outbox cannot be read or written.
        """
        with self._outbox.turn() as ours:
            if not ours:
                return Sent(0, len(self._outbox.waiting()), None, busy=True)
            self._record()
            return self._try(self._outbox.waiting(), settings, at_once, observe)

    def _try(self, mails: Sequence[OutboxMail], settings: AlertSettings, at_once: bool, observe: Observer) -> Sent:
        blocked: set[str] = set()  # those who wait for an earlier mail
        given_up: dict[str, datetime] = {}  # since when those have been refused who were given up in this run
        delivered, waiting = 0, 0
        for position, mail in enumerate(mails):
            self._clock.check_stop()
            self._progress()
            now = self._clock.now()
            if now - mail.letter.written_at > TOO_OLD:
                self._give_up(mail)
                continue
            before = {recipient: mail.trials.get(recipient, FRESH) for recipient in settings.recipients}
            left = [recipient for recipient, trial in before.items() if trial.state is MailState.WAITING]
            ready = [
                recipient
                for recipient in left
                if recipient not in blocked
                and (_is_due(before[recipient], now) or (at_once and not before[recipient].unanswered))
            ]
            if ready:
                after, fault = self._attempt(mail, ready, settings, observe, given_up)
            else:
                after, fault = mail.trials, None
            if not left:  # those left are no recipients any more
                self._note(mail, after, state_of(after, settings.recipients))
            waiting += state_of(after, settings.recipients) is MailState.WAITING
            delivered += any(after[recipient].state is MailState.SENT for recipient in ready)
            if fault is not None:
                return Sent(delivered, waiting + len(mails) - position - 1, fault)
            blocked |= {recipient for recipient in left if after.get(recipient, FRESH).state is MailState.WAITING}
            for recipient in ready:
                refused_since = after[recipient].refused_since
                if after[recipient].state is MailState.GIVEN_UP and refused_since is not None:
                    given_up.setdefault(recipient, refused_since)
        return Sent(delivered, waiting, None)

    def _attempt(
        self,
        mail: OutboxMail,
        ready: Sequence[str],
        settings: AlertSettings,
        observe: Observer,
        given_up: Mapping[str, datetime],
    ) -> tuple[Mapping[str, RecipientStatus], MailError | None]:
        """One dialogue about one mail. Its result is kept, whatever it is."""
        now, sender, letter = self._clock.now(), settings.sender or "", mail.letter
        trials = {**mail.trials, **{each: begun(mail.trials.get(each, FRESH), now) for each in ready}}
        self._note(mail, trials, MailState.WAITING)

        def told(step: SmtpStep) -> None:
            self._progress()
            observe(step)

        fault: MailError | None = None
        server: MailServer | None = None
        try:
            with dialogue(settings, self._clock, told, self._progress) as server:
                answers = server.hand_over(sender, ready, message(letter, sender, settings.recipients))
        except StopRequested:
            # No failed attempt: the next process begins with this mail. But who may have it is counted.
            trials = {**mail.trials, **self._unanswered(letter, trials, server, "stop")}
            self._note(mail, trials, state_of(trials, settings.recipients))
            raise
        except MailError as error:
            fault = error
            log.warning("alert.mail_failed", subject=letter.subject, error=error.event, **error.fields)
            trials |= {recipient: evolve(trials[recipient], reply=error.reason) for recipient in ready}
            trials |= self._unanswered(letter, trials, server, error.reason)
        else:
            now = self._clock.now()
            for recipient, answer in answers.items():
                since = given_up.get(recipient)
                # This mail has been refused no longer than it has been there.
                since = None if since is None else max(since, letter.written_at)
                trials[recipient] = ended(trials[recipient], answer, now, since)
            _tell(letter, {recipient: trials[recipient] for recipient in ready})
        self._note(mail, trials, state_of(trials, settings.recipients))
        return trials, fault

    def _unanswered(
        self, letter: Mail, trials: Mapping[str, RecipientStatus], server: MailServer | None, reply: str
    ) -> dict[str, RecipientStatus]:
        """The status of those to whom the mail was sent without an answer."""
        now = self._clock.now()
        recipients = () if server is None else server.unanswered
        after = {recipient: unanswered(trials[recipient], reply, now) for recipient in recipients}
        settled = [recipient for recipient, trial in after.items() if trial.state is MailState.UNKNOWN]
        if settled:
            log.error("alert.mail_unanswered", subject=letter.subject, recipients=settled, times=MOST_UNANSWERED)
        return after

    def _give_up(self, mail: OutboxMail) -> None:
        trials = {
            recipient: evolve(trial, state=MailState.GIVEN_UP) if trial.state is MailState.WAITING else trial
            for recipient, trial in mail.trials.items()
        }
        log.error("alert.mail_too_old", subject=mail.letter.subject, days=TOO_OLD.days)
        self._note(mail, trials, state_of(trials, trials))

    def _note(self, mail: OutboxMail, trials: Mapping[str, RecipientStatus], state: MailState) -> None:
        self._unrecorded = (mail.id, trials, state)
        self._record()

    def _record(self) -> None:
        """Write what has not been written, in this run or an earlier one; raises JournalUnavailable."""
        if self._unrecorded is not None:
            self._outbox.note(*self._unrecorded, self._clock.now())
            self._unrecorded = None


def _tell(letter: Mail, trials: Mapping[str, RecipientStatus]) -> None:
    reached = [recipient for recipient, trial in trials.items() if trial.state is MailState.SENT]
    if reached:
        log.info("alert.mail_sent", subject=letter.subject, recipients=reached)
    for recipient, trial in trials.items():
        if trial.state is not MailState.SENT:
            given_up = trial.state is MailState.GIVEN_UP
            tell = log.error if given_up else log.warning
            event = "alert.mail_given_up" if given_up else "alert.mail_refused"
            tell(event, subject=letter.subject, recipient=recipient, reply=trial.reply, attempts=trial.attempts)


def send_directly(
    letter: Mail,
    settings: AlertSettings,
    clock: Clock,
    observe: Observer = lambda step: None,
    progress: Callable[[], None] = lambda: None,
) -> Mapping[str, SmtpStep]:
    """Send a mail that stands in no outbox to every recipient; returns the server's answer about each.

    :raises MailError: it could not be handed over at all.
    """
    sender = settings.sender or ""
    with dialogue(settings, clock, observe, progress) as server:
        return server.hand_over(sender, settings.recipients, message(letter, sender, settings.recipients))


def send_test(
    settings: AlertSettings, language: str, zone: tzinfo | None, clock: Clock, observe: Observer, names: ProgramNames
) -> Mapping[str, SmtpStep]:
    """Send a test to every recipient; as :func:`send_directly`."""
    letter = write(Notification(Purpose.TEST, ()), plain_mail_context(settings, language, names, zone), clock.now())
    return send_directly(letter, settings, clock, observe)
