"""``pause``, ``resume``, ``retry`` and ``reload``: the running service is told what to do."""

import getpass
import os
import re
from datetime import timedelta

import click

from baikaldoc_pos.cli.app import ISN, App, asked_moment, pass_app
from baikaldoc_pos.cli.commands import Command
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import LONGEST_PAUSE, Pause, PauseFile, holder_of
from baikaldoc_pos.service.reload import ask_for_cycle, await_reload

_PART = re.compile(r"([0-9]{1,9})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def pause_command(text: Catalogue) -> click.Command:
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
    if not timedelta(0) < length <= LONGEST_PAUSE:
        raise click.UsageError(app.text.text("cli.pause.bounds", days=LONGEST_PAUSE.days))
    end = now + length
    PauseFile(app.paths.state).begin(Pause(end, now, _user()))
    click.echo(app.localized(zone).naming_zone.text("pause.begun", until=end))
    print_idle_state(app)
    return 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as containers have
        return str(os.getuid())


def print_idle_state(app: App) -> None:
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
        raise click.UsageError(app.text.text("cli.pause.bounds", days=LONGEST_PAUSE.days)) from None


def resume_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    return Command(text, name="resume", help=text.text("cli.resume.help"), callback=pass_app(_resume))


def _resume(app: App, /) -> int:
    paused = PauseFile(app.paths.state).end()
    if not paused:
        app.journal().close()  # a directory that has neither is the wrong one
    click.echo(app.text.text("pause.ended" if paused else "pause.none"))
    print_idle_state(app)
    if paused and ask_for_cycle(app.paths.state):
        click.echo(app.text.text("cycle.asked_for"))
    return 0


def retry_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    params = [
        click.Argument(["rubrics"], type=ISN, nargs=-1, metavar="ISN…"),
        click.Option(["--all", "everything"], is_flag=True, help=text.text("cli.retry.all")),
    ]
    return Command(text, name="retry", help=text.text("cli.retry.help"), params=params, callback=pass_app(_retry))


def _retry(app: App, /, *, rubrics: tuple[int, ...], everything: bool) -> int:
    if bool(rubrics) == everything:
        raise click.UsageError(app.text.text("cli.retry.one_of"))
    with app.writable_journal() as journal:
        wanted = [entry.rubric_isn for entry in journal.open_retries()] if everything else sorted(set(rubrics))
        hastened = journal.retry_now(wanted)
    if not wanted:
        click.echo(app.text.text("failed.none"))
    unknown = [isn for isn in wanted if isn not in hastened]
    if unknown:
        click.echo(app.text.text("retry.unknown", isns=unknown), err=True)
    if hastened:
        click.echo(app.text.text("retry.hastened", count=len(hastened)))
        pause = PauseFile(app.paths.state).current(SystemClock().now())
        if pause is not None:
            click.echo(app.localized(app.zone()).naming_zone.text("writing.paused", until=pause.until, by=pause.by))
        else:
            asked = ask_for_cycle(app.paths.state)
            click.echo(app.text.text("cycle.asked_for" if asked else "retry.next_cycle"))
    return 1 if unknown else 0


WAIT_SECONDS = 60.0


def reload_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    return Command(text, name="reload", help=text.text("cli.reload.help"), callback=pass_app(_reload))


def _reload(app: App, /) -> int:
    pid = _service_pid(app)
    if pid is None:
        return _reload_failed(app, "reload.no_service", os.EX_UNAVAILABLE)
    try:
        result = await_reload(app.paths.state, pid, WAIT_SECONDS)
    except ProcessLookupError:
        return _reload_failed(app, "reload.no_service", os.EX_UNAVAILABLE)
    except PermissionError:
        return _reload_failed(app, "reload.not_permitted", os.EX_NOPERM, pid=pid)
    if result is None:
        return _reload_failed(app, "reload.no_answer", os.EX_UNAVAILABLE, seconds=round(WAIT_SECONDS))
    if result.faults:
        return _reload_failed(app, "reload.rejected", os.EX_CONFIG, count=result.faults)
    click.echo(app.text.text("reload.done"))
    return 0


def _service_pid(app: App) -> int | None:
    """systemd's word, else whoever holds the state directory, if that is the service."""
    given = app.environ.get("MAINPID", "")
    if given.isdigit():
        return int(given)
    pid, running = holder_of(app.paths.state)
    return pid if running == "run" else None


def _reload_failed(app: App, sentence: str, code: int, **fields: object) -> int:
    click.echo(app.text.text(sentence, **fields), err=True)
    return code
