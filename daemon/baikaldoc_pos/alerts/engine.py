"""Conditions open, go on and close; mails are written about it.

One mail is written when a condition opens and one when it is over. Further news wait for a digest, which leaves when
one of them has waited for ``digest_every``. :func:`decide` is pure. ``Alerts.review`` writes mails into the outbox,
``Alerts.deliver`` hands them to the mail server in a job of its own; they share only the journal, so that a dead mail
server delays nobody.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from baikaldoc_pos.alerts.conditions import (
    MOST_RECORDS,
    Condition,
    ConditionInput,
    ConditionSet,
    Observed,
    StorageFault,
    evaluate,
    of_storage,
    of_unmapped,
)
from baikaldoc_pos.alerts.context import MailContext, ProgramNames, mail_context
from baikaldoc_pos.alerts.mail import Notification, NotificationItem, Purpose, write
from baikaldoc_pos.alerts.outbox import Delivery, Sent, send_directly
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import AlertSettings, Configuration, section_of
from baikaldoc_pos.errors import JournalUnavailable, MailError
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import (
    AlertJournal,
    Mail,
    NewCondition,
    Notified,
    OpenCondition,
    Outbox,
    OutboxSummary,
    StateReader,
    last_completeness,
)

# Up to so many conditions of one kind have a mail each; more share one.
MOST_SINGLE = 5


@frozen(kw_only=True)
class AlertDecision:
    """What to record and write.

    :param opened: conditions that are new.
    :param kept: conditions that go on, by the id of the open one.
    :param closed: conditions that are over.
    :param told: ids of the kept conditions that a mail of ``mails`` speaks of.
    """

    opened: Sequence[Condition] = ()
    kept: Mapping[int, Condition] = field(factory=dict)
    closed: Sequence[OpenCondition] = ()
    told: frozenset[int] = frozenset()
    mails: Sequence[Notification] = ()


def decide(
    present: Sequence[OpenCondition],
    found: ConditionSet,
    settings: AlertSettings,
    last_digest: datetime | None,
    now: datetime,
) -> AlertDecision:
    """Compare what is open with what holds.

    :param last_digest: when the last digest was written.
    """
    before = {(each.kind, each.key): each for each in present}
    holding = {(str(each.kind), each.key): each for each in found.holding}
    opened = [each for place, each in holding.items() if place not in before]
    kept = {before[place].id: each for place, each in holding.items() if place in before}
    closed = [each for place, each in before.items() if place not in holding and each.kind not in found.unknown]

    kinds = reported(settings)
    continuing = [each for each in present if each.id in kept and each.kind in kinds]
    # Open without a mail: its kind was not reported, or there were no recipients.
    untold = {each.id for each in continuing if each.told is None}
    news = {each.id: item for each in continuing if each.told and (item := _news(each, each.told, kept[each.id]))}
    openings = [_item(each) for each in opened if each.kind in kinds]
    openings += [_item(kept[id_]) for id_ in sorted(untold)]
    closings = [
        evolve(_item(each), over=now, opening=each.told.message_id)
        for each in closed
        if each.told is not None and each.kind in kinds
    ]
    mails = [*_mails(Purpose.CLOSED, closings), *_mails(Purpose.OPENED, openings)]
    told = untold
    told_at = [each.told.at for each in continuing if each.told and each.id in news]
    if _digest_is_due(told_at, last_digest, settings.digest_every, now):
        mails.append(Notification(Purpose.DIGEST, list(news.values())))
        told |= news.keys()
    return AlertDecision(opened=opened, kept=kept, closed=closed, told=frozenset(told), mails=mails)


def _news(before: OpenCondition, told: Notified, now: Condition) -> NotificationItem | None:
    """What has come to a condition since the last mail about it; new records come first."""
    # An older version kept the number only.
    known_by_number = told.count > 0 and not told.tokens
    fresh = max(0, now.count - told.count) if known_by_number else len(now.tokens - told.tokens)
    if not fresh:
        return None
    fields = dict(now.fields)
    if now.records:
        news_first = sorted(now.records, key=lambda each: each[0] in told.tokens)
        fields["records"] = [record for _, record in news_first[:MOST_RECORDS]]
    return evolve(_item(before), fields=fields, fresh=fresh, opening=told.message_id)


def _digest_is_due(told_at: Sequence[datetime], last: datetime | None, every: timedelta, now: datetime) -> bool:
    """Whether one of the news has waited long enough and the last digest is long ago."""
    return any(now - at >= every for at in told_at) and (last is None or now - last >= every)


def _item(condition: Condition | OpenCondition) -> NotificationItem:
    return NotificationItem(condition.kind, condition.key, condition.since, condition.fields)


def _mails(purpose: Purpose, entries: Sequence[NotificationItem]) -> list[Notification]:
    """A mail for each, or one for all of a kind where there are many."""
    by_kind: dict[str, list[NotificationItem]] = {}
    for entry in entries:
        by_kind.setdefault(entry.kind, []).append(entry)
    mails = []
    for alike in by_kind.values():
        if len(alike) > MOST_SINGLE:
            mails.append(Notification(purpose, alike))
        else:
            mails += [Notification(purpose, [entry]) for entry in alike]
    return mails


log = EventLog(__name__)

# A mail about the journal itself is tried at most so often.
DIRECTLY_EVERY = timedelta(hours=1)
# A recipient refused for so long is a condition of its own, long before the mail is given up.
REFUSED_IS_TOLD_AFTER = timedelta(hours=1)


class Alerts:
    """Conditions and mails of one installation. ``review`` and ``deliver`` may run in different threads.

    :param configuration: returns the configuration in force.
    :param progress: called while a mail is being handed over, in the thread that delivers.
    :param names: the names of the program and the unit in mails.
    """

    def __init__(
        self,
        journal: StateReader,
        configuration: Callable[[], Configuration],
        clock: Clock,
        progress: Callable[[], None] = lambda: None,
        names: ProgramNames = ProgramNames(),  # noqa: B008 - frozen
    ) -> None:
        self._journal = AlertJournal.beside(journal)
        self._outbox = Outbox.beside(journal)
        self._configuration = configuration
        self._names = names
        self._clock = clock
        self._progress = progress
        self._delivery = Delivery(self._outbox, clock, progress)
        self._reviewing = threading.Lock()
        self._unmapped: tuple[object, Sequence[Condition]] = None, ()
        # The journal cannot keep its own failure: the condition, and the mail that nobody has got yet.
        self._lost: NewCondition | None = None
        self._unsent: Mail | None = None
        self._sent_directly_at: datetime | None = None

    def review(self, observed: Observed) -> None:
        """Open and close conditions, and write the mails about them. Quick: reads only the journal.

        Never raises JournalUnavailable: that is a condition itself, and ``deliver`` sends the mail about it directly.
        """
        with self._reviewing:
            configuration = self._configuration()
            settings = configuration.service.alerts
            context = mail_context(configuration, self._names)
            faults = [fault for fault in observed.storage if fault.what == "journal"]
            try:
                if not faults:
                    self._take_back_what_was_lost()
                    self._journal.remember_settings(section_of(settings))
                    settle(self._journal, self._look(observed, settings), settings, context, self._clock.now())
            except JournalUnavailable as unavailable:
                path, reason = (str(unavailable.fields[name]) for name in ("path", "reason"))
                faults = [StorageFault("journal", path, reason, self._clock.now())]
            if faults and self._lost is None:
                self._tell_of_loss(of_storage(faults), settings, context)

    def _look(self, observed: Observed, settings: AlertSettings) -> ConditionSet:
        now, journal = self._clock.now(), self._journal
        if observed.paused:
            journal.note_pause(now)
        facts = ConditionInput(
            now=now,
            observed=observed,
            last_success=journal.last_success(now),
            trying_since=journal.trying_since(),
            paused_at=journal.paused_at(),
            retries=journal.open_retries(),
            unmapped=self._unmapped_conditions(now),
            incomplete_windows=journal.incomplete_windows.all(),
            completeness=last_completeness(journal),
            undelivered=self._outbox.undelivered(refused_before=now - REFUSED_IS_TOLD_AFTER),
        )
        return evaluate(facts, settings)

    def _unmapped_conditions(self, now: datetime) -> Sequence[Condition]:
        """The conditions of unmapped statuses; made anew where the rubrics have changed, since there may be many."""
        version = self._journal.unmapped_version()
        if version != self._unmapped[0]:
            self._unmapped = version, of_unmapped(self._journal.unmapped_names(), now)
        return self._unmapped[1]

    def deliver(self) -> Sent | None:
        """Hand over the mails that are due; None where there are no recipients. May be slow.

        :raises StopRequested: a stop was asked for; what was not delivered waits.
        """
        settings = self._configuration().service.alerts
        if not settings.enabled:
            return None
        self._send_directly(settings)
        try:
            sent = self._delivery.run(settings)
        except JournalUnavailable as unavailable:
            log.warning("alert.outbox_unavailable", **unavailable.fields)
            return None
        return sent

    def open_conditions(self) -> list[OpenCondition]:
        """What is open now; raises JournalUnavailable."""
        return self._journal.open_conditions()

    def outbox(self) -> OutboxSummary:
        """The outbox at a glance; raises JournalUnavailable."""
        return self._outbox.summary()

    def _send_directly(self, settings: AlertSettings) -> None:
        """Send the mail that no outbox can keep, at most once an hour."""
        now, letter = self._clock.now(), self._unsent
        recently = self._sent_directly_at is not None and now - self._sent_directly_at < DIRECTLY_EVERY
        if letter is None or recently:
            return
        self._unsent, self._sent_directly_at = None, now
        try:
            answers = send_directly(letter, settings, self._clock, progress=self._progress)
        except MailError as error:
            log.warning("alert.mail_failed", subject=letter.subject, error=error.event, **error.fields)
            self._unsent = letter
            return
        reached = [recipient for recipient, answer in answers.items() if answer.ok]
        if reached:
            log.info("alert.mail_sent", subject=letter.subject, recipients=reached)
        else:
            self._unsent = letter

    def _tell_of_loss(self, condition: Condition, settings: AlertSettings, context: MailContext) -> None:
        now, told = self._clock.now(), None
        if condition.kind in reported(settings):
            self._unsent = opening_mail(condition, context, now)
            told = Notified(now, condition.count, condition.tokens, self._unsent.message_id)
        self._lost = NewCondition(condition.kind, condition.key, condition.since, condition.fields, told)
        log.error("alert.opened", kind=str(condition.kind), key=condition.key)

    def _take_back_what_was_lost(self) -> None:
        """Record what was told without the journal, now that it works again; the next step can close it."""
        if self._lost is None:
            return
        now = self._clock.now()
        is_open = {(each.kind, each.key) for each in self._journal.open_conditions()}
        opened = [] if (self._lost.kind, self._lost.key) in is_open else [self._lost]
        self._journal.record(now, opened=opened, letters=[] if self._unsent is None else [self._unsent])
        self._lost = self._unsent = None


def reported(settings: AlertSettings) -> frozenset[str]:
    """The kinds that mails are written about: none without recipients."""
    return frozenset(settings.report) if settings.enabled else frozenset()


def opening_mail(condition: Condition, context: MailContext, now: datetime) -> Mail:
    """The mail about a condition that has begun."""
    return write(Notification(Purpose.OPENED, [_item(condition)]), context, now)


def settle(
    journal: AlertJournal, found: ConditionSet, settings: AlertSettings, context: MailContext, now: datetime
) -> None:
    """Compare what holds with what is open, write the mails, and record both at once; raises JournalUnavailable."""
    present = {each.id: each for each in journal.open_conditions()}
    decision = decide(list(present.values()), found, settings, journal.last_written(Purpose.DIGEST), now)
    letters = [write(notification, context, now) for notification in decision.mails]
    opening = {
        (item.kind, item.key): letter.message_id
        for notification, letter in zip(decision.mails, letters, strict=True)
        if notification.purpose is Purpose.OPENED
        for item in notification.entries
    }

    def notified(condition: Condition, known: Notified | None) -> Notified | None:
        """What people know after the mails: what they knew, and what these tell."""
        if known is not None:
            # Tokens that are gone are forgotten: should one come back, it is news again.
            return Notified(now, max(known.count, condition.count), condition.tokens, known.message_id)
        message_id = opening.get((condition.kind, condition.key))
        return None if message_id is None else Notified(now, condition.count, condition.tokens, message_id)

    opened = [
        NewCondition(each.kind, each.key, each.since, each.fields, notified(each, None)) for each in decision.opened
    ]
    closed = [each.id for each in decision.closed]
    seen = {id_: each.fields for id_, each in decision.kept.items() if each.fields != present[id_].fields}
    told = {id_: after for id_ in decision.told if (after := notified(decision.kept[id_], present[id_].told))}
    if opened or closed or seen or told or letters:
        journal.record(now, opened=opened, closed=closed, seen=seen, told=told, letters=letters)
    for each in decision.opened:
        log.warning("alert.opened", kind=str(each.kind), key=each.key)
    for over in decision.closed:
        log.info("alert.closed", kind=over.kind, key=over.key, since=over.since)
