"""A damaged journal is told, with the place; what can be read of it begins a new one."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from baikaldoc_pos.errors import JournalDamaged
from baikaldoc_pos.journal import ChangeOutcome, Exclusion, Journal, JournalReader, check_whole, recover
from baikaldoc_pos.journal.database import FILE_NAME

from tests.clocks import ManualClock
from tests.unit.journal.builders import UPDATED, change, retry
from tests.unit.journal.conftest import START

# The type of a page of the B-tree of a table: https://www.sqlite.org/fileformat2.html#b_tree_pages
LEAF = 13


@pytest.fixture
def worked(directory: Path, clock: ManualClock) -> Path:
    """The file of a journal with two settled changes, a retry and an exclusion."""
    with Journal.open(directory, clock) as journal:
        cycle_id = journal.begin_cycle("regular", None)
        ids = journal.record_intents(cycle_id, [change(isn) for isn in range(1, 1000)])
        journal.settle([ChangeOutcome(id_, UPDATED) for id_ in ids], again=[retry(2, START)])
        journal.exclusions.add(Exclusion("А-7", None, START))
    return directory / FILE_NAME


def execute(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE retries SET next_attempt_at = 'завтра'", "retries, rowid 2, next_attempt_at"),
        ("UPDATE retries SET outcome = 'lost'", "retries, rowid 2, outcome"),
        ("UPDATE followed SET written_at = x'ff' WHERE rubric_isn = 3", "followed, rowid 3, written_at"),
    ],
)
def test_a_value_of_a_foreign_kind_is_named_with_its_row(worked: Path, statement: str, place: str) -> None:
    execute(worked, statement)
    with pytest.raises(JournalDamaged) as damage:
        check_whole(worked.parent)
    assert place in str(damage.value.fields["reason"])
    with JournalReader.open(worked.parent) as journal:
        read = journal.followed.written if "followed" in place else journal.open_retries
        with pytest.raises(JournalDamaged):
            read()


def test_an_empty_file_is_no_first_start(directory: Path, clock: ManualClock) -> None:
    directory.mkdir()
    (directory / FILE_NAME).touch()
    with pytest.raises(JournalDamaged):
        Journal.open(directory, clock)
    with pytest.raises(JournalDamaged):
        JournalReader.open(directory)


def test_what_can_be_read_begins_a_new_journal(worked: Path, clock: ManualClock) -> None:
    execute(worked, "UPDATE retries SET next_attempt_at = 'завтра'")
    with closing(sqlite3.connect(worked)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = worked.read_bytes()
    leaves = [page for page in range(len(whole) // 4096) if whole[page * 4096] == LEAF]
    (middle, *_) = (page for page in leaves if change(500).target.encode() in whole[page * 4096 : (page + 1) * 4096])
    worked.write_bytes(whole[: middle * 4096] + b"\xff" * 4096 + whole[(middle + 1) * 4096 :])
    with pytest.raises(JournalDamaged):
        check_whole(worked.parent)

    aside, lost = recover(worked.parent, clock.now())

    check_whole(worked.parent)
    assert lost["retries"] == 1
    assert sum(lost.values()) == 2
    assert aside.read_bytes()[middle * 4096 :][:4096] == b"\xff" * 4096
    with Journal.open(worked.parent, clock) as journal:
        kept = {row.rubric_isn for row in JournalReader.open(worked.parent).history(limit=None)}
        assert 900 < len(kept) < 999
        assert [each.name for each in journal.exclusions.all()] == ["А-7"]


@pytest.mark.parametrize("content", [b"", b"\0" * 8192, "письмо".encode() * 1000], ids=["empty", "zeros", "text"])
def test_a_file_of_which_nothing_can_be_read_counts_as_lost(worked: Path, clock: ManualClock, content: bytes) -> None:
    worked.write_bytes(content)
    _, lost = recover(worked.parent, clock.now())
    assert {"changes", "outcomes", "retries", "exclusions"} <= lost.keys()


def test_the_file_that_is_kept_aside_stays_as_it_was(worked: Path, clock: ManualClock, tmp_path: Path) -> None:
    with Journal.open(worked.parent, clock) as journal:
        journal.record_intents(None, [change(1000)])
        crashed = shutil.copytree(worked.parent, tmp_path / "crashed") / FILE_NAME
    files = [crashed, crashed.with_name(f"{FILE_NAME}-wal")]
    before = [file.read_bytes() for file in files]
    assert before[1]
    aside, _ = recover(crashed.parent, clock.now())
    assert [aside.read_bytes(), aside.with_name(f"{aside.name}-wal").read_bytes()] == before
    with JournalReader.open(crashed.parent) as reader:
        assert next(reader.history()).rubric_isn == 1000
