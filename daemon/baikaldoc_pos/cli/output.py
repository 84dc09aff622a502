"""Tables and JSON out of the same rows."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from attrs import asdict
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from baikaldoc_pos.cli.csv_output import print_csv
from baikaldoc_pos.cli.streams import is_unicode
from baikaldoc_pos.i18n import Catalogue, escaped, visible
from baikaldoc_pos.model import UnmappedStatus
from baikaldoc_pos.server_profile import FIRST_PAGE, PendingFilter, ServerProfile

Row = Mapping[str, object]
UNMAPPED_COLUMNS = ("status", "count", "examples")
# Left out where the terminal is narrower than WIDE; below NARROW each row is a block of lines.
WIDE, NARROW = 115, 80
LEAST_IMPORTANT = frozenset(
    {"old_pos", "system_message", "document", "attempts", "kind", "examples", "total", "unmapped", "found"}
)
# Around the text of a column, with the line between it and the next; a table has one character more than its columns.
AROUND, EDGE = 3, 1


def print_table(console: Console, text: Catalogue, title: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """A table whose headings are the catalogue's ``column.<name>``; a missing value is a dash.

    No word is broken: where the columns do not fit, the least important ones are left out, else each row is a block.
    """
    heading = text.text(title)
    if any(isinstance(row.get(column), datetime) for row in rows for column in columns):
        heading = text.text("table.with_zone", title=heading, zone=text.zone_name)
    headings = {column: text.text(f"column.{column}") for column in columns}
    shown = {column: [cell(row.get(column), text) for row in rows] for column in columns}
    chosen = fitting(headings, shown, console.width)
    if chosen is None:
        console.print(Text(heading))
        for place in range(len(rows)):
            lines = [f"  {headings[column]}: {shown[column][place]}" for column in columns]
            console.print(Text("\n".join(lines) + "\n"), soft_wrap=True)
        return
    table = Table(title=Text(heading), title_justify="left", box=box.SIMPLE_HEAD)
    for column, width in _widths({column: (headings[column], *shown[column]) for column in chosen}, console.width):
        table.add_column(headings[column], width=width)
    for cells in zip(*(shown[column] for column in chosen), strict=True):
        table.add_row(*map(Text, cells))
    console.print(table)


def fitting(headings: Mapping[str, str], shown: Mapping[str, Sequence[str]], width: int) -> Sequence[str] | None:
    """The columns of a table that fits into so many characters; None where rows are better shown as blocks."""
    some = [column for column in headings if column not in LEAST_IMPORTANT]
    fewest = [column for column in some if column != "message"]
    for columns, least in ((list(headings), WIDE), (some, NARROW), (fewest, NARROW)):
        needed = sum(_longest_word((headings[column], *shown[column])) + AROUND for column in columns)
        if width >= least and needed + EDGE <= width:
            return columns
    return None


def _widths(texts: Mapping[str, Sequence[str]], width: int) -> Iterator[tuple[str, int]]:
    """The width of each column: its longest word, and of what is left as much as its lines can use.

    The library's own would narrow a column below its longest word, for the sake of others, and cut it.
    """
    least = {column: _longest_word(cells) for column, cells in texts.items()}
    spare = width - EDGE - sum(word + AROUND for word in least.values())
    # Whoever wants least is served first, so that a long text does not fold the short ones.
    wanted = {column: max(map(cell_len, cells)) - least[column] for column, cells in texts.items()}
    for served, column in enumerate(sorted(texts, key=wanted.__getitem__)):
        given = min(wanted[column], spare // (len(texts) - served))
        least[column] += given
        spare -= given
    return ((column, least[column]) for column in texts)


def _longest_word(texts: Sequence[str]) -> int:
    # To the library, blanks at the beginning belong to the first word.
    return max(cell_len(word) for text in texts for word in re.findall(r"^\s*\S+|\S+", text) or [""])


def print_rows(
    console: Console, text: Catalogue, title: str, columns: Sequence[str], rows: Sequence[Row], form: str | None
) -> None:
    """The rows as a table, or as ``csv`` or ``json`` on stdout."""
    if form == "csv":
        print_csv(text, columns, ([row.get(column) for column in columns] for row in rows))
    elif form == "json":
        named = ({column: _plain(row.get(column)) for column in columns} for row in rows)
        print_array(json.dumps(each, ensure_ascii=False) for each in named)
    else:
        print_table(console, text, title, columns, rows)


def print_array(objects: Iterable[str]) -> None:
    """JSON objects as an array on stdout, a line each, one after another, however many there are."""
    if not is_unicode(sys.stdout):
        objects = (json.dumps(json.loads(each)) for each in objects)
    before = "["
    for each in objects:
        sys.stdout.write(f"{before}\n  {escaped(each)}")
        before = ","
    sys.stdout.write("[]\n" if before == "[" else "\n]\n")


def print_unmapped(console: Console, text: Catalogue, unmapped: Sequence[UnmappedStatus]) -> None:
    """The ССТУ statuses that the mapping does not know, where there are any."""
    if unmapped:
        print_table(console, text, "report.unmapped", UNMAPPED_COLUMNS, [asdict(status) for status in unmapped])


def cell(value: object, text: Catalogue) -> str:
    """A value as a person reads it, on one line; characters that a terminal would obey are shown as escapes."""
    return visible(text.value(value))


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def profile_lines(profile: ServerProfile, host: str, text: Catalogue, following: int | None = None) -> Iterator[str]:
    """What a server can do, a line each.

    :param following: how many requests it takes at least to find the rubrics that have changed.
    """
    lines = [f"profile.introspection.{_yes(profile.introspection)}"]
    lines.append("profile.writing.variables" if profile.typed_input else "profile.writing.literals")
    lines.append("profile.batch_limited" if profile.batch_refused_at is not None else "profile.batch")
    if profile.pending is PendingFilter.NONE:
        lines.append("profile.pending_none")
    else:
        lines.append("profile.pending" if profile.pending_proven else "profile.pending_unproven")
    lines += [f"profile.isn_filter.{_yes(profile.isn_filter)}", f"profile.isn_order.{_yes(profile.isn_order)}"]
    # Before anything was written there is nothing to try it with.
    lines.append(f"profile.pairs.{profile.follows_by if profile.written else 'untried'}")
    if profile.written and following is not None:
        lines.append("profile.following")
    lines.append(f"profile.large_pages.{_yes(profile.large_pages)}")
    fields = {
        "filter": profile.pending,
        "size": profile.batch_size,
        "first_page": FIRST_PAGE,
        "at": profile.batch_refused_at,
        "requests": following,
    }
    yield text.text("profile.title", address=host)
    for line in lines:
        yield "  " + text.render(line, fields)
    if not profile.written:
        yield text.text("profile.published")


def _yes(value: bool) -> str:
    return "yes" if value else "no"
