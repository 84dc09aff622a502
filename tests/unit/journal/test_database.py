import sqlite3
import stat
import subprocess
from contextlib import closing, suppress

import pytest
from baikaldoc_pos.errors import FileUnwritable, JournalUnavailable
from baikaldoc_pos.journal import ChangeOutcome, Checkpoint, Journal, JournalReader

from tests.unit.journal.builders import REFUSED, change
from tests.unit.journal.conftest import START


def modes(directory):
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}


def test_only_the_owner_can_read_any_of_the_files(directory, clock):
    Journal.open(directory, clock).close()
    (directory / "journal.sqlite3").chmod(0o644)
    with Journal.open(directory, clock) as journal:
        journal.record_intents(None, [change(1)])
        assert modes(directory) == dict.fromkeys(
            ("journal.sqlite3", "journal.sqlite3-wal", "journal.sqlite3-shm"), 0o600
        )
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_the_directory_may_have_any_name(tmp_path, clock):
    directory = tmp_path / "состояние #1? 50%25"
    with Journal.open(directory, clock) as journal:
        journal.set_checkpoint(Checkpoint.BOOKMARK, START)
    assert [path.name for path in directory.iterdir()] == ["journal.sqlite3"]
    with JournalReader.open(directory) as reader:
        assert reader.marks() == {"bookmark": START}


def test_durability_is_what_was_asked_for(journal):
    with journal._database.write() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE changes SET new_pos = 'x'",
        "DELETE FROM changes",
        "INSERT OR REPLACE INTO changes (id, planned_at, rubric_isn, new_pos) VALUES (1, '', 1, 'x')",
        "UPDATE outcomes SET outcome = 'updated'",
        "DELETE FROM outcomes",
    ],
)
def test_what_was_recorded_cannot_be_altered_by_anyone(journal, directory, statement):
    journal.settle([ChangeOutcome(id_, REFUSED) for id_ in journal.record_intents(None, [change(1)])])
    with (
        closing(sqlite3.connect(directory / "journal.sqlite3")) as shell,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        shell.execute(statement)


@pytest.mark.parametrize("replace", [False, True])
def test_a_journal_taken_away_under_the_writer_is_noticed(journal, directory, replace):
    for path in directory.iterdir():
        path.rename(path.with_suffix(".gone"))
    if replace:
        (directory / "journal.sqlite3").touch()
    for attempt in (journal.check_writable, lambda: journal.record_intents(None, [change(1)]), journal.open_changes):
        with pytest.raises(JournalUnavailable):
            attempt()


def test_a_wal_taken_away_under_the_writer_costs_nothing_that_was_written(journal, directory):
    """SQLite would go on with the removed file, and a crash would lose all of it."""
    journal.record_intents(None, [change(1)])
    for suffix in ("-wal", "-shm"):
        (directory / f"journal.sqlite3{suffix}").unlink()
    with pytest.raises(JournalUnavailable, match="-wal"):
        journal.record_intents(None, [change(2)])
    journal.record_intents(None, [change(3)])
    with JournalReader.open(directory) as looking:
        assert [each.change.rubric.isn for each in looking.open_changes()] == [1, 3]


def fill(ballast):
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk_is_told_of_and_nothing_is_half_done(small_disk, clock):
    with Journal.open(small_disk, clock) as journal:
        whole = journal.record_intents(None, [change(1), change(2)])
        ballast = small_disk / "ballast"
        fill(ballast)
        with pytest.raises(JournalUnavailable, match="full") as caught:
            journal.record_intents(None, [change(isn, "А" * 500) for isn in range(500)])
        assert caught.value.fields["path"] == str(small_disk / "journal.sqlite3")
        assert [each.change_id for each in journal.open_changes()] == whole

        ballast.unlink()
        journal.check_writable()
        journal.record_intents(None, [change(3)])
        assert len(journal.open_changes()) == 3


def test_a_backup_that_finds_no_space_leaves_no_half_of_a_copy(directory, small_disk, clock):
    with Journal.open(directory, clock) as journal:
        journal.record_intents(None, [change(1)])
    fill(small_disk / "ballast")
    with JournalReader.open(directory) as reader, pytest.raises(FileUnwritable, match="full"):
        reader.back_up(small_disk / "copy")
    assert not (small_disk / "copy").exists()


def test_a_disk_that_has_become_read_only(small_disk, clock):
    Journal.open(small_disk, clock).close()
    before = sorted(small_disk.iterdir())
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(JournalUnavailable, match=r"(?i)read.?only|unable to open"):
        Journal.open(small_disk, clock)
    with JournalReader.open(small_disk) as reader:  # a copy on a read-only medium can still be asked
        assert list(reader.history()) == []
    assert sorted(small_disk.iterdir()) == before
