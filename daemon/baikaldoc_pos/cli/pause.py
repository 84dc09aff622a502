"""``pause``: the service goes on without writing for a while. A pause always has an end."""

import getpass
import re
from datetime import timedelta

import click

from baikaldoc_pos.cli.app import App, asked_moment, pass_app
from baikaldoc_pos.cli.localized import Command
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import Pause, PauseFile, holder_of

_PART = re.compile(r"([0-9]{1,9})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
LONGEST = timedelta(days=31)


def command(text: Catalogue) -> click.Command:
    """``pause`` in one language."""
    params = [
        click.Option(["--for", "duration"], metavar="4h", help=text.text("cli.pause.for")),
        click.Option(["--until"], metavar=text.text("cli.metavar.moment"), help=text.text("cli.pause.until")),
    ]
    return Command(text, name="pause", help=text.text("cli.pause.help"), params=params, callback=pass_app(_pause))


def _pause(app: App, /, *, duration: str | None, until: str | None) -> int:
    zone, now = app.zone(), SystemClock().now()
    if (duration is None) == (until is None):
        raise click.UsageError(app.text.text("cli.pause.one_of"))
    if duration is not None:
        length = _length(app, duration)
    else:
        length = asked_moment(app, "--until", until or "", zone, end=True) - now
    if not timedelta(0) < length <= LONGEST:
        raise click.UsageError(app.text.text("cli.pause.bounds", days=LONGEST.days))
    end = now + length
    PauseFile(app.paths.state).begin(Pause(end, now, getpass.getuser()))
    click.echo(app.localized(zone).text("pause.begun", until=end))
    tell_whose(app)
    return 0


def tell_whose(app: App) -> None:
    """Say which state directory it is about, where no service works on it: it may be the wrong one."""
    _, running = holder_of(app.paths.state)
    if running != "run":
        click.echo(app.text.text("pause.no_service", path=app.paths.state.absolute()), err=True)


def _length(app: App, given: str) -> timedelta:
    """``4h``, ``90m``, ``1d12h``; raises click.UsageError."""
    parts = _PART.findall(given)
    if not parts or "".join(number + unit for number, unit in parts) != given:
        raise click.UsageError(app.text.text("cli.pause.length", value=given))
    try:
        return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())
    except OverflowError:
        raise click.UsageError(app.text.text("cli.pause.bounds", days=LONGEST.days)) from None
