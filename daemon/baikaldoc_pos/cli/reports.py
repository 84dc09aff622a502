"""How a cycle, or the preview of one, is told on the terminal and as JSON."""

from collections import Counter
from datetime import datetime

from attrs import asdict
from rich.console import Console

from baikaldoc_pos.cli.app import print_json
from baikaldoc_pos.cli.tables import print_table, print_unmapped
from baikaldoc_pos.config import render
from baikaldoc_pos.errors import BaikaldocError, ConfigurationInvalid
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import CycleCounts
from baikaldoc_pos.sync import CycleReport, Preview


def print_report(console: Console, text: Catalogue, report: CycleReport, *, as_json: bool) -> None:
    """What a cycle did."""
    if as_json:
        targets = [
            {"target": target, "outcome": str(outcome), "count": count}
            for (target, outcome), count in sorted(report.targets.items())
        ]
        print_json(
            _cycle_object(text, report.error, report.counts)
            | {
                "cycle": report.cycle_id,
                "kind": str(report.kind),
                "period": asdict(report.period),
                "targets": targets,
                "unmapped_statuses": [asdict(status) for status in report.unmapped],
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
            _preview_object(text, None, preview.counts)
            | {
                "kind": str(preview.kind),
                "period": asdict(preview.period),
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


def print_unbegun(text: Catalogue, error: BaikaldocError, *, dry_run: bool) -> None:
    """The JSON object of a cycle, or of a preview, that an error kept from beginning or from being told: the same
    keys, and zeros.
    """
    print_json((_preview_object if dry_run else _cycle_object)(text, error, CycleCounts()))


def _cycle_object(text: Catalogue, error: BaikaldocError | None, counts: CycleCounts) -> dict[str, object]:
    """All keys of a cycle's object; the order is that of the output."""
    return {
        "dry_run": False,
        "cycle": None,
        "kind": None,
        "period": None,
        **asdict(counts),
        "targets": [],
        "unmapped_statuses": [],
        "error": error_as_json(error, text),
        "seconds": 0.0,
    }


def _preview_object(text: Catalogue, error: BaikaldocError | None, counts: CycleCounts) -> dict[str, object]:
    """All keys of a preview's object."""
    return {
        "dry_run": True,
        "kind": None,
        "period": None,
        **asdict(counts),
        "would_update": 0,
        "targets": [],
        "changes": [],
        "unmapped_statuses": [],
        "whole": False,
        "error": error_as_json(error, text),
    }


def error_as_json(error: BaikaldocError | None, text: Catalogue) -> dict[str, object] | None:
    """An error with its event, its sentence and its fields; a configuration's with all faults."""
    if error is None:
        return None
    plain = {
        name: value for name, value in error.fields.items() if isinstance(value, str | int | float | datetime | None)
    }
    faults = (
        {"faults": [render(fault, text) for fault in error.faults]} if isinstance(error, ConfigurationInvalid) else {}
    )
    return {"event": error.event, "message": text.render(error.event, error.fields), **plain, **faults}
