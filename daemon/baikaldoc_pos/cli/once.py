"""``once``: one cycle now, then out. With ``--dry-run`` nothing is changed anywhere."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime

import click
from attrs import evolve
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from baikaldoc_pos.assembly import (
    checkpoints_for_preview,
    gateway,
    log_settings,
    open_journal,
    open_session,
    tell_notices,
)
from baikaldoc_pos.cli.app import App, asked_moment, pass_app
from baikaldoc_pos.cli.localized import Command
from baikaldoc_pos.cli.reports import print_preview, print_report, print_unbegun
from baikaldoc_pos.cli.stopping import Stopping, run_stoppable
from baikaldoc_pos.config import Configuration
from baikaldoc_pos.errors import BaikaldocError, OutputFailed, StopRequested
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import PauseFile, StateLock
from baikaldoc_pos.logs import configure
from baikaldoc_pos.model import Period
from baikaldoc_pos.state import CycleProgress
from baikaldoc_pos.sync import CycleContext, preview_cycle, run_cycle


def command(text: Catalogue) -> click.Command:
    """The command in one language."""

    def option(name: str, **kwargs: object) -> click.Option:
        return click.Option([f"--{name}"], help=text.text(f"cli.once.{name}"), **kwargs)  # type: ignore[arg-type]

    instant = text.text("cli.metavar.moment")
    return Command(
        text,
        name="once",
        help=text.text("cli.once.help"),
        params=[
            option("from", metavar=instant),
            option("to", metavar=instant),
            option("dry-run", is_flag=True),
            option("json", is_flag=True),
        ],
        callback=pass_app(_once),
    )


def _once(app: App, /, **options: object) -> int:
    as_json, dry_run = bool(options["json"]), bool(options["dry_run"])

    def act(stopping: Stopping) -> int:
        try:
            configuration = app.configuration()
            asked = _period(app, configuration, options)
            run = _preview if dry_run else _cycle
            return run(app, configuration, asked, stopping, as_json=as_json)
        except OutputFailed:
            raise
        except BaikaldocError as error:
            if as_json:
                print_unbegun(app.localized(app.zone()), error, dry_run=dry_run)
            raise

    return run_stoppable(act)


def _cycle(app: App, configuration: Configuration, asked: Period | None, stopping: Stopping, *, as_json: bool) -> int:
    zone, clock = configuration.processing.zone, stopping.clock
    text = app.localized(zone)
    with (
        StateLock(app.paths.state, "once", clock),
        closing(configure(log_settings(configuration), app.paths.logs, console=False)),
        open_journal(app.paths, zone, clock) as journal,
        # Cron starts us again and again: neither a seat that a crash left nor a rejection is to be forgotten.
        closing(open_session(configuration, clock, kept_in=app.paths.state)) as session,
        _progress(text, shown=not as_json) as progress,
    ):
        tell_notices(configuration, app.paths.config, text)
        pause = PauseFile(app.paths.state)
        pause.check(clock.now())
        means = CycleContext(
            delo=gateway(session, configuration, clock),
            journal=journal,
            clock=clock,
            configuration=configuration,
            may_write=lambda: pause.check(clock.now()),
            progress=progress,
        )
        try:
            report = run_cycle(means, asked)
        finally:
            session.sign_out()
        report = evolve(report, counts=evolve(report.counts, requests=session.requests))
    print_report(app.console(), text, report, as_json=as_json)
    return stopping.exit_code if isinstance(report.error, StopRequested) else report.exit_code


def _preview(app: App, configuration: Configuration, asked: Period | None, stopping: Stopping, *, as_json: bool) -> int:
    zone, clock = configuration.processing.zone, stopping.clock
    with closing(configure(log_settings(configuration), None, console=False)):
        state = app.journal()
        with closing(open_session(configuration, clock)) as session:
            try:
                marks = checkpoints_for_preview(state, app.paths, zone, clock)
                preview = preview_cycle(
                    gateway(session, configuration, clock), state, marks, clock, configuration, asked
                )
            finally:
                session.sign_out()
                if state is not None:
                    state.close()
    print_preview(app.console(), app.localized(zone), preview, as_json=as_json)
    return 0


def _period(app: App, configuration: Configuration, options: dict[str, object]) -> Period | None:
    """The period that was asked for, read in the installation's zone."""
    start, end = options["from"], options["to"]
    if start is None and end is None:
        return None
    if start is None:
        raise click.UsageError(app.text.text("cli.once.to_alone"))
    zone = configuration.processing.zone
    since = asked_moment(app, "--from", str(start), zone)
    until = datetime.now(zone) if end is None else asked_moment(app, "--to", str(end), zone, end=True)
    # What is yet to be created cannot be read.
    until = min(until, datetime.now(zone))
    if since >= until:
        raise click.UsageError(app.text.text("cli.once.order"))
    return Period(since, until)


@contextmanager
def _progress(text: Catalogue, *, shown: bool) -> Iterator[Callable[[CycleProgress], None]]:
    """A bar a stage on a terminal; elsewhere nothing."""
    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield lambda step: None
        return
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
    ) as bars:
        tasks = {stage: bars.add_task(text.text(f"progress.{stage}"), total=None) for stage in ("windows", "changes")}
        yield lambda step: bars.update(tasks[step.stage], completed=step.done, total=step.total)
