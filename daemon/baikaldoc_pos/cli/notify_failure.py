"""``notify-failure UNIT``: tell people by mail that the service has failed (started by systemd's OnFailure=)."""

import os
from contextlib import closing

import click

from baikaldoc_pos.alerts import NobodyToTell, notify_failure
from baikaldoc_pos.cli.app import App, pass_app
from baikaldoc_pos.cli.localized import Command
from baikaldoc_pos.cli.test_alert import tell_step
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.config import render
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.logs import LogSettings, configure


def command(text: Catalogue) -> click.Command:
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
        told = notify_failure(unit, app.paths, app.environ, SystemClock(), lambda step: tell_step(step, app.text))
    if isinstance(told, NobodyToTell):
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
