"""The journal lets go of what the configuration lets go, and of nothing else."""

from pathlib import Path

import pytest
from baikaldoc_pos.config import Retention
from baikaldoc_pos.journal import ChangeOutcome, CycleCounts, Journal, JournalReader
from baikaldoc_pos.journal.database import FILE_NAME

from tests.clocks import ManualClock
from tests.unit.journal.builders import UPDATED, change, retry

FOR_EVER = Retention()


def cycle(journal: Journal, *isns: int) -> int:
    cycle_id = journal.begin_cycle("regular", None)
    ids = journal.record_intents(cycle_id, [change(isn) for isn in isns])
    journal.settle([ChangeOutcome(id_, UPDATED) for id_ in ids])
    journal.finish_cycle(cycle_id, CycleCounts())
    return cycle_id


def kept(directory: Path) -> tuple[set[int], set[int]]:
    """The ids of the cycles, and the ISNs of the changes."""
    with JournalReader.open(directory) as reader:
        return {each.id for each in reader.last_cycles(10_000)}, {row.rubric_isn for row in reader.history(limit=None)}


def test_empty_cycles_go_after_their_time_and_those_that_wrote_stay(
    journal: Journal, clock: ManualClock, directory: Path
) -> None:
    empty, wrote = cycle(journal), cycle(journal, 1)
    for _ in range(4):
        clock.advance(days=25)
        last = cycle(journal)
        journal.thin(FOR_EVER)
    cycles, changes = kept(directory)
    assert (empty in cycles, wrote in cycles, last in cycles, changes) == (False, True, True, {1})


def test_changes_go_only_where_that_is_configured_and_the_rest_stays_append_only(
    journal: Journal, clock: ManualClock, directory: Path
) -> None:
    cycle(journal, 1, 2)
    journal.schedule_retries([retry(2, clock.now())])
    open_change = journal.record_intents(None, [change(3)])
    for _ in range(3):
        clock.advance(days=20)
        cycle(journal)
        journal.thin(Retention(change_days=30))
    cycle(journal, 4)
    assert kept(directory)[1] == {2, 3, 4}
    assert [each.change_id for each in journal.open_changes()] == open_change
    with journal._database.write() as connection:
        triggers = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name LIKE '%_no_delete'")
        assert triggers.scalar() == 2


def test_a_clock_that_jumps_ahead_removes_nothing(journal: Journal, clock: ManualClock, directory: Path) -> None:
    cycle(journal, 1)
    cycle(journal)
    clock.advance(days=400)
    cycle(journal)
    assert journal.thin(Retention(change_days=30)) == 0
    assert len(kept(directory)[0]) == 3


@pytest.mark.slow
def test_the_file_gets_smaller_and_a_day_passes_between(journal: Journal, clock: ManualClock, directory: Path) -> None:
    for _ in range(300):
        cycle(journal, *range(10))
    journal._database.give_back_space()
    size = (directory / FILE_NAME).stat().st_size
    clock.advance(days=20)
    cycle(journal)
    clock.advance(days=20)
    cycle(journal)
    assert journal.thin(Retention(change_days=30)) >= 3000
    assert journal.thin(Retention(change_days=30)) == 0
    with journal._database._engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (directory / FILE_NAME).stat().st_size < size / 2
