"""Tables, CSV and JSON out of the same rows."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from attrs import asdict
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from baikaldoc_pos.cli.streams import is_unicode
from baikaldoc_pos.i18n import Catalogue, visible
from baikaldoc_pos.model import UnmappedStatus
from baikaldoc_pos.server_profile import PendingFilter, ServerProfile

Row = Mapping[str, object]
UNMAPPED_COLUMNS = ("status", "count", "examples")
# What one copies from a table, or reads as one, stays in one piece where the terminal has room for that.
INSTANTS = frozenset({"planned_at", "settled_at", "started_at", "first_failed_at", "next_attempt_at"})
WHOLE = INSTANTS | {"isn", "document", "number"}
LONGEST_WHOLE = 30  # characters
LEAST = 6  # characters that each other column is left
PADDING = 2
# A spreadsheet would take a text that begins so for a formula; ДЕЛО's words are not ours to trust.
FORMULA = frozenset("=+-@\t\r\n")


def print_table(console: Console, text: Catalogue, title: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """A table whose headings are the catalogue's ``column.<name>``; a missing value is a dash."""
    shown = [[cell(row.get(column), text) for row in rows] for column in columns]
    headings = [text.text(f"column.{column}") for column in columns]
    whole = _whole(columns, headings, shown, console.width)
    if not whole:
        # With the day above the time of day there may be room.
        narrow = [
            _stacked(cells) if column in INSTANTS else cells for column, cells in zip(columns, shown, strict=True)
        ]
        whole = _whole(columns, headings, narrow, console.width)
        shown = narrow if whole else shown
    table = Table(title=text.text(title), title_justify="left", box=box.SIMPLE_HEAD)
    for column, heading in zip(columns, headings, strict=True):
        unbroken = column in whole
        table.add_column(heading.replace(" ", "\n") if unbroken else heading, overflow="fold", no_wrap=unbroken)
    for cells in zip(*shown, strict=True):
        table.add_row(*map(Text, cells))
    console.print(table)


def print_rows(
    console: Console, text: Catalogue, title: str, columns: Sequence[str], rows: Sequence[Row], form: str | None
) -> None:
    """The rows as a table, or as ``csv`` or ``json`` on stdout."""
    if form is None:
        print_table(console, text, title, columns, rows)
    else:
        print_values(columns, ([_plain(row.get(column)) for column in columns] for row in rows), form)


def print_values(columns: Sequence[str], rows: Iterable[Sequence[object]], form: str) -> None:
    """Rows of plain values as ``csv`` or ``json`` on stdout, one after another, however many there are."""
    if form == "json":
        named = (dict(zip(columns, row, strict=True)) for row in rows)
        print_array(json.dumps(each, ensure_ascii=False) for each in named)
        return
    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    # Most rows are as they should be, and looking at each cell by itself is what takes the time.
    writer.writerows(
        row
        if FORMULA.isdisjoint([value[:1] for value in row if isinstance(value, str)])
        else [_harmless(value) for value in row]
        for row in rows
    )


def print_array(objects: Iterable[str]) -> None:
    """JSON objects as an array on stdout, a line each, one after another, however many there are."""
    if not is_unicode(sys.stdout):
        objects = (json.dumps(json.loads(each)) for each in objects)
    before = "["
    for each in objects:
        sys.stdout.write(f"{before}\n  {each}")
        before = ","
    sys.stdout.write("[]\n" if before == "[" else "\n]\n")


def print_unmapped(console: Console, text: Catalogue, unmapped: Sequence[UnmappedStatus]) -> None:
    """The ССТУ statuses that the mapping does not know, where there are any."""
    if unmapped:
        print_table(console, text, "report.unmapped", UNMAPPED_COLUMNS, [asdict(status) for status in unmapped])


def cell(value: object, text: Catalogue) -> str:
    """A value as a person reads it, on one line; characters that a terminal would obey are shown as escapes."""
    return visible(text.value(value))


def _whole(columns: Sequence[str], headings: Sequence[str], shown: Sequence[Sequence[str]], width: int) -> set[str]:
    """The columns that are not broken; none where the terminal is too narrow and would cut them off instead."""
    whole: set[str] = set()
    needed = PADDING
    for column, heading, cells in zip(columns, headings, shown, strict=True):
        longest = max(len(part) for text in (heading.replace(" ", "\n"), *cells) for part in text.split("\n"))
        if column in WHOLE and longest <= LONGEST_WHOLE:
            whole.add(column)
            needed += longest + PADDING
        else:
            needed += min(longest, LEAST) + PADDING
    return whole if needed <= width else set()


def _stacked(instants: Sequence[str]) -> list[str]:
    return [instant.replace(" ", "\n") for instant in instants]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _harmless(value: object) -> object:
    """A number with its sign is harmless, too."""
    dangerous = isinstance(value, str) and value[:1] in FORMULA and not value[1:].isdigit()
    return f"'{value}" if dangerous else value


def profile_lines(profile: ServerProfile, host: str, text: Catalogue) -> Iterator[str]:
    """What a server can do, a line each."""
    lines = [f"profile.introspection.{_yes(profile.introspection)}"]
    lines.append("profile.writing.variables" if profile.typed_input else "profile.writing.literals")
    lines.append("profile.batch_limited" if profile.batch_refused_at is not None else "profile.batch")
    if profile.pending is PendingFilter.NONE:
        lines.append("profile.pending_none")
    else:
        lines.append("profile.pending" if profile.pending_proven else "profile.pending_unproven")
    lines += [f"profile.isn_filter.{_yes(profile.isn_filter)}", f"profile.isn_order.{_yes(profile.isn_order)}"]
    lines.append(f"profile.pairs.{profile.follows_by}")
    fields = {"filter": profile.pending, "size": profile.batch_size, "at": profile.batch_refused_at}
    yield text.text("profile.title", address=host)
    for line in lines:
        yield "  " + text.render(line, fields)
    if not profile.written:
        yield text.text("profile.published")


def _yes(value: bool) -> str:
    return "yes" if value else "no"
