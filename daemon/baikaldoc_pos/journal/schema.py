"""The tables as queries speak of them; ``migrations`` makes them in a file.

``changes`` and ``outcomes`` are append-only, which triggers enforce; ``open_changes`` holds the ids of changes that
have no outcome yet and is kept by triggers too, so that they are found without reading the whole history.
"""

import json
import sqlite3
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Enum,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from baikaldoc_pos.model import Outcome


@lru_cache(16)
def _stored(instant: datetime) -> str:
    """All rows of a batch have the same instant."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


class Instant(TypeDecorator[datetime]):
    """An instant as ISO 8601 text in UTC, of fixed width: readable in any SQLite shell, and it sorts as time does."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant without a time zone: {value}")
        return _stored(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


_OUTCOME = Enum(Outcome, native_enum=False, values_callable=lambda outcomes: [outcome.value for outcome in outcomes])

metadata = MetaData()

schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("applied_at", Instant, nullable=False),
)

cycles = Table(
    "cycles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("period_start", Instant),
    Column("period_end", Instant),
    Column("found", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("confirmed", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("unmapped", Integer, nullable=False),
    Column("ignored", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("windows", Integer, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("held_back", Integer, nullable=False),
    Column("reopened", Integer, nullable=False),
    Column("would_write", Integer, nullable=False),
    Column("error_event", Text),
    Column("error_fields", JSON(none_as_null=True)),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cycle_id", Integer, ForeignKey("cycles.id")),
    Column("planned_at", Instant, nullable=False),
    Column("rubric_isn", Integer, nullable=False),
    Column("document_isn", Integer),
    Column("number", Text),
    Column("sstu_status", Text),
    Column("old_pos", Text),
    Column("new_pos", Text, nullable=False),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("change_id", Integer, ForeignKey("changes.id"), primary_key=True),
    Column("settled_at", Instant, nullable=False),
    Column("outcome", _OUTCOME, nullable=False),
    Column("message", Text),
    Column("message_code", Text),
    Column("system_message", Text),
)

open_changes = Table(
    "open_changes",
    metadata,
    Column("change_id", Integer, ForeignKey("changes.id"), primary_key=True),
)

retries = Table(
    "retries",
    metadata,
    Column("rubric_isn", Integer, primary_key=True),
    Column("document_isn", Integer),
    Column("number", Text),
    Column("attempts", Integer, nullable=False),
    Column("first_failed_at", Instant, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("outcome", _OUTCOME, nullable=False),
    Column("message", Text),
    Column("message_code", Text),
    Column("system_message", Text),
)

unmapped = Table(
    "unmapped",
    metadata,
    Column("rubric_isn", Integer, primary_key=True),
    Column("document_isn", Integer),
    Column("number", Text),
    Column("sstu_status", Text, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)

probe = Table(
    "probe",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
)


alert_conditions = Table(
    "alert_conditions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("fields", JSON, nullable=False),
    Column("told_at", Instant),
    Column("told_count", Integer),
    Column("told_tokens", JSON(none_as_null=True), info={"kind": list}),
    Column("message_id", Text),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("written_at", Instant, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("trials", JSON, nullable=False),
    Column("settled_at", Instant),
)

# The last section "alerts" that was sound, without the password: for when the file can no longer be read.
alert_settings = Table(
    "alert_settings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("section", JSON, nullable=False),
)

# The status that the service wrote last to each rubric; ``sstu_status`` was its reason.
followed = Table(
    "followed",
    metadata,
    Column("rubric_isn", Integer, primary_key=True),
    Column("document_isn", Integer),
    Column("number", Text),
    Column("sstu_status", Text),
    Column("pos_status", Text, nullable=False),
    Column("written_at", Instant, nullable=False),
    Column("overruled_at", Instant),
    Column("overruled_as", Text),
    Column("reopened_at", Instant),
    Column("reopened_as", Text),
)

# Appeals that the service keeps its hands off, by registration number or ISN.
exclusions = Table(
    "exclusions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("reason", Text),
    Column("added_at", Instant, nullable=False),
)

# Windows that could not be read whole.
incomplete_windows = Table(
    "incomplete_windows",
    metadata,
    Column("start", Instant, primary_key=True),
    Column("end", Instant, primary_key=True),
    Column("first_seen", Instant, nullable=False),
    Column("last_read", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("total", Integer),
    Column("acknowledged_at", Instant),
    Column("unreadable", Text),
)

# Values of which only the last one counts: see baikaldoc_pos.journal.Snapshot.
snapshots = Table(
    "snapshots",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("value", JSON, nullable=False),
)

# What a server can do, by its GraphQL address; one row, for the address in use.
server_profiles = Table(
    "server_profiles",
    metadata,
    Column("address", Text, primary_key=True),
    Column("profile", JSON, nullable=False),
)


def sound(column: Column[Any], value: object) -> bool:
    """Whether a value is one that the column can have."""
    if value is None:
        return bool(column.nullable)
    if isinstance(column.type, Integer):
        return isinstance(value, int)
    if not isinstance(value, str):
        return False
    try:
        if isinstance(column.type, Instant):
            return datetime.fromisoformat(value).tzinfo is not None
        if isinstance(column.type, JSON):
            return isinstance(json.loads(value), column.info.get("kind", dict))
    except (ValueError, RecursionError):
        return False
    return value in column.type.enums if isinstance(column.type, Enum) else True


def damaged_row(connection: sqlite3.Connection) -> str | None:
    """Where the first value of a foreign kind is; None where there is none. It reads everything."""
    for table in metadata.sorted_tables:
        names = ", ".join(f'"{column.name}"' for column in table.c)
        query = f"SELECT rowid, {names} FROM {table.name}"  # noqa: S608 - our own names
        for rowid, *values in connection.execute(query):
            for column, value in zip(table.c, values, strict=True):
                if not sound(column, value):
                    return f"{table.name}, rowid {rowid}, {column.name}"
    return None
