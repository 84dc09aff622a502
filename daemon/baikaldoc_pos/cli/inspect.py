"""``status``, ``history``, ``failed`` and ``report``: what the journal knows. Nothing is changed."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from operator import attrgetter

import click
from attrs import asdict
from rich.console import Console

from baikaldoc_pos.cli.app import ISN, App, asked_moment, pass_app, print_json
from baikaldoc_pos.cli.commands import Command
from baikaldoc_pos.cli.csv_output import print_csv
from baikaldoc_pos.cli.output import (
    cell,
    print_array,
    print_rows,
    print_table,
    print_unmapped,
    profile_lines,
)
from baikaldoc_pos.cli.report import completeness_lines, completeness_values, form_options
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.errors import ConfigurationInvalid
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import (
    AlertJournal,
    Checkpoint,
    Conditions,
    Cycle,
    HistoryRow,
    JournalReader,
    Pause,
    PauseFile,
    RetryEntry,
    last_completeness,
)
from baikaldoc_pos.journal.explain import LONGEST, ended, reasons, search, spellings
from baikaldoc_pos.lookalikes import likeness
from baikaldoc_pos.model import Outcome
from baikaldoc_pos.sync.follow import least_requests
from baikaldoc_pos.sync.planner import remapped

CYCLES = 10
CYCLE_COLUMNS = ("id", "started_at", "kind", "found", "updated", "refused", "failed", "unmapped", "result")


def status_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    as_json = click.Option(["--json", "as_json"], is_flag=True, help=text.text("cli.option.json"))
    return Command(text, name="status", help=text.text("cli.status.help"), params=[as_json], callback=pass_app(_status))


def _status(app: App, /, *, as_json: bool) -> int:
    pause = PauseFile(app.paths.state).current(SystemClock().now())
    if pause is not None and not as_json:
        click.echo(app.localized(app.zone()).naming_zone.text("writing.paused", until=pause.until, by=pause.by))
    with app.alert_journal() as journal:
        if as_json:
            print_json(as_values(journal, pause, app.text))
        else:
            _print_status(app, journal, zone_named=pause is not None)
    return 0


def as_values(journal: AlertJournal, pause: Pause | None, text: Catalogue) -> dict[str, object]:
    """The state as plain values; a monitoring system reads them, so the keys are stable."""
    unmapped = journal.unmapped_summary()
    address, profile = journal.known_server()
    return {
        "last_success": journal.last_success(SystemClock().now()),
        "bookmark": journal.checkpoint(Checkpoint.BOOKMARK),
        "paused_until": pause.until if pause is not None else None,
        "open_retries": journal.count_retries(),
        "open_changes": journal.count_open_changes(),
        "reopened": len(journal.followed.reopened()),
        "incomplete_windows": len(journal.incomplete_windows.all()),
        "excluded": [asdict(each) for each in journal.exclusions.all()],
        "unmapped": sum(status.count for status in unmapped),
        "unmapped_statuses": [asdict(status) for status in unmapped],
        "alerts": [
            {"kind": each.kind, "name": text.text(f"alert.kind.{each.kind}.name"), "since": each.since}
            for each in journal.open_conditions()
        ],
        "completeness": completeness_values(last_completeness(journal)),
        "cycles": [_cycle_values(cycle) for cycle in journal.last_cycles(CYCLES)],
        "server": {"address": address, **asdict(profile)} if profile is not None else None,
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


def _print_status(app: App, journal: JournalReader, *, zone_named: bool) -> None:
    text, console = app.localized(app.zone()), app.console()
    first = text if zone_named else text.naming_zone
    last = journal.last_success(SystemClock().now())
    lines = [first.text("status.last_success", at=last) if last else text.text("status.never")]
    bookmark = journal.checkpoint(Checkpoint.BOOKMARK)
    if bookmark is not None:
        lines.append(first.text("status.bookmark", at=bookmark))
    console.print(text.named_once("\n".join(lines)))
    print_table(console, text, "status.cycles", CYCLE_COLUMNS, _cycle_rows(journal.last_cycles(CYCLES), text))
    unmapped = journal.unmapped_summary()
    print_unmapped(console, text, unmapped)
    configuration = None
    with suppress(ConfigurationInvalid):
        configuration = app.configuration()
    rules = configuration.processing if configuration is not None else None
    for status in unmapped:
        if rules is not None and (alike := likeness(status.status, rules.known_statuses)):
            console.print(cell(text.text("status.lookalike", status=status.status, **alike), text))
    if counted := last_completeness(journal):
        console.print("\n".join(completeness_lines(counted, text)))
    waiting = journal.count_retries()
    if waiting:
        console.print(text.text("status.retries", count=waiting))
    for pair, target in remapped(journal.followed.pairs(), rules) if rules is not None else ():
        changed = {"sstu": pair.sstu_status, "was": pair.pos_status, "target": target, "count": pair.count}
        console.print(text.render("mapping.changed", changed))
    _print_lists(console, text, journal)
    unknown = journal.count_open_changes()
    if unknown:
        console.print(text.text("status.open_changes", count=unknown))
    address, profile = journal.known_server()
    if profile is not None:
        now = SystemClock().now()
        requests = least_requests(journal, configuration, profile, now) if configuration is not None else None
        console.print("\n".join(profile_lines(profile, address, text, requests)))


def _print_lists(console: Console, text: Catalogue, journal: JournalReader) -> None:
    """What people look after: reopened appeals, windows that were not read whole, excluded appeals."""
    reopened, windows = journal.followed.reopened(), journal.incomplete_windows.all()
    if reopened:
        shown = ", ".join(each.number or f"ISN {each.rubric_isn}" for each in reopened[:MOST_NAMED])
        console.print(text.text("status.reopened", count=len(reopened), examples=shown))
    if windows:
        console.print(text.text("status.incomplete_windows", count=len(windows)))
    if excluded := journal.exclusions.all():
        rows = [{"number": each.name, "reason": each.reason, "since": each.added_at} for each in excluded]
        print_table(console, text, "status.excluded", ("number", "reason", "since"), rows)


def _cycle_rows(cycles: Sequence[Cycle], text: Catalogue) -> list[dict[str, object]]:
    return [
        {**_cycle_values(cycle), "kind": text.text(f"kind.{cycle.kind}"), "result": text.render(*ended(cycle))}
        for cycle in cycles
    ]


MOST_NAMED = 5
HISTORY_SHOWN = ("planned_at", "number", "isn", "sstu_status", "old_pos", "new_pos", "outcome", "message")
# As machines know them, and what they are called in a HistoryRow.
HISTORY_COLUMNS = {
    "planned_at": "planned_at",
    "settled_at": "settled_at",
    "cycle": "cycle_id",
    "isn": "rubric_isn",
    "document": "document_isn",
    "number": "number",
    "sstu_status": "sstu_status",
    "old_pos": "old_pos",
    "new_pos": "new_pos",
    "outcome": "outcome",
    "message": "message",
    "message_code": "message_code",
    "system_message": "system_message",
}
# For people; as CSV or JSON, there is no limit.
HISTORY_ROWS = 100


def history_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    params = [
        click.Option(["--rubric"], type=ISN, metavar="ISN", help=text.text("cli.history.rubric")),
        click.Option(["--document"], type=ISN, metavar="ISN", help=text.text("cli.history.document")),
        click.Option(["--number"], metavar=text.text("cli.metavar.number"), help=text.text("cli.history.number")),
        click.Option(["--since"], metavar=text.text("cli.metavar.moment"), help=text.text("cli.history.since")),
        *form_options(text),
    ]
    return Command(text, name="history", help=text.text("cli.history.help"), params=params, callback=pass_app(_history))


def _history(
    app: App,
    /,
    *,
    rubric: int | None,
    document: int | None,
    number: str | None,
    since: str | None,
    form: str | None,
) -> int:
    zone = app.zone()
    instant = asked_moment(app, "--since", since, zone) if since is not None else None
    number = _typed(app, number) if number is not None else None
    numbers = spellings(number) if number is not None else None
    wanted = Conditions(rubric=rubric, document=document, numbers=numbers, since=instant)
    with app.journal() as journal:
        text = app.localized(zone)
        if form is not None:
            _print_all(text, journal, wanted, form)
            return 0
        # A table's title has named the zone.
        words = text if _print_table(app, text, journal, wanted) else text.naming_zone
        asked = next((str(each) for each in (number, rubric, document) if each is not None), None)
        if asked is not None:
            lines = story_lines(app, words, journal, asked, by_isn=number is None)
            click.echo(words.named_once("\n".join(lines)))
    return 0


def _print_all(text: Catalogue, journal: JournalReader, wanted: Conditions, form: str) -> None:
    if form == "json":
        print_array(journal.history_objects(HISTORY_COLUMNS, **wanted))
    else:
        fields = list(HISTORY_COLUMNS.values())
        words: dict[object, str] = {outcome.value: text.text(f"outcome.{outcome}") for outcome in Outcome} | {
            None: text.text("outcome.open")
        }
        rows = journal.history_values(fields, **wanted)
        print_csv(text, tuple(HISTORY_COLUMNS), (_for_people(row, words) for row in rows))


_PLACES = {name: place for place, name in enumerate(HISTORY_COLUMNS)}


def _for_people(row: Sequence[object], words: Mapping[object, str]) -> Sequence[object]:
    """A change as the file has it, with instants, and with the outcome in words."""
    cells = list(row)
    for place in (_PLACES["planned_at"], _PLACES["settled_at"]):
        cells[place] = datetime.fromisoformat(str(cells[place])) if cells[place] else None
    cells[_PLACES["outcome"]] = words.get(cells[_PLACES["outcome"]])
    return cells


def _print_table(app: App, text: Catalogue, journal: JournalReader, wanted: Conditions) -> bool:
    """What was changed as a table, where there is anything."""
    found = list(journal.history(limit=HISTORY_ROWS + 1, **wanted))
    if not found:
        click.echo(text.text("history.none"))
        return False
    rows = [_history_row(row, text) for row in found[:HISTORY_ROWS]]
    print_table(app.console(), text, "history.title", HISTORY_SHOWN, rows)
    if len(found) > HISTORY_ROWS:
        click.echo(text.text("history.limited", count=HISTORY_ROWS))
    return True


def _history_row(row: HistoryRow, text: Catalogue) -> dict[str, object]:
    return {
        **{column: getattr(row, HISTORY_COLUMNS[column]) for column in HISTORY_SHOWN},
        "outcome": text.text(f"outcome.{row.outcome}" if row.outcome else "outcome.open"),
    }


def story_lines(app: App, text: Catalogue, journal: JournalReader, number: str, *, by_isn: bool) -> Iterator[str]:
    """What follows for each rubric of that number or ISN, or why there may be nothing to follow from."""
    found = search(journal, number, by_isn=by_isn)
    for story in found.stories:
        yield text.text("search.rubric", number=cell(story.number, text), isn=story.isn, document=story.document_isn)
        yield "  " + cell(text.render(story.conclusion.event, story.conclusion.fields), text)
    if found.more:
        yield text.text("history.more", shown=len(found.stories))
    if not found.stories:
        yield text.text("search.nothing", query=cell(number, text))
        if found.excluded is not None:
            yield "  " + cell(text.render(found.excluded.event, found.excluded.fields), text)
            return
        yield text.text("search.nothing.why")
        not_before = None
        with suppress(ConfigurationInvalid):
            not_before = app.configuration().processing.limits.not_before
        for sentence, fields in reasons(journal, not_before):
            yield "  - " + text.render(sentence, fields)


def _typed(app: App, number: str) -> str:
    """What was typed, also in a locale in which Python could not decode it; raises click.UsageError."""
    try:
        number.encode()
    except UnicodeEncodeError:
        number = os.fsencode(number).decode("utf-8", "replace")
    if not number.strip():
        raise click.UsageError(app.text.text("search.empty"))
    if len(number) > LONGEST:
        raise click.UsageError(app.text.text("search.too_long", longest=LONGEST))
    return number


FAILED_SHOWN = ("number", "isn", "outcome", "message", "system_message", "attempts", "next_attempt_at")
# For people; as CSV or JSON, there is no limit.
FAILED_ROWS = 500
FAILED_COLUMNS = {
    "number": "number",
    "isn": "rubric_isn",
    "document": "document_isn",
    "outcome": "answer.outcome",
    "message": "answer.message",
    "message_code": "answer.message_code",
    "system_message": "answer.system_message",
    "attempts": "attempts",
    "first_failed_at": "first_failed_at",
    "next_attempt_at": "next_attempt_at",
}


def failed_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    form = form_options(text)
    return Command(text, name="failed", help=text.text("cli.failed.help"), params=form, callback=pass_app(_failed))


def _failed(app: App, /, *, form: str | None) -> int:
    with app.journal() as journal:
        entries = journal.open_retries()
    text = app.localized(app.zone())
    if not entries and form is None:
        click.echo(text.text("failed.none"))
        return 0
    shown = entries if form is not None else entries[:FAILED_ROWS]
    rows = [_failed_row(entry, text, for_people=form != "json") for entry in shown]
    print_rows(app.console(), text, "failed.title", tuple(FAILED_COLUMNS) if form else FAILED_SHOWN, rows, form)
    if len(shown) < len(entries):
        click.echo(text.text("failed.limited", count=len(shown), total=len(entries)))
    return 0


def _failed_row(entry: RetryEntry, text: Catalogue, *, for_people: bool) -> dict[str, object]:
    """An entry as a row; the outcome is a word of the language for people, and the stored one for machines."""
    row = {column: attrgetter(path)(entry) for column, path in FAILED_COLUMNS.items()}
    outcome = str(entry.answer.outcome)
    return row | {"outcome": text.text(f"outcome.{outcome}") if for_people else outcome}
