"""Keeps the journal small: what the configuration lets go is removed in small transactions."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, func, select

from baikaldoc_pos.config import Retention
from baikaldoc_pos.journal.database import Database
from baikaldoc_pos.journal.schema import alert_conditions, changes, cycles, open_changes, outbox, outcomes, retries

EVERY = timedelta(days=1)
AT_ONCE = 500
# What is left over waits for the next day: a cycle is not kept waiting.
MOST_STEPS = 100
# Nothing was recorded for so long: the machine was off, or its clock is wrong. The next day shows which.
GAP = timedelta(days=30)
_APPEND_ONLY = ("changes_no_delete", "outcomes_no_delete")


def thin(database: Database, retention: Retention, now: datetime) -> int:
    """Remove what has been kept long enough; return how many rows that were."""
    previous = database.value(select(cycles.c.started_at).order_by(cycles.c.id.desc()).offset(1).limit(1))
    if previous is None or now - previous > GAP:
        return 0
    removed = 0
    for _, step in zip(range(MOST_STEPS), _steps(database, retention, now), strict=False):
        removed += step
    if removed:
        database.give_back_space()
    return removed


def _steps(database: Database, retention: Retention, now: datetime) -> Iterator[int]:
    """Remove rows, one transaction a step."""
    mails, empty = now - timedelta(days=retention.mail_days), now - timedelta(days=retention.cycle_days)
    last_success = select(func.max(cycles.c.id)).where(
        cycles.c.error_event.is_(None), cycles.c.finished_at.is_not(None)
    )
    wrote = select(changes.c.id).where(changes.c.cycle_id == cycles.c.id).exists()
    yield from _emptied(database, outbox, select(outbox.c.id).where(outbox.c.settled_at < mails))
    yield from _emptied(
        database, alert_conditions, select(alert_conditions.c.id).where(alert_conditions.c.closed_at < mails)
    )
    if retention.change_days is not None:
        yield from _without_changes(database, now - timedelta(days=retention.change_days))
    old = select(cycles.c.id).where(cycles.c.started_at < empty, ~wrote, cycles.c.id < last_success.scalar_subquery())
    yield from _emptied(database, cycles, old)


def _emptied(database: Database, table: Table, ids: Select[Any]) -> Iterator[int]:
    while True:
        with database.write() as connection:
            removed = connection.execute(delete(table).where(table.c.id.in_(ids.limit(AT_ONCE)))).rowcount
        yield removed
        if removed < AT_ONCE:
            return


def _without_changes(database: Database, before: datetime) -> Iterator[int]:
    """Remove settled changes with their outcomes; those that a retry may be compared with stay."""
    old = (
        select(changes.c.id)
        .where(changes.c.planned_at < before)
        .where(changes.c.id.not_in(select(open_changes.c.change_id)))
        .where(changes.c.rubric_isn.not_in(select(retries.c.rubric_isn)))
        .order_by(changes.c.planned_at)
        .limit(AT_ONCE)
    )
    while True:
        with database.write() as connection:
            ids = connection.execute(old).scalars().all()
            if not ids:
                return
            triggers = _dropped(connection)
            connection.execute(delete(outcomes).where(outcomes.c.change_id.in_(ids)))
            connection.execute(delete(changes).where(changes.c.id.in_(ids)))
            for statement in triggers:
                connection.exec_driver_sql(statement)
        yield len(ids)


def _dropped(connection: Connection) -> list[str]:
    """Drop the triggers that forbid deleting; return the statements that make them again."""
    query = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name IN (?, ?)"
    statements = list(connection.exec_driver_sql(query, _APPEND_ONLY).scalars())
    for name in _APPEND_ONLY:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    return statements
