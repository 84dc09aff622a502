"""Alerting as the service has it: two calls, a quick one that looks and a slow one that delivers.

``review`` compares what is so with what is open and writes mails into the outbox; ``deliver`` hands them to the mail
server, in a job of its own. The two share nothing but the journal, so a dead mail server delays nobody.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from baikaldoc_pos.alerts.conditions import Condition, Facts, Observed, StorageFault, findings, of_storage
from baikaldoc_pos.alerts.ledger import Decision, Dispatch, Entry, Purpose, Rules, decide
from baikaldoc_pos.alerts.messages import write
from baikaldoc_pos.alerts.outbox import Delivery, Sent
from baikaldoc_pos.alerts.sections import Voice
from baikaldoc_pos.alerts.voices import Names, voice_of
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import AlertSettings, Configuration, section_of
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import (
    AlertJournal,
    Letter,
    NewCondition,
    OpenCondition,
    Outbox,
    OutboxSummary,
    StateReader,
    Told,
)

log = EventLog(__name__)

KEEP_SETTLED = timedelta(days=90)
TIDY_EVERY = timedelta(days=1)
# A refusal for good that has lasted so long is told to whoever can be reached, long before a mail is given up.
REFUSED_IS_TOLD_AFTER = timedelta(hours=1)


class Alerts:
    """Conditions and mails of one installation. ``review`` and ``deliver`` may run in different threads.

    :param journal: the service's journal.
    :param configuration: called at each review and delivery for the one in force.
    :param progress: called while a mail is being handed over, in the thread that delivers.
    :param names: how the program and the unit are called in mails.
    """

    def __init__(
        self,
        journal: StateReader,
        configuration: Callable[[], Configuration],
        clock: Clock,
        progress: Callable[[], None] = lambda: None,
        names: Names = Names(),  # noqa: B008 - frozen
    ) -> None:
        self._journal = AlertJournal.beside(journal)
        self._outbox = Outbox.beside(journal)
        self._configuration = configuration
        self._names = names
        self._clock = clock
        self._tidied: datetime | None = None
        self._delivery = Delivery(self._outbox, clock, progress)
        self._reviewing = threading.Lock()
        # The journal's own failure, which cannot be kept in the journal: the condition and what was told of it.
        self._lost: NewCondition | None = None

    def review(self, observed: Observed) -> None:
        """Open and close conditions, and write the mails about them. Quick: asks nobody but the journal.

        Never raises JournalUnavailable: that is itself a condition, told of by a mail that is kept in memory.
        """
        with self._reviewing:
            configuration = self._configuration()
            settings = configuration.service.alerts
            voice = voice_of(configuration, self._names)
            faults = [fault for fault in observed.storage if fault.what == "journal"]
            try:
                if not faults:
                    self._take_back_what_was_lost()
                    self._journal.remember_settings(section_of(settings))
                    review(self._journal, self._outbox, observed, settings, voice, self._clock)
            except JournalUnavailable as unavailable:
                path, reason = (str(unavailable.fields[name]) for name in ("path", "reason"))
                faults = [StorageFault("journal", path, reason, self._clock.now())]
            if faults and self._lost is None:
                self._tell_of_loss(of_storage(faults), settings, voice)

    def deliver(self) -> Sent | None:
        """Hand over what waits in the outbox and is due; None where there is nobody to tell. May be slow.

        :raises StopRequested: a stop was asked for; what was not delivered waits.
        """
        settings = self._configuration().service.alerts
        if not settings.enabled:
            return None
        try:
            sent = self._delivery.run(settings)
            self._tidy()
        except JournalUnavailable as unavailable:
            log.warning("alert.outbox_unavailable", **unavailable.fields)
            return None
        return sent

    def open_conditions(self) -> list[OpenCondition]:
        """What is open now, for metrics and the page; raises JournalUnavailable."""
        return self._journal.open_conditions()

    def outbox(self) -> OutboxSummary:
        """How the mails fare; raises JournalUnavailable."""
        return self._outbox.summary()

    def _tidy(self) -> None:
        now = self._clock.now()
        if self._tidied is None or now - self._tidied > TIDY_EVERY:
            self._journal.forget_settled(now - KEEP_SETTLED)
            self._tidied = now

    def _tell_of_loss(self, condition: Condition, settings: AlertSettings, voice: Voice) -> None:
        now = self._clock.now()
        told = None
        if condition.kind in reported(settings):
            entry = Entry(condition.kind, condition.key, condition.since, condition.fields)
            letter = write(Dispatch(Purpose.OPENED, [entry]), voice, now)
            self._delivery.keep_in_memory(letter)
            told = Told(now, condition.count, condition.tokens, letter.message_id)
        self._lost = NewCondition(condition.kind, condition.key, condition.since, condition.fields, told)
        log.error("alert.opened", kind=str(condition.kind), key=condition.key)

    def _take_back_what_was_lost(self) -> None:
        """The journal works again: it gets what was told without it, and the next step can close it."""
        if self._lost is None:
            return
        now = self._clock.now()
        is_open = {(each.kind, each.key) for each in self._journal.open_conditions()}
        opened = [] if (self._lost.kind, self._lost.key) in is_open else [self._lost]
        self._journal.record(now, opened=opened, letters=self._delivery.in_memory())
        self._delivery.forget_memory()
        self._lost = None


def reported(settings: AlertSettings) -> frozenset[str]:
    """The kinds that mails are written about."""
    return frozenset(settings.report) if settings.enabled else frozenset()


def review(
    journal: AlertJournal, outbox: Outbox, observed: Observed, settings: AlertSettings, voice: Voice, clock: Clock
) -> None:
    """One look at everything; raises JournalUnavailable."""
    now = clock.now()
    if observed.paused:
        journal.note_pause(now)
    facts = Facts(
        now=now,
        observed=observed,
        last_success=journal.last_success(),
        trying_since=journal.trying_since(),
        paused_at=journal.paused_at(),
        retries=journal.open_retries(),
        unmapped=journal.unmapped_names(),
        undelivered=outbox.undelivered(refused_before=now - REFUSED_IS_TOLD_AFTER),
    )
    present = journal.open_conditions()
    rules = Rules(
        reported=reported(settings),
        digest_every=settings.digest_every,
        last_digest=journal.last_written(Purpose.DIGEST),
    )
    decision = decide(present, findings(facts, settings), rules, now)
    keep(journal, present, decision, voice, clock)


def keep(
    journal: AlertJournal, present: list[OpenCondition], decision: Decision, voice: Voice, clock: Clock
) -> list[Letter]:
    """Write a decision's mails and record both at once; returns the mails."""
    now = clock.now()
    letters = [write(dispatch, voice, now) for dispatch in decision.mails]
    opening: dict[tuple[str, str], str] = {}
    for dispatch, letter in zip(decision.mails, letters, strict=True):
        if dispatch.purpose is Purpose.OPENED:
            opening |= dict.fromkeys(dispatch.about, letter.message_id)
    by_id = {each.id: each for each in present}
    seen = {id_: condition.fields for id_, condition in decision.kept.items() if condition.fields != by_id[id_].fields}
    told = {id_: _told(by_id[id_], decision.kept[id_], opening, clock) for id_ in decision.told}
    opened = []
    for each in decision.opened:
        message_id = opening.get((each.kind, each.key))
        news = None if message_id is None else Told(now, each.count, each.tokens, message_id)
        opened.append(NewCondition(each.kind, each.key, each.since, each.fields, news))
    if opened or decision.closed or seen or told or letters:
        journal.record(
            now, opened=opened, closed=[each.id for each in decision.closed], seen=seen, told=told, letters=letters
        )
    for each in decision.opened:
        log.warning("alert.opened", kind=str(each.kind), key=each.key)
    for over in decision.closed:
        log.info("alert.closed", kind=over.kind, key=over.key, since=over.since)
    return letters


def _told(before: OpenCondition, now: Condition, opening: dict[tuple[str, str], str], clock: Clock) -> Told:
    """What people know after this mail: what they knew, and what it tells."""
    known = before.told
    if known is None:
        return Told(clock.now(), now.count, now.tokens, opening.get((before.kind, before.key), ""))
    # What was told of and is gone need not be remembered: should it come back, it is news again.
    return Told(clock.now(), max(known.count, now.count), now.tokens, known.message_id)
