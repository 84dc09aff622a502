"""``history``: every change that was tried, of a rubric, a document, or since some day; and for a registration number
the answer to what it is asked for: why the appeal is not on the showcase.
"""

import os
from contextlib import nullcontext

import click

from baikaldoc_pos.cli.app import ISN, App, asked_moment, pass_app
from baikaldoc_pos.cli.localized import Command
from baikaldoc_pos.cli.tables import cell, print_array, print_table, print_values
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import Conditions, HistoryRow, JournalReader
from baikaldoc_pos.journal.explain import LONGEST, Found, reasons, search, spellings

SHOWN_COLUMNS = ("planned_at", "number", "isn", "sstu_status", "old_pos", "new_pos", "outcome", "message")
# As machines know them, and what they are called in a HistoryRow.
COLUMNS = {
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
SHOWN_ROWS = 100


def command(text: Catalogue) -> click.Command:
    """The command in one language."""
    params = [
        click.Option(["--rubric"], type=ISN, metavar="ISN", help=text.text("cli.history.rubric")),
        click.Option(["--document"], type=ISN, metavar="ISN", help=text.text("cli.history.document")),
        click.Option(["--number"], metavar=text.text("cli.metavar.number"), help=text.text("cli.history.number")),
        click.Option(["--since"], metavar=text.text("cli.metavar.moment"), help=text.text("cli.history.since")),
        click.Option(["--csv", "form"], flag_value="csv", help=text.text("cli.option.csv")),
        click.Option(["--json", "form"], flag_value="json", help=text.text("cli.option.json")),
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
    wanted = Conditions(
        rubric=rubric,
        document=document,
        numbers=spellings(number) if number is not None else None,
        since=instant,
    )
    with app.journal() or nullcontext() as journal:
        if form is not None:
            _print_all(journal, wanted, form)
            return 0
        text = app.localized(zone)
        _print_table(app, text, journal, wanted)
        if number is not None:
            print_stories(text, journal, number)
    return 0


def _print_all(journal: JournalReader | None, wanted: Conditions, form: str) -> None:
    if form == "json":
        print_array(journal.history_objects(COLUMNS, **wanted) if journal is not None else ())
    else:
        fields = list(COLUMNS.values())
        print_values(tuple(COLUMNS), journal.history_values(fields, **wanted) if journal is not None else (), form)


def _print_table(app: App, text: Catalogue, journal: JournalReader | None, wanted: Conditions) -> None:
    found = list(journal.history(limit=SHOWN_ROWS + 1, **wanted)) if journal is not None else []
    if not found:
        click.echo(text.text("history.none"))
        return
    rows = [_row(row, text) for row in found[:SHOWN_ROWS]]
    print_table(app.console(), text, "history.title", SHOWN_COLUMNS, rows)
    if len(found) > SHOWN_ROWS:
        click.echo(text.text("history.limited", count=SHOWN_ROWS))


def _row(row: HistoryRow, text: Catalogue) -> dict[str, object]:
    return {
        **{column: getattr(row, COLUMNS[column]) for column in SHOWN_COLUMNS},
        "outcome": text.text(f"outcome.{row.outcome}" if row.outcome else "outcome.open"),
    }


def print_stories(text: Catalogue, journal: JournalReader | None, number: str) -> None:
    """What follows for each rubric of that number, or why there may be nothing to follow from."""
    found = search(journal, number, by_isn=False) if journal is not None else Found((), more=False)
    for story in found.stories:
        click.echo(
            text.text("search.rubric", number=cell(story.number, text), isn=story.isn, document=story.document_isn)
        )
        click.echo("  " + cell(text.render(story.conclusion.event, story.conclusion.fields), text))
    if found.more:
        click.echo(text.text("history.more", shown=len(found.stories)))
    if not found.stories:
        click.echo(text.text("search.nothing", query=cell(number, text)))
        click.echo(text.text("search.nothing.why"))
        for sentence, fields in reasons(journal):
            click.echo("  - " + text.render(sentence, fields))


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
