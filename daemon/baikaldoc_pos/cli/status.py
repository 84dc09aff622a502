"""``status``: the last success, the last cycles, what waits on the retry list, unmapped statuses."""

from collections.abc import Sequence
from contextlib import nullcontext

import click
from attrs import asdict

from baikaldoc_pos.cli.app import App, pass_app, print_json
from baikaldoc_pos.cli.localized import Command
from baikaldoc_pos.cli.tables import print_table, print_unmapped
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import AlertJournal, Checkpoint, Cycle, JournalReader, OpenCondition, Pause, PauseFile

CYCLES = 10
CYCLE_COLUMNS = ("id", "started_at", "kind", "found", "updated", "refused", "failed", "unmapped", "result")


def command(text: Catalogue) -> click.Command:
    """The command in one language."""
    as_json = click.Option(["--json", "as_json"], is_flag=True, help=text.text("cli.option.json"))
    return Command(text, name="status", help=text.text("cli.status.help"), params=[as_json], callback=pass_app(_status))


def _status(app: App, /, *, as_json: bool) -> int:
    pause = PauseFile(app.paths.state).current(SystemClock().now())
    with AlertJournal.open(app.paths.state) or nullcontext() as journal:
        if as_json:
            print_json(as_values(journal, pause, app.text))
        elif journal is None:
            click.echo(app.text.text("status.no_journal", path=app.paths.state))
        else:
            _print(app, journal, pause)
    return 0


def as_values(journal: AlertJournal | None, pause: Pause | None, text: Catalogue) -> dict[str, object]:
    """The state as plain values; a monitoring system reads them, so the keys are stable."""
    values: dict[str, object] = {
        "last_success": None,
        "bookmark": None,
        "paused_until": pause.until if pause is not None else None,
        "open_retries": 0,
        "open_changes": 0,
        "unmapped": 0,
        "unmapped_statuses": [],
        "alerts": [],
        "cycles": [],
    }
    if journal is None:
        return values
    unmapped = journal.unmapped_summary()
    return values | {
        "last_success": journal.last_success(),
        "bookmark": journal.checkpoint(Checkpoint.BOOKMARK),
        "open_retries": journal.count_retries(),
        "open_changes": journal.count_open_changes(),
        "unmapped": sum(status.count for status in unmapped),
        "unmapped_statuses": [asdict(status) for status in unmapped],
        "alerts": [_alert_values(condition, text) for condition in journal.open_conditions()],
        "cycles": [_cycle_values(cycle) for cycle in journal.last_cycles(CYCLES)],
    }


def _alert_values(condition: OpenCondition, text: Catalogue) -> dict[str, object]:
    return {
        "kind": condition.kind,
        "name": text.render(f"alert.kind.{condition.kind}.name", {}),
        "since": condition.since,
    }


def _cycle_values(cycle: Cycle) -> dict[str, object]:
    return {
        "id": cycle.id,
        "kind": cycle.kind,
        "started_at": cycle.started_at,
        "finished_at": cycle.finished_at,
        "period": asdict(cycle.period) if cycle.period else None,
        **asdict(cycle.counts),
        "error": cycle.error_event,
    }


def _print(app: App, journal: JournalReader, pause: Pause | None) -> None:
    text, console = app.localized(app.zone()), app.console()
    last = journal.last_success()
    console.print(text.text("status.last_success", at=last) if last else text.text("status.never"))
    bookmark = journal.checkpoint(Checkpoint.BOOKMARK)
    if bookmark is not None:
        console.print(text.text("status.bookmark", at=bookmark))
    if pause is not None:
        console.print(text.text("writing.paused", until=pause.until, by=pause.by))
    print_table(console, text, "status.cycles", CYCLE_COLUMNS, _cycle_rows(journal.last_cycles(CYCLES), text))
    print_unmapped(console, text, journal.unmapped_summary())
    waiting = journal.count_retries()
    if waiting:
        console.print(text.text("status.retries", count=waiting))
    unknown = journal.count_open_changes()
    if unknown:
        console.print(text.text("status.open_changes", count=unknown))


def _cycle_rows(cycles: Sequence[Cycle], text: Catalogue) -> list[dict[str, object]]:
    return [
        {**_cycle_values(cycle), "kind": text.text(f"kind.{cycle.kind}"), "result": _result(cycle, text)}
        for cycle in cycles
    ]


def _result(cycle: Cycle, text: Catalogue) -> str:
    if cycle.error_event is not None:
        return text.render(cycle.error_event, cycle.error_fields or {})
    return text.text("status.running" if cycle.finished_at is None else "status.done")
