"""``backup`` and ``recover``: a copy of the journal, and a new journal from a damaged one."""

from contextlib import suppress
from pathlib import Path

import click

from baikaldoc_pos.cli.app import App, pass_app
from baikaldoc_pos.cli.commands import Command
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import StateLock, check_whole, recover


def backup_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    file = click.Argument(["file"], metavar=text.text("cli.metavar.file"), type=click.Path(path_type=Path))
    return Command(text, name="backup", help=text.text("cli.backup.help"), params=[file], callback=pass_app(_backup))


def _backup(app: App, /, *, file: Path) -> int:
    with app.journal() as journal:
        try:
            journal.back_up(file)
        except FileExistsError:
            raise click.UsageError(app.text.text("backup.exists", path=file)) from None
    click.echo(app.text.text("backup.done", path=file))
    return 0


def recover_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    yes = click.Option(["--yes"], is_flag=True, help=text.text("cli.recover.yes"))
    return Command(text, name="recover", help=text.text("cli.recover.help"), params=[yes], callback=pass_app(_recover))


def _recover(app: App, /, *, yes: bool) -> int:
    clock = SystemClock()
    with suppress(JournalUnavailable):  # that is what it is for
        app.journal().close()
    with StateLock(app.paths.state, "recover", clock):
        if not (yes or click.confirm(app.text.text("recover.confirm", path=app.paths.state), err=True)):
            return 1
        aside, lost = recover(app.paths.state, clock.now())
    check_whole(app.paths.state)
    click.echo(app.text.text("recover.done", path=aside))
    for table, count in lost.items():
        click.echo(app.text.text("recover.lost", table=table, count=count), err=True)
    if "exclusions" in lost:
        click.echo(app.text.text("recover.lost_exclusions"), err=True)
    return 1 if lost else 0
