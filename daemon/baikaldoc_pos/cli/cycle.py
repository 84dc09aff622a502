"""``once``: a cycle, how it is reported, and how it is stopped."""

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from types import FrameType

import click
from attrs import asdict, evolve
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from baikaldoc_pos.assembly import (
    gateway,
    log_settings,
    open_for_reading,
    open_journal,
    open_session,
    tell_notices,
)
from baikaldoc_pos.cli.app import App, asked_moment, pass_app, print_json
from baikaldoc_pos.cli.commands import Command
from baikaldoc_pos.cli.output import print_table, print_unmapped
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.config import Configuration, render
from baikaldoc_pos.errors import BaikaldocError, ConfigurationInvalid, OutputFailed, StopRequested
from baikaldoc_pos.i18n import Catalogue, EventLog
from baikaldoc_pos.journal import CycleCounts, PauseFile, StateLock
from baikaldoc_pos.logs import configure
from baikaldoc_pos.model import Period
from baikaldoc_pos.state import CycleProgress
from baikaldoc_pos.sync import CycleContext, CycleReport, run_cycle

# Asked for on purpose; whoever asks twice does not want to wait.
ASKED = (signal.SIGTERM, signal.SIGINT)


class Stopping:
    """A clock that a signal stops, and the signals that have come.

    :param clock: raises StopRequested where work would wait or begin anew after the first signal.
    """

    def __init__(self) -> None:
        self.clock = SystemClock(threading.Event())
        self._received: list[int] = []

    @property
    def exit_code(self) -> int:
        """That of a process which ended by the first signal; 0 where none came."""
        return 128 + self._received[0] if self._received else 0

    def receive(self, number: int, _frame: FrameType | None = None) -> None:
        """What a handler does. Leaving in the middle of a batch is safe: its intents are in the journal.

        A SIGHUP never counts as the second: the kernel, the shell and systemd send theirs for one and the same end of
        a terminal, beside each other or beside a SIGTERM.
        """
        asked_before = any(each in ASKED for each in self._received)
        if number in ASKED and asked_before:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._received.append(number)
        self.clock.stop.set()


def run_stoppable(act: Callable[[Stopping], int]) -> int:
    """The exit code that ``act`` returns, or that of the signal which kept it from doing so."""
    with _handled() as stopping:
        try:
            return act(stopping)
        except StopRequested:
            return stopping.exit_code
        except OutputFailed:
            # With the terminal closed, there is nobody to tell what was done; it is done all the same.
            if stopping.exit_code:
                return stopping.exit_code
            raise


@contextmanager
def _handled() -> Iterator[Stopping]:
    """SIGTERM, SIGINT and SIGHUP (the terminal has been closed, the connection dropped) are received while it lasts;
    a SIGHUP that is ignored (``nohup``) stays so.
    """
    stopping = Stopping()
    numbers = [*ASKED, *([signal.SIGHUP] if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else [])]
    before = {number: signal.signal(number, stopping.receive) for number in numbers}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def print_report(console: Console, text: Catalogue, report: CycleReport, *, as_json: bool) -> None:
    """What a cycle did."""
    if as_json:
        targets = [
            {"target": target, "outcome": str(outcome), "count": count}
            for (target, outcome), count in sorted(report.targets.items())
        ]
        print_json(
            _cycle_object(text, report.error, report.counts)
            | {
                "dry_run": report.dry_run,
                "cycle": report.cycle_id,
                "kind": str(report.kind),
                "period": asdict(report.period),
                "targets": targets,
                "unmapped_statuses": [asdict(status) for status in report.unmapped],
                "seconds": round(report.seconds, 3),
            }
        )
        return
    console.print(text.naming_zone.text("report.period", start=report.period.start, end=report.period.end))
    if report.targets:
        rows = [
            {"target": target, "outcome": text.text(f"outcome.{outcome}"), "count": count}
            for (target, outcome), count in sorted(report.targets.items())
        ]
        print_table(console, text, "report.targets", ("target", "outcome", "count"), rows)
    print_unmapped(console, text, report.unmapped)
    if report.error is not None:
        console.print(text.render(report.error.event, report.error.fields))
    console.print(text.text("report.counts", **asdict(report.counts), seconds=round(report.seconds, 1)))
    if report.counts.refused or report.counts.failed:
        console.print(text.text("report.see_failed"))


def print_preview(console: Console, text: Catalogue, report: CycleReport, *, as_json: bool) -> None:
    """What a cycle would write: a line a record, and how many of each target."""
    records = [
        {
            "isn": change.rubric.isn,
            "document": change.rubric.document_isn,
            "number": change.rubric.number,
            "sstu_status": change.rubric.sstu_status,
            "target": change.target,
        }
        for change in report.would_write
    ]
    totals = sorted(Counter(change.target for change in report.would_write).items())
    if as_json:
        print_json(
            _preview_object(text, None, report.counts)
            | {
                "kind": str(report.kind),
                "period": asdict(report.period),
                "would_update": len(records),
                "targets": [{"target": target, "count": count} for target, count in totals],
                "changes": records,
                "unmapped_statuses": [asdict(status) for status in report.unmapped],
                "whole": report.whole,
            }
        )
        return
    console.print(text.naming_zone.text("report.period", start=report.period.start, end=report.period.end))
    if records:
        columns = ("number", "isn", "sstu_status", "target")
        print_table(console, text, "preview.changes", columns, records)
        rows = [{"target": target, "count": count} for target, count in totals]
        print_table(console, text, "preview.targets", ("target", "count"), rows)
    print_unmapped(console, text, report.unmapped)
    if not report.whole:
        console.print(text.text("preview.incomplete"))
    console.print(text.text("preview.counts", **asdict(report.counts), would_update=len(records)))


def print_unbegun(text: Catalogue, error: BaikaldocError, *, dry_run: bool) -> None:
    """The JSON object of a cycle, or of a preview, that an error kept from beginning or from being told: the same
    keys, and zeros.
    """
    print_json((_preview_object if dry_run else _cycle_object)(text, error, CycleCounts()))


def _cycle_object(text: Catalogue, error: BaikaldocError | None, counts: CycleCounts) -> dict[str, object]:
    """All keys of a cycle's object; the order is that of the output."""
    return {
        "dry_run": False,
        "cycle": None,
        "kind": None,
        "period": None,
        **asdict(counts),
        "targets": [],
        "unmapped_statuses": [],
        "error": error_as_json(error, text),
        "seconds": 0.0,
    }


def _preview_object(text: Catalogue, error: BaikaldocError | None, counts: CycleCounts) -> dict[str, object]:
    """All keys of a preview's object."""
    return {
        "dry_run": True,
        "kind": None,
        "period": None,
        **asdict(counts),
        "would_update": 0,
        "targets": [],
        "changes": [],
        "unmapped_statuses": [],
        "whole": False,
        "error": error_as_json(error, text),
    }


def error_as_json(error: BaikaldocError | None, text: Catalogue) -> dict[str, object] | None:
    """An error with its event, its sentence and its fields; a configuration's with all faults."""
    if error is None:
        return None
    plain = {
        name: value for name, value in error.fields.items() if isinstance(value, str | int | float | datetime | None)
    }
    faults = (
        {"faults": [render(fault, text) for fault in error.faults]} if isinstance(error, ConfigurationInvalid) else {}
    )
    return {"event": error.event, "message": text.render(error.event, error.fields), **plain, **faults}


def once_command(text: Catalogue) -> click.Command:
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
            run = run_preview if dry_run else run_once
            return run(app, configuration, asked, stopping, as_json=as_json)
        except OutputFailed:
            raise
        except BaikaldocError as error:
            if as_json:
                print_unbegun(app.localized(app.zone()), error, dry_run=dry_run)
            raise

    return run_stoppable(act)


def run_once(
    app: App,
    configuration: Configuration,
    asked: Period | None,
    stopping: Stopping,
    *,
    as_json: bool,
    remapping: bool = False,
) -> int:
    """Run a cycle on the journal and print its report; returns the exit code."""
    zone, clock = configuration.processing.zone, stopping.clock
    text = app.localized(zone)
    with (
        StateLock(app.paths.state, "once", clock) as lock,
        closing(configure(log_settings(configuration), app.paths.logs, console=False)),
        open_journal(app.paths, zone, clock) as journal,
        # Cron starts us again and again: neither a seat that a crash left nor a rejection is to be forgotten.
        closing(open_session(configuration, clock, kept_in=app.paths.state)) as session,
    ):
        tell_notices(configuration, app.paths.config, text)
        pause = PauseFile(app.paths.state)

        def may_write() -> None:
            lock.check()
            pause.check(clock.now())

        may_write()
        with _progress(text, shown=not as_json) as progress:
            context = CycleContext(
                delo=gateway(session, configuration, clock, journal=journal),
                journal=journal,
                clock=clock,
                configuration=configuration,
                may_write=may_write,
                progress=progress,
            )
            try:
                report = run_cycle(context, asked, remapping=remapping)
            finally:
                session.sign_out()
        report = evolve(report, counts=evolve(report.counts, requests=session.requests))
        show = print_preview if report.dry_run and not as_json and report.error is None else print_report
        show(app.console(), text, report, as_json=as_json)
        journal.thin(configuration.service.retention)
    return stopping.exit_code if isinstance(report.error, StopRequested) else report.exit_code


def run_preview(
    app: App,
    configuration: Configuration,
    asked: Period | None,
    stopping: Stopping,
    *,
    as_json: bool,
    remapping: bool = False,
) -> int:
    """Run a cycle on a copy of the journal, without writing to ДЕЛО, and print what it would write."""
    zone, clock = configuration.processing.zone, stopping.clock
    with open_for_reading(app.paths, configuration, clock) as (journal, delo):
        context = CycleContext(delo, journal, clock, configuration, preview=True)
        report = run_cycle(context, asked, remapping=remapping)
        if report.error is not None:
            raise report.error
    print_preview(app.console(), app.localized(zone), report, as_json=as_json)
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


log = EventLog(__name__)
