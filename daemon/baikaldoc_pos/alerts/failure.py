"""The mail about a failed service: systemd's OnFailure= calls it, so it works where the service cannot start.

It needs a mail server and recipients, but no sound configuration, no journal and no state lock. Where there is a
journal, it keeps the condition and the mail, so that one failure is told once and the service closes it.
"""

from collections.abc import Mapping, Sequence

from attrs import evolve, frozen

from baikaldoc_pos.alerts.conditions import MOST_RECORDS, Condition, ConditionSet
from baikaldoc_pos.alerts.context import MailContext, ProgramNames, command_line, mail_context, plain_mail_context
from baikaldoc_pos.alerts.engine import opening_mail, reported, settle
from baikaldoc_pos.alerts.outbox import Delivery, Sent, send_directly
from baikaldoc_pos.alerts.smtp import Observer
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import (
    AlertKind,
    AlertSettings,
    ConfigError,
    Configuration,
    Paths,
    load_alert_settings,
    load_configuration,
    peek_language,
    peek_zone,
    read_alert_settings,
    render,
)
from baikaldoc_pos.errors import ConfigurationInvalid, JournalUnavailable, MailError
from baikaldoc_pos.journal import AlertJournal, Mail, Outbox

TURN_SECONDS = 30.0
_KINDS = frozenset(AlertKind)
# This unit has neither ДЕЛО's credential nor access to its file, so it finds these faults where nothing is wrong.
_OUT_OF_SIGHT = frozenset(
    f"config.fault.{name}"
    for name in (
        "password_missing",
        "password_unreadable",
        "password_not_utf8",
        "password_file_empty",
        "password_lines",
        "path_invalid",
    )
)
_OUT_OF_SIGHT_KEYS = frozenset({"password", "password_file"})


@frozen
class NoRecipients:
    """There are no recipients, or the section ``alerts`` has these faults."""

    faults: Sequence[ConfigError] = ()


@frozen
class NotifyResult:
    """The mail about the failure is sent, or waits.

    :param journal_fault: why the journal could not be used.
    """

    sent: Sent
    journal_fault: JournalUnavailable | None = None


def notify_failure(
    unit: str,
    paths: Paths,
    environ: Mapping[str, str],
    clock: Clock,
    observe: Observer = lambda step: None,
) -> NoRecipients | NotifyResult:
    """Send a mail about the failure of a unit.

    :param environ: systemd's ``MONITOR_*`` say how it failed, ``CREDENTIALS_DIRECTORY`` has the password.
    :raises StopRequested: a stop was asked for.
    """
    journal: AlertJournal | None = None
    journal_fault: JournalUnavailable | None = None
    try:
        journal = AlertJournal.create(paths.state, clock.now())
    except JournalUnavailable as unavailable:
        journal_fault = unavailable
    try:
        settings, faults = _settings(paths, environ, journal)
        if settings is None or AlertKind.SERVICE_FAILED not in reported(settings):
            return NoRecipients(faults)
        names = ProgramNames(command=command_line(paths), service=unit)
        context, reasons = _context(settings, paths, environ, names)
        condition = _condition(unit, environ, reasons, clock)
        if journal is not None:
            try:
                # Of anything but this failure nothing is known here.
                settle(journal, ConditionSet([condition], _KINDS), settings, context, clock.now())
                delivery = Delivery(Outbox.beside(journal), clock)
                return NotifyResult(_deliver(delivery, settings, clock, observe))
            except JournalUnavailable as unavailable:
                journal_fault = unavailable
        letter = opening_mail(condition, context, clock.now())
        return NotifyResult(_tell_directly(letter, settings, clock, observe), journal_fault)
    finally:
        if journal is not None:
            journal.close()


def _settings(
    paths: Paths, environ: Mapping[str, str], journal: AlertJournal | None
) -> tuple[AlertSettings | None, Sequence[ConfigError]]:
    """The section ``alerts`` as it is now; where it cannot be used, as the service last had it."""
    settings, faults = load_alert_settings(paths.config, environ)
    if settings is not None or journal is None:
        return settings, faults
    try:
        remembered = journal.remembered_settings()
    except JournalUnavailable:
        return None, faults
    if remembered is None:
        return None, faults
    kept, _ = read_alert_settings(remembered, paths.config, environ)
    if kept is None:
        # A password in the unreadable file is gone; some servers take mail without.
        kept, _ = read_alert_settings({**remembered, "user": None, "passwordFile": None}, paths.config, environ)
    return kept, faults


def _context(
    settings: AlertSettings, paths: Paths, environ: Mapping[str, str], names: ProgramNames
) -> tuple[MailContext, Sequence[str]]:
    """The context, and the faults of the configuration: probably the reason of the failure."""
    try:
        configuration: Configuration = load_configuration(paths.config, environ)
    except ConfigurationInvalid as invalid:
        context = plain_mail_context(settings, peek_language(paths.config), names, peek_zone(paths.config))
        return context, [render(fault, context.text) for fault in invalid.faults if not _is_out_of_sight(fault)]
    configuration = evolve(configuration, service=evolve(configuration.service, alerts=settings))
    return mail_context(configuration, names), ()


def _is_out_of_sight(fault: ConfigError) -> bool:
    return fault.key in _OUT_OF_SIGHT_KEYS and fault.problem in _OUT_OF_SIGHT


def _condition(unit: str, environ: Mapping[str, str], reasons: Sequence[str], clock: Clock) -> Condition:
    fields = {
        "unit": unit,
        "result": environ.get("MONITOR_SERVICE_RESULT") or "—",
        "exit_code": environ.get("MONITOR_EXIT_CODE") or "—",
        "exit_status": environ.get("MONITOR_EXIT_STATUS") or "—",
        "lines": list(reasons[:MOST_RECORDS]),
    }
    # Each start of the unit has an id: the same failure, reported twice by systemd, is no news.
    invocation = environ.get("MONITOR_INVOCATION_ID")
    tokens = frozenset({invocation} if invocation else ())
    return Condition(AlertKind.SERVICE_FAILED, unit, clock.now(), fields, tokens=tokens)


def _deliver(delivery: Delivery, settings: AlertSettings, clock: Clock, observe: Observer) -> Sent:
    """Deliver now; wait where the service delivers, as it may after a restart."""
    deadline = clock.monotonic() + TURN_SECONDS
    while True:
        sent = delivery.run(settings, at_once=True, observe=observe)
        if not sent.busy or not sent.waiting or clock.monotonic() >= deadline:
            return sent
        clock.pause(1.0)


def _tell_directly(letter: Mail, settings: AlertSettings, clock: Clock, observe: Observer) -> Sent:
    try:
        answers = send_directly(letter, settings, clock, observe).values()
    except MailError as error:
        return Sent(0, 1, error)
    return Sent(int(any(each.ok for each in answers)), int(not all(each.ok for each in answers)), None)
