"""``report``: what was done in a month, and which rubrics have no «Статус ПОС», and why."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

import click

from baikaldoc_pos.assembly import open_for_reading
from baikaldoc_pos.cli.app import YEARS, App, pass_app
from baikaldoc_pos.cli.commands import Command
from baikaldoc_pos.cli.csv_output import print_csv
from baikaldoc_pos.cli.cycle import Stopping, run_stoppable
from baikaldoc_pos.cli.output import cell, print_rows
from baikaldoc_pos.config import Configuration
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import WRITTEN, Completeness, TargetCount, last_completeness
from baikaldoc_pos.model import Outcome
from baikaldoc_pos.sync.completeness import WEEK, parts, swept
from baikaldoc_pos.sync.limits import midnight_before
from baikaldoc_pos.sync.planner import Decision, Known, excluded_names, plan

COLUMNS = ("created", "number", "isn", "sstu_status", "reason")
COLUMNS_AS_JSON = ("created_from", "created_to", *COLUMNS[1:])
REASONS = {
    Decision.NO_SSTU_STATUS: "no_sstu",
    Decision.UNMAPPED: "unmapped",
    Decision.WAITING: "refused",
    Decision.EXCLUDED: "excluded",
}


def completeness_values(last: Completeness | None) -> Mapping[str, object] | None:
    """The numbers of the last count as plain values; the keys are stable."""
    if last is None:
        return None
    total = last.sum
    return {
        "counted_at": last.counted_at,
        "start": last.period.start,
        "end": last.period.end,
        "total": total.total,
        "with_pos": total.with_pos,
        "written": last.written,
        "without_pos": dict(last.reasons),
        "oldest": last.oldest.isoformat() if last.oldest else None,
        "late": last.late,
        "waiting_days": last.waiting_days,
    }


def completeness_lines(last: Completeness, text: Catalogue) -> Iterator[str]:
    """The numbers of the last count as sentences."""
    total = last.sum
    without = total.total - total.with_pos
    period = {"start": last.period.start, "end": last.period.end, "total": total.total}
    written = min(last.written, total.with_pos)
    yield text.text("completeness.total", **period, with_pos=total.with_pos, written=written, without=without)
    reasons = [f"{text.text(f'completeness.reason.{name}')} {count}" for name, count in last.reasons.items() if count]
    if reasons:
        yield text.text("completeness.reasons", reasons=", ".join(reasons))
    if last.oldest is not None:
        yield text.text("completeness.oldest", oldest=last.oldest, days=last.waiting_days, late=last.late)
    yield text.text("completeness.counted", at=last.counted_at)


def print_waiting(app: App, configuration: Configuration, form: str | None, stopping: Stopping) -> int:
    """List the rubrics that ought to get a «Статус ПОС», as ДЕЛО has them now, the oldest weeks first.

    The code is 1 where some could not be read.

    :raises DeloError: ДЕЛО cannot be asked.
    """
    zone, clock = configuration.processing.zone, stopping.clock
    text = app.localized(zone)
    rows: list[dict[str, object]] = []
    gaps: list[str] = []
    with open_for_reading(app.paths, configuration, clock) as (journal, delo):
        excluded = excluded_names(journal.exclusions.all())
        known = Known(waiting=journal.retry_times().keys(), excluded=excluded)
        limits, today = configuration.processing.limits, midnight_before(clock.now(), zone)
        allowed = max(0, min(limits.per_cycle, limits.per_day - journal.written_since(today)))
        for week in parts(swept(configuration, journal, clock.now()), zone, WEEK):
            reading = delo.read_without_pos(week)
            planned = plan(reading.rubrics, configuration.processing, known)
            found = [
                (change.rubric, "due" if place < allowed else "held_back")
                for place, change in enumerate(planned.changes)
            ]
            allowed -= len(planned.changes)
            if not reading.whole:
                places = ", ".join(reading.unreadable) or None
                told = {"start": week.start, "end": week.end, "reason": reading.reason, "rows": places}
                gaps.append(text.render("completeness.gap", told))
            found += [(rubric, name) for reason, name in REASONS.items() for rubric in planned.having(reason)]
            days = [instant.astimezone(zone).date() for instant in (week.start, week.end)]
            for rubric, name in found:
                row = {"number": rubric.number, "isn": rubric.isn, "sstu_status": rubric.sstu_status}
                if form == "json":
                    created = dict(zip(("created_from", "created_to"), map(date.isoformat, days), strict=True))
                    rows.append({**created, **row, "reason": name})
                else:
                    reason = text.text(f"completeness.reason.{name}")
                    rows.append({"created": " – ".join(map(text.value, days)), **row, "reason": reason})
    if rows or form is not None:
        columns = COLUMNS_AS_JSON if form == "json" else COLUMNS
        print_rows(app.console(), text, "completeness.title", columns, rows, form)
    elif not gaps:
        click.echo(text.text("completeness.none"))
    for gap in gaps:
        click.echo(cell(gap, text), err=True)
    return 1 if gaps else 0


_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
REPORT_COLUMNS = ("target", "done", "refused", "failed")


def report_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    params = [
        click.Option(["--month"], metavar="2026-10", help=text.text("cli.report.month")),
        click.Option(["--waiting"], is_flag=True, help=text.text("cli.report.waiting")),
        *form_options(text),
    ]
    return Command(text, name="report", help=text.text("cli.report.help"), params=params, callback=pass_app(_report))


def _report(app: App, /, *, month: str | None, waiting: bool, form: str | None) -> int:
    if waiting:
        configuration = app.configuration()
        app.journal().close()  # which tells what is excluded, and what was refused
        return run_stoppable(lambda stopping: print_waiting(app, configuration, form, stopping))
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
    with app.journal() as journal:
        rows = _by_target(journal.by_target(start, end))
        counted = last_completeness(journal)
    if form is None:
        if counted is not None:
            text = app.localized(zone).naming_zone
            click.echo(text.named_once("\n".join(completeness_lines(counted, text))))
        click.echo(app.text.text("report.month", month=month))
        if not rows:
            click.echo(app.text.text("history.none"))
            return 0
    total = [sum(row[column] for row in rows.values()) for column in REPORT_COLUMNS[1:]]
    if form == "csv":
        values = ([month, target, *row.values()] for target, row in rows.items())
        print_csv(app.text, ("month", *REPORT_COLUMNS), values, [month, app.text.text("report.total"), *total])
        return 0
    if form is None:
        rows[app.text.text("report.total")] = dict(zip(REPORT_COLUMNS[1:], total, strict=True))
    table = [{"target": target, **row} for target, row in rows.items()]
    print_rows(app.console(), app.text, "report.targets", REPORT_COLUMNS, table, form)
    return 0


def _by_target(counts: list[TargetCount]) -> dict[str, dict[str, int]]:
    """By status: how many were done, how many tries were refused, how many failed otherwise."""
    rows: dict[str, dict[str, int]] = {}
    for each in counts:
        row = rows.setdefault(each.target, dict.fromkeys(REPORT_COLUMNS[1:], 0))
        if each.outcome in WRITTEN:
            row["done"] += each.count
        elif each.outcome is Outcome.REFUSED:
            row["refused"] += each.count
        elif each.outcome in {Outcome.FAILED, Outcome.WRONG_ECHO}:
            row["failed"] += each.count
    return rows


def form_options(text: Catalogue) -> list[click.Parameter]:
    """``--csv`` and ``--json``."""
    return [
        click.Option([f"--{form}", "form"], flag_value=form, help=text.text(f"cli.option.{form}"))
        for form in ("csv", "json")
    ]
