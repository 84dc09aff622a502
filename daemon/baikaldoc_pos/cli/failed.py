"""``failed``: the retry list with ДЕЛО's words."""

import click

from baikaldoc_pos.cli.app import App, pass_app
from baikaldoc_pos.cli.localized import Command
from baikaldoc_pos.cli.tables import print_rows
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import RetryEntry

SHOWN_COLUMNS = ("number", "isn", "outcome", "message", "system_message", "attempts", "next_attempt_at")
# For people; as CSV or JSON, there is no limit.
SHOWN_ROWS = 500
COLUMNS = (
    "number",
    "isn",
    "document",
    "outcome",
    "message",
    "message_code",
    "system_message",
    "attempts",
    "first_failed_at",
    "next_attempt_at",
)


def command(text: Catalogue) -> click.Command:
    """The command in one language."""
    form = [
        click.Option(["--csv", "form"], flag_value="csv", help=text.text("cli.option.csv")),
        click.Option(["--json", "form"], flag_value="json", help=text.text("cli.option.json")),
    ]
    return Command(text, name="failed", help=text.text("cli.failed.help"), params=form, callback=pass_app(_failed))


def _failed(app: App, /, *, form: str | None) -> int:
    journal = app.journal()
    entries: list[RetryEntry] = []
    if journal is not None:
        with journal:
            entries = journal.open_retries()
    text = app.localized(app.zone())
    if not entries and form is None:
        click.echo(text.text("failed.none"))
        return 0
    shown = entries if form is not None else entries[:SHOWN_ROWS]
    rows = [as_row(entry, text, for_people=form is None) for entry in shown]
    print_rows(app.console(), text, "failed.title", COLUMNS if form else SHOWN_COLUMNS, rows, form)
    if len(shown) < len(entries):
        click.echo(text.text("failed.limited", count=len(shown), total=len(entries)))
    return 0


def as_row(entry: RetryEntry, text: Catalogue, *, for_people: bool) -> dict[str, object]:
    """An entry as a row; the outcome is a word of the language for people, and the stored one for machines."""
    return {
        "number": entry.number,
        "isn": entry.rubric_isn,
        "document": entry.document_isn,
        "outcome": text.text(f"outcome.{entry.answer.outcome}") if for_people else str(entry.answer.outcome),
        "message": entry.answer.message,
        "message_code": entry.answer.message_code,
        "system_message": entry.answer.system_message,
        "attempts": entry.attempts,
        "first_failed_at": entry.first_failed_at,
        "next_attempt_at": entry.next_attempt_at,
    }
