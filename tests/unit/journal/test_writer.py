from concurrent.futures import ThreadPoolExecutor

import pytest
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.journal import ChangeOutcome, JournalReader
from baikaldoc_pos.model import Outcome

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


def test_retry_entries_of_more_rubrics_than_a_statement_has_variables(journal):
    journal.schedule_retries([retry(7, START)])
    assert journal.retry_entries(range(200_000)) == {7: retry(7, START)}
    assert journal.retry_entries([]) == {}


def test_the_watchdog_asks_from_its_own_thread_while_the_worker_writes(journal, clock):
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(journal.check_writable) for _ in range(20)]
        written = [journal.record_intents(None, [change(isn)]) for isn in range(20)]
        for each in asked:
            each.result()
    assert len(journal.open_changes()) == len(written) == 20
