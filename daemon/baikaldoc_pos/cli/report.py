"""``report``: what was done in a month, by status, for the people upstairs."""

import re
from datetime import UTC, datetime

import click

from baikaldoc_pos.cli.app import YEARS, App, pass_app
from baikaldoc_pos.cli.localized import Command
from baikaldoc_pos.cli.tables import print_rows
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import TargetCount
from baikaldoc_pos.model import Outcome

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
DONE = (Outcome.UPDATED, Outcome.CONFIRMED)
COLUMNS = ("target", "done", "refused", "failed")


def command(text: Catalogue) -> click.Command:
    """The command in one language."""
    params = [
        click.Option(["--month"], metavar="2026-10", help=text.text("cli.report.month")),
        click.Option(["--csv", "form"], flag_value="csv", help=text.text("cli.option.csv")),
        click.Option(["--json", "form"], flag_value="json", help=text.text("cli.option.json")),
    ]
    return Command(text, name="report", help=text.text("cli.report.help"), params=params, callback=pass_app(_report))


def _report(app: App, /, *, month: str | None, form: str | None) -> int:
    zone = app.zone() or datetime.now(UTC).astimezone().tzinfo
    month = f"{datetime.now(zone):%Y-%m}" if month is None else month
    given = _MONTH.fullmatch(month)
    if given is None:
        raise click.UsageError(app.text.text("cli.report.bad_month", value=month))
    year, number = int(given[1]), int(given[2])
    if year not in YEARS:
        raise click.UsageError(app.text.text("cli.error.year", name="--month", first=YEARS[0], last=YEARS[-1]))
    start = datetime(year, number, 1, tzinfo=zone)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=zone)
    journal = app.journal()
    counts: list[TargetCount] = []
    if journal is not None:
        with journal:
            counts = journal.by_target(start, end)
    rows = _by_target(counts)
    if form is None:
        click.echo(app.text.text("report.month", month=month))
        if not rows:
            click.echo(app.text.text("history.none"))
            return 0
        total = {column: sum(row[column] for row in rows.values()) for column in COLUMNS[1:]}
        rows[app.text.text("report.total")] = total
    table = [{"target": target, **row} for target, row in rows.items()]
    print_rows(app.console(), app.text, "report.targets", COLUMNS, table, form)
    return 0


def _by_target(counts: list[TargetCount]) -> dict[str, dict[str, int]]:
    """By status: how many were done, how many tries were refused, how many failed otherwise."""
    rows: dict[str, dict[str, int]] = {}
    for each in counts:
        row = rows.setdefault(each.target, dict.fromkeys(COLUMNS[1:], 0))
        if each.outcome in DONE:
            row["done"] += each.count
        elif each.outcome is Outcome.REFUSED:
            row["refused"] += each.count
        elif each.outcome in {Outcome.FAILED, Outcome.WRONG_ECHO}:
            row["failed"] += each.count
    return rows
