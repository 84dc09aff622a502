"""Which rubrics have no «Статус ПОС», and why: the numbers of ``status`` and ``report``, and ``report --waiting``."""

from collections.abc import Iterator, Mapping

import click

from baikaldoc_pos.assembly import open_for_reading
from baikaldoc_pos.cli.app import App
from baikaldoc_pos.cli.cycle import Stopping
from baikaldoc_pos.cli.output import print_rows
from baikaldoc_pos.config import Configuration
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import Completeness
from baikaldoc_pos.sync.completeness import WEEK, parts, swept
from baikaldoc_pos.sync.planner import Decision, Known, excluded_names, plan

COLUMNS = ("created", "number", "isn", "sstu_status", "reason")
REASONS = {
    Decision.NO_SSTU_STATUS: "no_sstu",
    Decision.UNMAPPED: "unmapped",
    Decision.WAITING: "refused",
    Decision.EXCLUDED: "excluded",
}


def as_values(last: Completeness | None) -> Mapping[str, object] | None:
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


def lines(last: Completeness, text: Catalogue) -> Iterator[str]:
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

    :raises DeloError: ДЕЛО cannot be asked.
    """
    zone, clock = configuration.processing.zone, stopping.clock
    text = app.localized(zone)
    rows: list[dict[str, object]] = []
    with open_for_reading(app.paths, configuration, clock) as (journal, delo):
        excluded = excluded_names(journal.exclusions.all())
        known = Known(waiting=journal.retry_times().keys(), excluded=excluded)
        for week in parts(swept(configuration, journal, clock.now()), zone, WEEK):
            planned = plan(delo.read_without_pos(week), configuration.processing, known)
            found = [(change.rubric, "due") for change in planned.changes]
            found += [(rubric, name) for reason, name in REASONS.items() for rubric in planned.having(reason)]
            days = [text.value(instant.astimezone(zone).date()) for instant in (week.start, week.end)]
            rows += [
                {
                    "created": " – ".join(days),
                    "number": rubric.number,
                    "isn": rubric.isn,
                    "sstu_status": rubric.sstu_status,
                    "reason": text.text(f"completeness.reason.{name}"),
                }
                for rubric, name in found
            ]
    if not rows and form is None:
        click.echo(text.text("completeness.none"))
    else:
        print_rows(app.console(), text, "completeness.title", COLUMNS, rows, form)
    return 0
