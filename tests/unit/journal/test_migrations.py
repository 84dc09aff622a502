import sqlite3
from contextlib import closing

import pytest
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.journal import Journal, JournalReader, migrations, schema
from sqlalchemy import create_engine, inspect

from tests.unit.journal.builders import change

LATEST = migrations.LATEST


def columns(engine):
    inspector = inspect(engine)
    return {
        table: {
            (column["name"], bool(column["nullable"]) and not column["primary_key"], bool(column["primary_key"]))
            for column in inspector.get_columns(table)
        }
        for table in inspector.get_table_names()
    }


def test_the_steps_end_at_the_tables_that_queries_speak_of(journal, directory):
    as_migrated = create_engine(f"sqlite:///{directory / 'journal.sqlite3'}")
    as_described = create_engine("sqlite://")
    schema.metadata.create_all(as_described)
    assert columns(as_migrated) == columns(as_described)
    as_migrated.dispose()
    as_described.dispose()


def test_a_journal_of_a_newer_version_is_refused_and_left_alone(directory, clock, monkeypatch):
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, lambda _: None))
    monkeypatch.setattr(migrations, "LATEST", len(migrations.MIGRATIONS))
    Journal.open(directory, clock).close()
    monkeypatch.undo()
    before = (directory / "journal.sqlite3").read_bytes()
    for open_it in (lambda: Journal.open(directory, clock), lambda: JournalReader.open(directory)):
        with pytest.raises(JournalUnavailable, match=rf"schema version {LATEST + 1}: .*newer"):
            open_it()
    assert (directory / "journal.sqlite3").read_bytes() == before


def test_an_older_journal_is_brought_up_to_date_with_what_it_holds(directory, clock, monkeypatch):
    with Journal.open(directory, clock) as journal:
        journal.record_intents(None, [change(1)])

    def another(connection):
        connection.exec_driver_sql("ALTER TABLE marks ADD COLUMN note TEXT")

    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, another))
    monkeypatch.setattr(migrations, "LATEST", LATEST + 1)
    with pytest.raises(JournalUnavailable, match="next start"):
        JournalReader.open(directory)
    with Journal.open(directory, clock) as journal:
        assert len(journal.open_changes()) == 1
    (copy,) = directory.glob("journal-version-*")
    with closing(sqlite3.connect(copy)) as shell:
        assert shell.execute("SELECT max(version) FROM schema_version").fetchall() == [(LATEST,)]
    shell = sqlite3.connect(directory / "journal.sqlite3")
    assert shell.execute("SELECT version FROM schema_version ORDER BY 1").fetchall() == [
        (version,) for version in range(1, LATEST + 2)
    ]
    assert shell.execute("SELECT note FROM marks").fetchall() == []
    shell.close()


def test_a_step_that_fails_leaves_the_journal_as_it_was(directory, clock, monkeypatch):
    Journal.open(directory, clock).close()

    def broken(connection):
        connection.exec_driver_sql("CREATE TABLE half (done INTEGER)")
        connection.exec_driver_sql("ALTER TABLE nowhere ADD COLUMN note TEXT")

    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, broken))
    monkeypatch.setattr(migrations, "LATEST", LATEST + 1)
    with pytest.raises(JournalUnavailable, match="nowhere"):
        Journal.open(directory, clock)
    monkeypatch.undo()
    with Journal.open(directory, clock):
        engine = create_engine(f"sqlite:///{directory / 'journal.sqlite3'}")
        assert "half" not in inspect(engine).get_table_names()
        engine.dispose()
