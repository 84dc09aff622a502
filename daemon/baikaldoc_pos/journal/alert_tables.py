"""The tables of alerting, as queries speak of them, and the step of the schema that makes them."""

from sqlalchemy import JSON, Column, Connection, Integer, Table, Text

from baikaldoc_pos.journal.schema import Instant, metadata

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


def add_alert_tables(connection: Connection) -> None:
    """The step of ``migrations``; written out, as all of them are."""
    for statement in _STATEMENTS:
        connection.exec_driver_sql(statement)


_STATEMENTS = (
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
