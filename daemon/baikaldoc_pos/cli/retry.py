"""``retry``: try rubrics of the retry list now, without waiting for their time."""

import click

from baikaldoc_pos.cli.app import ISN, App, pass_app
from baikaldoc_pos.cli.localized import Command
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import Journal, PauseFile
from baikaldoc_pos.service.reload import ask_for_cycle


def command(text: Catalogue) -> click.Command:
    """The command in one language."""
    params = [
        click.Argument(["rubrics"], type=ISN, nargs=-1, metavar="ISN…"),
        click.Option(["--all", "everything"], is_flag=True, help=text.text("cli.retry.all")),
    ]
    return Command(text, name="retry", help=text.text("cli.retry.help"), params=params, callback=pass_app(_retry))


def _retry(app: App, /, *, rubrics: tuple[int, ...], everything: bool) -> int:
    if bool(rubrics) == everything:
        raise click.UsageError(app.text.text("cli.retry.one_of"))
    reader = app.journal()
    if reader is None:
        click.echo(app.text.text("status.no_journal", path=app.paths.state), err=True)
        return 1
    with reader:
        wanted = [entry.rubric_isn for entry in reader.open_retries()] if everything else sorted(set(rubrics))
    with Journal.open(app.paths.state, SystemClock()) as journal:
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
            click.echo(app.localized(app.zone()).text("writing.paused", until=pause.until, by=pause.by))
        else:
            asked = ask_for_cycle(app.paths.state)
            click.echo(app.text.text("cycle.asked_for" if asked else "retry.next_cycle"))
    return 1 if unknown else 0
