"""The tables as queries speak of them, and the steps that make them in a file.

A step that has been released is never edited: a new one is appended. The steps are written out, and not derived from
the tables, so that each means the same for ever.

``changes`` and ``outcomes`` are append-only, which triggers enforce; ``open_changes`` holds the ids of changes that
have no outcome yet and is kept by triggers too, so that they are found without reading the whole history.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Enum,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    insert,
    inspect,
    select,
)
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
    Column("told_tokens", JSON(none_as_null=True)),
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


def _server_profiles(connection: Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE server_profiles (address TEXT PRIMARY KEY NOT NULL, profile TEXT NOT NULL)"
    )


def _following(connection: Connection) -> None:
    for statement in _FOLLOWING_STATEMENTS:
        connection.exec_driver_sql(statement)


_FOLLOWING_STATEMENTS = (
    *(
        f"ALTER TABLE cycles ADD COLUMN {name} INTEGER NOT NULL DEFAULT 0"
        for name in ("held_back", "reopened", "would_write")
    ),
    """
    CREATE TABLE followed (
        rubric_isn INTEGER PRIMARY KEY,
        document_isn INTEGER,
        number TEXT,
        sstu_status TEXT,
        pos_status TEXT NOT NULL,
        written_at TEXT NOT NULL,
        overruled_at TEXT,
        overruled_as TEXT,
        reopened_at TEXT,
        reopened_as TEXT
    )
    """,
    # SQLite takes the other columns from the row of the maximum.
    """
    INSERT INTO followed (rubric_isn, document_isn, number, sstu_status, pos_status, written_at)
    SELECT rubric_isn, document_isn, number, sstu_status, new_pos, settled_at FROM (
        SELECT max(changes.id), rubric_isn, document_isn, number, sstu_status, new_pos, settled_at
        FROM changes JOIN outcomes ON change_id = changes.id
        WHERE outcome IN ('updated', 'confirmed') GROUP BY rubric_isn
    )
    """,
    "CREATE INDEX followed_by_pair ON followed (pos_status, sstu_status)",
    "CREATE INDEX followed_by_time ON followed (written_at)",
    "CREATE INDEX followed_reopened ON followed (reopened_at) WHERE reopened_at IS NOT NULL",
    "CREATE TABLE exclusions (name TEXT PRIMARY KEY NOT NULL, reason TEXT, added_at TEXT NOT NULL)",
    """
    CREATE TABLE incomplete_windows (
        start TEXT NOT NULL,
        "end" TEXT NOT NULL,
        first_seen TEXT NOT NULL,
        last_read TEXT NOT NULL,
        tries INTEGER NOT NULL,
        reason TEXT NOT NULL,
        "rows" INTEGER NOT NULL,
        total INTEGER,
        acknowledged_at TEXT,
        PRIMARY KEY (start, "end")
    )
    """,
    "CREATE TABLE snapshots (name TEXT PRIMARY KEY NOT NULL, at TEXT NOT NULL, value TEXT NOT NULL)",
)


def _alerts(connection: Connection) -> None:
    for statement in _ALERT_STATEMENTS:
        connection.exec_driver_sql(statement)


_ALERT_STATEMENTS = (
    """
    CREATE TABLE alert_conditions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        since TEXT NOT NULL,
        opened_at TEXT NOT NULL,
        closed_at TEXT,
        fields TEXT NOT NULL,
        told_at TEXT,
        told_count INTEGER,
        told_tokens TEXT,
        message_id TEXT
    )
    """,
    "CREATE UNIQUE INDEX alert_conditions_open ON alert_conditions (kind, key) WHERE closed_at IS NULL",
    """
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        purpose TEXT NOT NULL,
        message_id TEXT NOT NULL UNIQUE,
        written_at TEXT NOT NULL,
        subject TEXT NOT NULL,
        text TEXT NOT NULL,
        html TEXT NOT NULL,
        headers TEXT NOT NULL,
        state TEXT NOT NULL,
        trials TEXT NOT NULL,
        settled_at TEXT
    )
    """,
    "CREATE INDEX outbox_by_state ON outbox (state, id)",
    "CREATE INDEX outbox_by_purpose ON outbox (purpose, written_at)",
    "CREATE TABLE alert_settings (id INTEGER PRIMARY KEY CHECK (id = 1), section TEXT NOT NULL)",
)


Migration = Callable[[Connection], None]


def version_of(connection: Connection) -> int:
    """The version of this journal; 0 where there is nothing yet."""
    if not inspect(connection).has_table(schema_version.name):
        return 0
    return connection.execute(select(func.max(schema_version.c.version))).scalar() or 0


def migrate(connection: Connection, now: datetime) -> None:
    """Bring the journal to :data:`LATEST`, within the caller's transaction."""
    for version in range(version_of(connection) + 1, LATEST + 1):
        MIGRATIONS[version - 1](connection)
        connection.execute(insert(schema_version).values(version=version, applied_at=now))


def _first(connection: Connection) -> None:
    for statement in (*_FIRST_TABLES, *_INDEXES, *_TRIGGERS):
        connection.exec_driver_sql(statement)


_FIRST_TABLES = (
    "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)",
    """
    CREATE TABLE cycles (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        period_start TEXT,
        period_end TEXT,
        found INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        confirmed INTEGER NOT NULL,
        refused INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        unmapped INTEGER NOT NULL,
        ignored INTEGER NOT NULL,
        skipped INTEGER NOT NULL,
        windows INTEGER NOT NULL,
        requests INTEGER NOT NULL,
        error_event TEXT,
        error_fields TEXT
    )
    """,
    """
    CREATE TABLE changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        cycle_id INTEGER REFERENCES cycles (id),
        planned_at TEXT NOT NULL,
        rubric_isn INTEGER NOT NULL,
        document_isn INTEGER,
        number TEXT,
        sstu_status TEXT,
        old_pos TEXT,
        new_pos TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE outcomes (
        change_id INTEGER PRIMARY KEY REFERENCES changes (id),
        settled_at TEXT NOT NULL,
        outcome TEXT NOT NULL,
        message TEXT,
        message_code TEXT,
        system_message TEXT
    )
    """,
    "CREATE TABLE open_changes (change_id INTEGER PRIMARY KEY REFERENCES changes (id))",
    """
    CREATE TABLE retries (
        rubric_isn INTEGER PRIMARY KEY,
        document_isn INTEGER,
        number TEXT,
        attempts INTEGER NOT NULL,
        first_failed_at TEXT NOT NULL,
        next_attempt_at TEXT NOT NULL,
        outcome TEXT NOT NULL,
        message TEXT,
        message_code TEXT,
        system_message TEXT
    )
    """,
    """
    CREATE TABLE unmapped (
        rubric_isn INTEGER PRIMARY KEY,
        document_isn INTEGER,
        number TEXT,
        sstu_status TEXT NOT NULL,
        first_seen TEXT NOT NULL,
        last_seen TEXT NOT NULL
    )
    """,
    "CREATE TABLE marks (name TEXT PRIMARY KEY NOT NULL, at TEXT NOT NULL)",
    "CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), at TEXT NOT NULL)",
)

_INDEXES = (
    "CREATE INDEX cycles_succeeded ON cycles (finished_at) WHERE error_event IS NULL AND finished_at IS NOT NULL",
    "CREATE INDEX changes_by_time ON changes (planned_at)",
    "CREATE INDEX changes_by_rubric ON changes (rubric_isn, planned_at)",
    "CREATE INDEX changes_by_document ON changes (document_isn, planned_at)",
    "CREATE INDEX changes_by_number ON changes (number, planned_at)",
    "CREATE INDEX outcomes_by_time ON outcomes (settled_at, outcome)",
    "CREATE INDEX retries_by_time ON retries (next_attempt_at)",
    "CREATE INDEX unmapped_by_status ON unmapped (sstu_status, number)",
    "CREATE INDEX unmapped_by_time ON unmapped (last_seen)",
)

# The BEFORE INSERT pair is for INSERT OR REPLACE, which deletes without firing a DELETE trigger.
_TRIGGERS = (
    "CREATE TRIGGER changes_no_update BEFORE UPDATE ON changes BEGIN SELECT RAISE(ABORT, 'changes: append-only'); END",
    "CREATE TRIGGER changes_no_delete BEFORE DELETE ON changes BEGIN SELECT RAISE(ABORT, 'changes: append-only'); END",
    """
    CREATE TRIGGER changes_no_replace BEFORE INSERT ON changes
    WHEN EXISTS (SELECT 1 FROM changes WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'changes: append-only'); END
    """,
    """
    CREATE TRIGGER outcomes_no_update BEFORE UPDATE ON outcomes
    BEGIN SELECT RAISE(ABORT, 'outcomes: append-only'); END
    """,
    """
    CREATE TRIGGER outcomes_no_delete BEFORE DELETE ON outcomes
    BEGIN SELECT RAISE(ABORT, 'outcomes: append-only'); END
    """,
    """
    CREATE TRIGGER outcomes_no_replace BEFORE INSERT ON outcomes
    WHEN EXISTS (SELECT 1 FROM outcomes WHERE change_id = NEW.change_id)
    BEGIN SELECT RAISE(ABORT, 'outcomes: append-only'); END
    """,
    """
    CREATE TRIGGER changes_open AFTER INSERT ON changes
    BEGIN INSERT INTO open_changes (change_id) VALUES (NEW.id); END
    """,
    """
    CREATE TRIGGER outcomes_close AFTER INSERT ON outcomes
    BEGIN DELETE FROM open_changes WHERE change_id = NEW.change_id; END
    """,
)

MIGRATIONS: Sequence[Migration] = (_first, _alerts, _server_profiles, _following)
LATEST = len(MIGRATIONS)
