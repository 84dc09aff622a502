"""``history``: every change that was tried, of a rubric, a document, or since some day."""

import click

from baikaldoc_pos.cli.app import ISN, App, asked_moment, pass_app
from baikaldoc_pos.cli.localized import Command
from baikaldoc_pos.cli.tables import print_rows
from baikaldoc_pos.events import Catalogue
from baikaldoc_pos.journal import HistoryRow

SHOWN_COLUMNS = ("planned_at", "number", "isn", "sstu_status", "old_pos", "new_pos", "outcome", "message")
COLUMNS = (
    "planned_at",
    "settled_at",
    "cycle",
    "isn",
    "document",
    "number",
    "sstu_status",
    "old_pos",
    "new_pos",
    "outcome",
    "message",
    "message_code",
    "system_message",
)
# For people; with a filter, or as CSV or JSON, there is no limit.
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
    text = app.localized(zone)
    instant = asked_moment(app, "--since", since, zone) if since is not None else None
    everything = (rubric, document, number, instant) == (None, None, None, None)
    limit = SHOWN_ROWS if everything and form is None else None
    journal = app.journal()
    found: list[HistoryRow] = []
    if journal is not None:
        with journal:
            found = list(journal.history(rubric=rubric, document=document, number=number, since=instant, limit=limit))
    if not found and form is None:
        click.echo(text.text("history.none"))
        return 0
    rows = [_row(row, text, for_people=form is None) for row in found]
    print_rows(app.console(), text, "history.title", COLUMNS if form else SHOWN_COLUMNS, rows, form)
    if limit is not None and len(found) == limit:
        click.echo(text.text("history.limited", count=limit))
    return 0


def _row(row: HistoryRow, text: Catalogue, *, for_people: bool) -> dict[str, object]:
    outcome: object = row.outcome
    if for_people:
        outcome = text.text(f"outcome.{row.outcome}" if row.outcome else "outcome.open")
    return {
        "planned_at": row.planned_at,
        "settled_at": row.settled_at,
        "cycle": row.cycle_id,
        "isn": row.rubric_isn,
        "document": row.document_isn,
        "number": row.number,
        "sstu_status": row.sstu_status,
        "old_pos": row.old_pos,
        "new_pos": row.new_pos,
        "outcome": outcome,
        "message": row.message,
        "message_code": row.message_code,
        "system_message": row.system_message,
    }
