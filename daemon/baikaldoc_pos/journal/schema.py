"""The tables, as queries speak of them. How they came to be in a file is told by ``migrations``.

``changes`` and ``outcomes`` are append-only, which triggers enforce; ``open_changes`` holds the ids of changes that
have no outcome yet and is kept by triggers too, so that they are found without reading the whole history.
"""

from datetime import UTC, datetime

from sqlalchemy import JSON, Column, Enum, ForeignKey, Integer, MetaData, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from baikaldoc_pos.model import Outcome


class Instant(TypeDecorator[datetime]):
    """An instant as ISO 8601 text in UTC, of fixed width: readable in any SQLite shell, and it sorts as time does."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant without a time zone: {value}")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

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
