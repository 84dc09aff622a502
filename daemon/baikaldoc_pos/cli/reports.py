"""How a cycle, or the preview of one, is told on the terminal and as JSON."""

from collections import Counter

from attrs import asdict
from rich.console import Console

from baikaldoc_pos.cli.app import print_json
from baikaldoc_pos.cli.tables import print_table, print_unmapped
from baikaldoc_pos.errors import BaikaldocError
from baikaldoc_pos.events import Catalogue
from baikaldoc_pos.reconcile import CycleReport, Preview


def print_report(console: Console, text: Catalogue, report: CycleReport, *, as_json: bool) -> None:
    """What a cycle did."""
    if as_json:
        targets = [
            {"target": target, "outcome": str(outcome), "count": count}
            for (target, outcome), count in sorted(report.targets.items())
        ]
        print_json(
            {
                "dry_run": False,
                "cycle": report.cycle_id,
                "kind": str(report.kind),
                "period": asdict(report.period),
                **asdict(report.counts),
                "targets": targets,
                "unmapped_statuses": [asdict(status) for status in report.unmapped],
                "error": error_as_json(report.error, text),
                "seconds": round(report.seconds, 3),
            }
        )
        return
    console.print(text.text("report.period", start=report.period.start, end=report.period.end))
    if report.targets:
        rows = [
            {"target": target, "outcome": text.text(f"outcome.{outcome}"), "count": count}
            for (target, outcome), count in sorted(report.targets.items())
        ]
        print_table(console, text, "report.targets", ("target", "outcome", "count"), rows)
    print_unmapped(console, text, report.unmapped)
    if report.error is not None:
        console.print(text.render(report.error.event, report.error.fields))
    console.print(text.text("report.counts", **asdict(report.counts), seconds=round(report.seconds, 1)))
    if report.counts.refused or report.counts.failed:
        console.print(text.text("report.see_failed"))


def print_preview(console: Console, text: Catalogue, preview: Preview, *, as_json: bool) -> None:
    """What a cycle would write: a line a record, and how many of each target."""
    records = [
        {
            "isn": change.rubric.isn,
            "document": change.rubric.document_isn,
            "number": change.rubric.number,
            "sstu_status": change.rubric.sstu_status,
            "target": change.target,
        }
        for change in preview.changes
    ]
    totals = sorted(Counter(change.target for change in preview.changes).items())
    if as_json:
        print_json(
            {
                "dry_run": True,
                "kind": str(preview.kind),
                "period": asdict(preview.period),
                **asdict(preview.counts),
                "would_update": len(records),
                "targets": [{"target": target, "count": count} for target, count in totals],
                "changes": records,
                "unmapped_statuses": [asdict(status) for status in preview.unmapped],
                "whole": preview.whole,
            }
        )
        return
    console.print(text.text("report.period", start=preview.period.start, end=preview.period.end))
    if records:
        columns = ("number", "isn", "sstu_status", "target")
        print_table(console, text, "preview.changes", columns, records)
        rows = [{"target": target, "count": count} for target, count in totals]
        print_table(console, text, "preview.targets", ("target", "count"), rows)
    print_unmapped(console, text, preview.unmapped)
    if not preview.whole:
        console.print(text.text("preview.incomplete"))
    console.print(text.text("preview.counts", **asdict(preview.counts), would_update=len(records)))


def error_as_json(error: BaikaldocError | None, text: Catalogue) -> dict[str, object] | None:
    """An error with its event, its fields and its sentence."""
    if error is None:
        return None
    fields = {name: value for name, value in error.fields.items() if isinstance(value, str | int | float | None)}
    return {"event": error.event, "message": text.render(error.event, error.fields), **fields}
