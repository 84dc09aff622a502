"""``remap``, ``exclude``, ``include`` and ``windows``: what a person corrects, or takes note of."""

import click

from baikaldoc_pos.cli.app import App, asked_moment, pass_app
from baikaldoc_pos.cli.commands import Command
from baikaldoc_pos.cli.cycle import Stopping, run_once, run_preview, run_stoppable
from baikaldoc_pos.cli.output import print_table
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import Exclusion, folded
from baikaldoc_pos.journal.explain import names_of, search
from baikaldoc_pos.model import Period


def remap_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    instant = text.text("cli.metavar.moment")
    params = [
        click.Option(["--from", "start"], metavar=instant, help=text.text("cli.remap.from")),
        click.Option(["--to", "end"], metavar=instant, help=text.text("cli.remap.to")),
        click.Option(["--dry-run"], is_flag=True, help=text.text("cli.remap.dry-run")),
        click.Option(["--yes"], is_flag=True, help=text.text("cli.remap.yes")),
    ]
    return Command(text, name="remap", help=text.text("cli.remap.help"), params=params, callback=pass_app(_remap))


def _remap(app: App, /, *, start: str | None, end: str | None, dry_run: bool, yes: bool) -> int:
    configuration = app.configuration()
    zone = configuration.processing.zone
    written = None
    if start is not None:
        until = SystemClock().now() if end is None else asked_moment(app, "--to", end, zone, end=True)
        written = Period(asked_moment(app, "--from", start, zone), until)
        if written.start >= written.end:
            raise click.UsageError(app.text.text("cli.once.order"))
    elif end is not None:
        raise click.UsageError(app.text.text("cli.once.to_alone"))
    app.journal().close()  # what is there to be mapped anew stands in it

    def act(stopping: Stopping) -> int:
        if dry_run or not yes:
            shown = run_preview(app, configuration, written, stopping, as_json=False, remapping=True)
            if dry_run or not click.confirm(app.text.text("remap.confirm"), err=True):
                return shown
        return run_once(app, configuration, written, stopping, as_json=False, remapping=True)

    return run_stoppable(act)


def exclude_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    params = [
        click.Argument(["name"], metavar=text.text("cli.metavar.appeal")),
        click.Option(["--reason"], metavar=text.text("cli.metavar.text"), help=text.text("cli.exclude.reason")),
    ]
    return Command(text, name="exclude", help=text.text("cli.exclude.help"), params=params, callback=pass_app(_exclude))


def _exclude(app: App, /, *, name: str, reason: str | None) -> int:
    if not folded(name):
        raise click.UsageError(app.text.text("cli.exclude.empty"))
    with app.writable_journal() as journal:
        journal.exclusions.add(Exclusion(name.strip(), reason, SystemClock().now()))
    click.echo(app.text.text("exclude.done", name=name.strip()))
    with app.journal() as reader:
        if not search(reader, name).stories:
            click.echo(app.text.text("exclude.unknown", name=name.strip()), err=True)
    return 0


def include_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    params = [click.Argument(["name"], metavar=text.text("cli.metavar.appeal"))]
    return Command(text, name="include", help=text.text("cli.include.help"), params=params, callback=pass_app(_include))


def _include(app: App, /, *, name: str) -> int:
    with app.journal() as reader:
        # By whichever name the appeal was excluded.
        names = {folded(name), *(alias for story in search(reader, name).stories for alias in names_of(story))}
    with app.writable_journal() as journal:
        known = [each.name for each in journal.exclusions.all() if folded(each.name) in names]
        for each in known:
            journal.exclusions.remove(each)
    click.echo(app.text.text("include.done" if known else "include.unknown", name=name), err=not known)
    return 0 if known else 1


def windows_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    params = [click.Option(["--acknowledge"], is_flag=True, help=text.text("cli.windows.acknowledge"))]
    return Command(text, name="windows", help=text.text("cli.windows.help"), params=params, callback=pass_app(_windows))


def _windows(app: App, /, *, acknowledge: bool) -> int:
    with app.journal() as reader:
        listed = reader.incomplete_windows.all()
    text = app.localized(app.zone())
    if not listed:
        click.echo(text.text("windows.none"))
        return 0
    rows = [
        {
            "start": each.period.start,
            "end": each.period.end,
            "count": each.rows,
            "total": each.total,
            "attempts": each.tries,
            "reason": text.text(each.reason),
            "unreadable": each.unreadable,
            "acknowledged_at": each.acknowledged_at,
        }
        for each in listed
    ]
    print_table(app.console(), text, "windows.title", tuple(rows[0]), rows)
    if acknowledge:
        with app.writable_journal() as journal:
            count = journal.incomplete_windows.acknowledge(SystemClock().now())
        click.echo(text.text("windows.acknowledged", count=count))
    return 0
