"""Faults that concern more than one key. Each rule looks at a file's root object as it was read, so that it speaks
up beside the faults of single values, not after they have been mended; what is of a wrong type it leaves to them.
"""

from collections.abc import Iterator, Mapping

from baikaldoc_pos.config.alert_rules import faults_of_alerts
from baikaldoc_pos.config.faults import Fault, shown
from baikaldoc_pos.config.model import FILES, Limits, parse_moment

_PROCESSING = FILES["processing"][0]
_SERVICE = FILES["service"][0]
Document = Mapping[str, object]


def faults_of_rules(documents: Mapping[str, Document]) -> Iterator[Fault]:
    """The faults of all rules, over those of the files that could be read (by attribute of Configuration)."""
    if "processing" in documents:
        yield from _fixed_dates(documents["processing"])
        yield from _ignored_and_mapped(documents["processing"])
    if "service" in documents:
        yield from _stuck_before_deadline(documents["service"])
        limits = documents["service"].get("limits")
        stuck = limits.get("stuckMinutes") if isinstance(limits, dict) else None
        yield from faults_of_alerts(documents["service"].get("alerts"), _SERVICE, stuck)


def _fixed_dates(document: Document) -> Iterator[Fault]:
    section = document.get("dateRange")
    if not isinstance(section, dict) or section.get("useFixedDates") is not True:
        return
    moments = []
    for key in ("startDate", "endDate"):
        value = section.get(key)
        try:
            moments.append(parse_moment(value))
        except ValueError:
            absent = value is None or (isinstance(value, str) and not value.strip())
            problem = "config.fault.date_required" if absent else "config.fault.date_invalid"
            yield Fault(_PROCESSING, f"dateRange.{key}", problem, {} if absent else {"value": shown(value)})
    if len(moments) == 2 and moments[0] >= moments[1]:
        fields = {"start": section["startDate"], "end": section["endDate"]}
        yield Fault(_PROCESSING, "dateRange.endDate", "config.fault.dates_order", fields)


def _ignored_and_mapped(document: Document) -> Iterator[Fault]:
    mapping, ignored = document.get("statusMapping"), document.get("ignoredStatuses")
    if not isinstance(mapping, dict) or not isinstance(ignored, list):
        return
    mapped = {str(status).strip() for status in mapping}
    for position, status in enumerate(ignored):
        if isinstance(status, str) and status.strip() in mapped and status.strip():
            fields = {"status": shown(status.strip())}
            yield Fault(_PROCESSING, f"ignoredStatuses[{position}]", "config.fault.ignored_and_mapped", fields)


def _stuck_before_deadline(document: Document) -> Iterator[Fault]:
    """A request may take its whole deadline, and the watchdog must not take that for a stuck job."""
    section = document.get("limits")
    if not isinstance(section, dict):
        return
    minutes = section.get("stuckMinutes", Limits().stuck_minutes)
    seconds = section.get("requestSeconds", Limits().request_seconds)
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in (minutes, seconds)):
        return
    if minutes * 60 <= seconds:
        fields = {"stuck_seconds": minutes * 60, "request_seconds": seconds}
        yield Fault(_SERVICE, "limits.stuckMinutes", "config.fault.stuck_before_deadline", fields)
