"""Tables, CSV and JSON out of the same rows."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from attrs import asdict
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from baikaldoc_pos.cli.app import print_json
from baikaldoc_pos.events import Catalogue
from baikaldoc_pos.rubrics import UnmappedStatus

Row = Mapping[str, object]
UNMAPPED_COLUMNS = ("status", "count", "examples")


def print_table(console: Console, text: Catalogue, title: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """A table whose headings are the catalogue's ``column.<name>``; a missing value is a dash."""
    table = Table(title=text.text(title), title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(text.text(f"column.{column}"), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell(row.get(column), text)) for column in columns))
    console.print(table)


def print_rows(
    console: Console, text: Catalogue, title: str, columns: Sequence[str], rows: Sequence[Row], form: str | None
) -> None:
    """The rows as a table, or as ``csv`` or ``json`` on stdout."""
    if form == "json":
        print_json([{column: row.get(column) for column in columns} for row in rows])
    elif form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows([_csv_cell(row.get(column)) for column in columns] for row in rows)
    else:
        print_table(console, text, title, columns, rows)


def print_unmapped(console: Console, text: Catalogue, unmapped: Sequence[UnmappedStatus]) -> None:
    """The ССТУ statuses that the mapping does not know, where there are any."""
    if unmapped:
        print_table(console, text, "report.unmapped", UNMAPPED_COLUMNS, [asdict(status) for status in unmapped])


def cell(value: object, text: Catalogue) -> str:
    """A value as a person reads it, on one line and without control characters that a terminal would obey."""
    shown = text.value(value)
    return "".join(character if character.isprintable() else " " for character in shown)


def _csv_cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    shown = "" if value is None else str(value)
    # A spreadsheet would take such a text for a formula; ДЕЛО's words are not ours to trust.
    return f"'{shown}" if shown[:1] in {"=", "+", "-", "@"} and not shown[1:].isdigit() else shown
