"""CSV as a Russian Excel opens it with a double click, and as no server's text can do harm in it."""

import csv
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

from baikaldoc_pos.cli.streams import is_unicode
from baikaldoc_pos.i18n import Catalogue, visible

# A spreadsheet takes a text that begins so for a formula, also behind what it may split cells at.
_FORMULA = re.compile(r"(?:^|[;,\t\r\n])[\s\"']*(?![+-]?[0-9]+$)[=+\-@\t\r\n＝＋－＠]")


def print_csv(
    text: Catalogue, columns: Sequence[str], rows: Iterable[Sequence[object]], total: Sequence[object] | None = None
) -> None:
    """Rows as a Russian Excel opens them: UTF-8 with a byte order mark, semicolons, words and times of the language.

    The rows are written one after another, however many there are.

    :param total: the last row; the number of rows by default.
    """
    if is_unicode(sys.stdout):
        sys.stdout.write("\ufeff")
    writer = csv.writer(sys.stdout, delimiter=";")
    writer.writerow([text.text(f"column.{column}") for column in columns])
    count = 0
    for row in rows:
        writer.writerow([_csv_cell(value, text) for value in row])
        count += 1
    writer.writerow(total if total is not None else [text.text("table.rows", count=count)])


def _csv_cell(value: object, text: Catalogue) -> object:
    """A value as a spreadsheet takes it; what it would take for a formula gets an apostrophe."""
    if isinstance(value, datetime):
        return text.value(value)
    if not isinstance(value, str):
        return value
    shown = visible(value)
    return f"'{shown}" if _FORMULA.search(value) or _FORMULA.search(shown) else shown
