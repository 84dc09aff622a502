"""The journal's schema, step by step. A step that has been released is never edited: a new one is appended.

The statements are written out, and not derived from ``schema``, so that a step means the same for ever.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, inspect, select

from baikaldoc_pos.journal import schema
from baikaldoc_pos.journal.alert_tables import add_alert_tables

Migration = Callable[[Connection], None]


def schema_version(connection: Connection) -> int:
    """The version of this journal; 0 where there is nothing yet."""
    if not inspect(connection).has_table(schema.schema_version.name):
        return 0
    return connection.execute(select(func.max(schema.schema_version.c.version))).scalar() or 0


def migrate(connection: Connection, now: datetime) -> None:
    """Bring the journal to :data:`LATEST`, within the caller's transaction."""
    for version in range(schema_version(connection) + 1, LATEST + 1):
        MIGRATIONS[version - 1](connection)
        connection.execute(insert(schema.schema_version).values(version=version, applied_at=now))


def _first(connection: Connection) -> None:
    for statement in (*_TABLES, *_INDEXES, *_TRIGGERS):
        connection.exec_driver_sql(statement)


_TABLES = (
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

MIGRATIONS: Sequence[Migration] = (_first, add_alert_tables)
LATEST = len(MIGRATIONS)
