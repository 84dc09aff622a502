"""The steps that make the tables in a file.

A step that has been released is never edited: a new one is appended. The steps are written out, and not derived from
the tables, so that each means the same for ever.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, inspect, select

from baikaldoc_pos.journal.schema import schema_version


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


def _cycles_of_changes(connection: Connection) -> None:
    """A cycle without changes is found, and removed, without a look at all changes."""
    connection.exec_driver_sql("CREATE INDEX changes_by_cycle ON changes (cycle_id)")


def _unreadable_rows(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE incomplete_windows ADD COLUMN unreadable TEXT")


MIGRATIONS: Sequence[Migration] = (_first, _alerts, _server_profiles, _following, _cycles_of_changes, _unreadable_rows)
LATEST = len(MIGRATIONS)
