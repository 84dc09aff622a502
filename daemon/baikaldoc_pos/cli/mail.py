"""``test-alert`` and ``notify-failure``: mails that people, or systemd, ask for."""

import os
from contextlib import closing

import click

from baikaldoc_pos.alerts import NoRecipients, ProgramNames, SmtpStep, notify_failure, send_test
from baikaldoc_pos.cli.app import App, pass_app
from baikaldoc_pos.cli.commands import Command
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.config import load_alert_settings, render
from baikaldoc_pos.errors import JournalUnavailable, MailError
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import AlertJournal, Outbox
from baikaldoc_pos.logs import LogSettings, configure


def test_alert_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    return Command(text, name="test-alert", help=text.text("cli.test_alert.help"), callback=pass_app(_test_alert))


def _test_alert(app: App, /) -> int:
    settings, faults = load_alert_settings(app.paths.config, app.environ)
    if settings is None:
        for fault in faults:
            click.echo(render(fault, app.text), err=True)
        return os.EX_CONFIG
    if not settings.enabled:
        click.echo(app.text.text("mail.nobody_to_tell"), err=True)
        return os.EX_CONFIG
    try:
        answers = send_test(
            settings,
            app.text.language,
            app.zone(),
            SystemClock(),
            lambda step: print_step(step, app.text),
            ProgramNames(),
        )
    except MailError as error:
        click.echo(app.text.render(error.event, error.fields), err=True)
        return error.exit_code
    finally:
        _print_waiting(app)
    refused = {recipient: answer for recipient, answer in answers.items() if not answer.ok}
    accepted = [recipient for recipient in answers if recipient not in refused]
    if accepted:
        click.echo(app.text.text("mail.test_sent", recipients=accepted))
    for recipient, answer in refused.items():
        click.echo(app.text.text("mail.test_refused", recipient=recipient, reply=answer.reply), err=True)
    if not refused:
        return 0
    return os.EX_PROTOCOL if any(answer.for_good for answer in refused.values()) else os.EX_TEMPFAIL


def print_step(step: SmtpStep, text: Catalogue) -> None:
    """One line: how the step went, what it was, what the server said."""
    name = text.text(f"mail.step.{step.name}", subject=step.subject)
    click.echo(text.text("mail.step.ok" if step.ok else "mail.step.failed", name=name, reply=step.reply))


def _print_waiting(app: App) -> None:
    """Mails that wait are what one runs this command for."""
    try:
        journal = AlertJournal.open(app.paths.state)
        if journal is None:
            return
        with journal:
            summary = Outbox.beside(journal).summary()
    except JournalUnavailable:
        return
    if summary.waiting:
        text = app.localized(app.zone())
        click.echo(text.text("mail.waiting", count=summary.waiting, oldest=summary.oldest, reply=summary.reply))


def notify_failure_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    unit = click.Argument(["unit"], metavar=text.text("cli.metavar.unit"))
    return Command(
        text,
        name="notify-failure",
        help=text.text("cli.notify_failure.help"),
        params=[unit],
        callback=pass_app(_notify_failure),
    )


def _notify_failure(app: App, /, *, unit: str) -> int:
    with closing(configure(LogSettings(language=app.text.language), None)):
        told = notify_failure(unit, app.paths, app.environ, SystemClock(), lambda step: print_step(step, app.text))
    if isinstance(told, NoRecipients):
        for fault in told.faults:
            click.echo(render(fault, app.text), err=True)
        click.echo(app.text.text("mail.nobody_to_tell"), err=True)
        return os.EX_CONFIG
    if told.journal_fault is not None:
        click.echo(app.text.render(told.journal_fault.event, told.journal_fault.fields), err=True)
    if told.sent.fault is not None:
        click.echo(app.text.render(told.sent.fault.event, told.sent.fault.fields), err=True)
        return told.sent.fault.exit_code
    if told.sent.waiting:
        click.echo(app.text.text("mail.still_waiting", count=told.sent.waiting), err=True)
        return os.EX_TEMPFAIL
    click.echo(app.text.text("mail.failure_told" if told.sent.delivered else "mail.failure_known", unit=unit))
    return 0
