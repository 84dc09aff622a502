"""What a cycle must have done: the end state by the rules, and the journal's account of every write."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from baikaldoc_pos.journal import HistoryRow, RetryEntry
from baikaldoc_pos.model import Outcome, Period

from tests.clocks import NOW
from tests.delo_server import MAPPING, DeloServer, StoredRubric
from tests.installation import Installation

DONE = frozenset({Outcome.UPDATED, Outcome.CONFIRMED})


def ago(**delta: float) -> datetime:
    """An instant before the clock's first one."""
    return NOW - timedelta(**delta)


def last_days(days: float) -> Period:
    return Period(ago(days=days), NOW)


def expected(
    rubrics: Iterable[StoredRubric], period: Period | None = None, mapping: Mapping[str, str] = MAPPING
) -> dict[int, str | None]:
    """«Статус ПОС» by ISN after everything created in the period has been reconciled."""
    period = period or last_days(30)
    return {
        rubric.isn: mapping[_status(rubric)] if _waits(rubric, period, mapping) else rubric.pos for rubric in rubrics
    }


def _status(rubric: StoredRubric) -> str:
    return (rubric.sstu or "").strip()


def _waits(rubric: StoredRubric, period: Period, mapping: Mapping[str, str]) -> bool:
    inside = period.start <= rubric.ins_date <= period.end
    ours = rubric.kind_doc == 2 and rubric.carries_pos
    return inside and ours and not rubric.pos and _status(rubric) in mapping


def done(installation: Installation) -> list[HistoryRow]:
    """The journal's rows of changes that were made."""
    return [row for row in installation.history() if row.outcome in DONE]


def outcomes(installation: Installation, isn: int) -> list[Outcome | None]:
    """How the changes of a rubric ended, oldest first."""
    return [row.outcome for row in installation.history(rubric=isn)]


def retries(installation: Installation) -> dict[int, RetryEntry]:
    """The retry list by ISN."""
    with installation.journal() as journal:
        return {entry.rubric_isn: entry for entry in journal.open_retries()}


def mark(installation: Installation, name: str) -> datetime | None:
    with installation.journal() as journal:
        return journal.marks().get(name)


def bookmark(installation: Installation) -> datetime | None:
    return mark(installation, "bookmark")


def assert_accounted(installation: Installation) -> None:
    """Every change made in ДЕЛО stands in the journal exactly once, none stands there that was not made,
    and nothing that had a status was written over."""
    writes = installation.server.store.writes
    made = [write for write in writes if write.value != write.previous]
    assert [write for write in made if write.previous] == [], "a status was written over"
    journalled = sorted((row.rubric_isn, row.new_pos) for row in done(installation))
    assert journalled == sorted((write.isn, write.value) for write in made)
    with installation.journal() as journal:
        assert journal.open_changes() == []


def assert_reconciled(installation: Installation, wanted: Mapping[int, str | None]) -> None:
    """ДЕЛО ends exactly as expected, rubric by rubric, and the journal accounts for it."""
    found = installation.server.store.pos_statuses()
    assert {isn: pos for isn, pos in found.items() if pos != wanted[isn]} == {}
    assert found.keys() == wanted.keys()
    assert_accounted(installation)


def reads(server: DeloServer, operation: str = "PendingRubrics") -> list[dict[str, Any]]:
    """The variables of every request of that operation, oldest first."""
    return [request.variables for request in server.log if request.operation == operation]


def windows(server: DeloServer, operation: str = "PendingRubrics") -> list[Period]:
    """The windows that were read, in order, each once."""
    asked = dict.fromkeys((variables["since"], variables["until"]) for variables in reads(server, operation))
    return [Period(*map(datetime.fromisoformat, window)) for window in asked]


def events(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    """The fields of every record of that event."""
    return [vars(record)["fields"] for record in caplog.records if vars(record).get("event") == event]
