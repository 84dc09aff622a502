from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.journal import ChangeOutcome, CycleCounts, JournalReader
from baikaldoc_pos.model import Outcome, Period

from tests.unit.journal.builders import REFUSED, UPDATED, change, retry
from tests.unit.journal.conftest import START


def reader_of(directory):
    opened = JournalReader.open(directory)
    assert opened is not None
    return opened


def test_a_change_is_settled_once_and_the_second_attempt_changes_nothing_at_all(journal, directory):
    (id_,) = journal.record_intents(None, [change(1)])
    journal.schedule_retries([retry(1, START)])
    journal.settle([ChangeOutcome(id_, UPDATED)])

    with pytest.raises(JournalUnavailable):
        journal.settle([ChangeOutcome(id_, REFUSED)], again=[retry(2, START)], cleared=[1])

    with reader_of(directory) as reader:
        assert [row.outcome for row in reader.history()] == [Outcome.UPDATED]
    assert [entry.rubric_isn for entry in journal.open_retries()] == [1]


def test_an_outcome_belongs_to_a_change_and_a_change_to_a_cycle(journal):
    with pytest.raises(JournalUnavailable, match="FOREIGN KEY"):
        journal.settle([ChangeOutcome(77, UPDATED)])
    with pytest.raises(JournalUnavailable, match="FOREIGN KEY"):
        journal.record_intents(77, [change(1)])
    assert journal.open_changes() == []


def test_retry_entries_of_more_rubrics_than_a_statement_has_variables(journal):
    journal.schedule_retries([retry(7, START)])
    assert journal.retry_entries(range(200_000)) == {7: retry(7, START)}
    assert journal.retry_entries([]) == {}


def test_cycles_finish_fail_or_are_found_interrupted(journal, directory, clock):
    period = Period(START - timedelta(days=1), START)
    good = journal.begin_cycle("regular", period)
    finished = clock.advance(seconds=9)
    counts = CycleCounts(*range(1, 11))
    journal.finish_cycle(good, counts)
    bad = journal.begin_cycle("regular", None)
    clock.advance(seconds=1)
    journal.finish_cycle(bad, CycleCounts(found=3), ("delo.unavailable", {"reason": "отказ", "since": START}))
    cut_short = journal.begin_cycle("fixed", None)

    with reader_of(directory) as reader:
        assert [cycle.error_event for cycle in reader.last_cycles(1)] == [None]  # it runs
        assert journal.mark_interrupted_cycles() == 1
        assert journal.mark_interrupted_cycles() == 0

        last = reader.last_cycles(3)
        assert [cycle.id for cycle in last] == [cut_short, bad, good]
        assert (last[0].kind, last[0].finished_at, last[0].error_event) == ("fixed", None, "cycle.interrupted")
        assert (last[1].error_event, last[1].counts.found) == ("delo.unavailable", 3)
        assert last[1].error_fields == {"reason": "отказ", "since": START}
        assert (last[2].period, last[2].counts, last[2].error_event) == (period, counts, None)
        assert last[2].error_fields == last[0].error_fields == {}
        assert (last[2].started_at, last[2].finished_at) == (START, finished)
        assert reader.last_success() == finished
        assert reader.last_success(kind="fixed") is None


def test_the_watchdog_asks_from_its_own_thread_while_the_worker_writes(journal, clock):
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(journal.check_writable) for _ in range(20)]
        written = [journal.record_intents(None, [change(isn)]) for isn in range(20)]
        for each in asked:
            each.result()
    assert len(journal.open_changes()) == len(written) == 20
