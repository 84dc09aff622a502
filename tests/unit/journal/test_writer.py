from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.journal import ChangeOutcome, Checkpoint, CycleCounts, Journal, JournalReader
from baikaldoc_pos.model import Answer, Outcome, Period

from tests.unit.journal.builders import REFUSED, UPDATED, change, retry, rubric
from tests.unit.journal.conftest import START


def reader_of(directory):
    opened = JournalReader.open(directory)
    assert opened is not None
    return opened


def test_an_intent_is_open_until_its_outcome_is_recorded(journal, clock):
    first, second = journal.record_intents(None, [change(1), change(2, number=None)])

    assert [(each.change_id, each.change) for each in journal.open_changes()] == [
        (first, change(1)),
        (second, change(2, number=None)),
    ]
    assert journal.open_changes()[0].planned_at == START

    clock.forward(seconds=3)
    journal.settle([ChangeOutcome(first, UPDATED)])
    assert [each.change_id for each in journal.open_changes()] == [second]


def test_ids_come_in_the_order_given_and_history_tells_all_of_a_change(journal, directory, clock):
    cycle = journal.begin_cycle("regular", None)
    planned = [change(isn) for isn in (5, 3, 9)]
    ids = journal.record_intents(cycle, planned)
    clock.forward(seconds=2)
    journal.settle([ChangeOutcome(ids[1], REFUSED)])

    with reader_of(directory) as reader:
        rows = {row.change_id: row for row in reader.history()}
    assert [rows[id_].rubric_isn for id_ in ids] == [5, 3, 9]
    row = rows[ids[1]]
    assert (row.cycle_id, row.planned_at, row.settled_at) == (cycle, START, START + timedelta(seconds=2))
    assert (row.document_isn, row.number, row.sstu_status) == (30, "А-1/26", "Дан ответ автору")
    assert (row.old_pos, row.new_pos) == (None, "Отправлен ответ заявителю")
    assert (row.outcome, row.message, row.message_code, row.system_message) == (
        Outcome.REFUSED,
        "Нет прав",
        "E-7",
        "ORA-00001",
    )
    assert (rows[ids[0]].outcome, rows[ids[0]].settled_at) == (None, None)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_kept_as_it_is(journal, directory, outcome):
    (id_,) = journal.record_intents(None, [change(1)])
    journal.settle([ChangeOutcome(id_, Answer(outcome))])
    with reader_of(directory) as reader:
        assert [row.outcome for row in reader.history()] == [outcome]


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


def test_a_batch_of_intents_is_recorded_whole_or_not_at_all(journal):
    broken = change(2, target=None)  # type: ignore[arg-type]
    with pytest.raises(JournalUnavailable):
        journal.record_intents(None, [change(1), broken])
    assert journal.open_changes() == []


def test_settling_works_the_retry_list_and_the_unmapped_ones(journal, clock):
    journal.schedule_retries([retry(1, START), retry(2, START)])
    journal.remember_unmapped([rubric(1), rubric(2), rubric(3)], START)
    ids = journal.record_intents(None, [change(1), change(2)])

    again = retry(2, START + timedelta(hours=2), attempts=2)
    journal.settle([ChangeOutcome(ids[0], UPDATED), ChangeOutcome(ids[1], REFUSED)], again=[again], cleared=[1])

    assert journal.open_retries() == [again]
    assert [each.rubric_isn for each in journal.unmapped_rubrics()] == [2, 3]


def test_a_rubric_both_cleared_and_to_be_retried_stays_on_the_list(journal):
    journal.settle([], again=[retry(1, START)], cleared=[1])
    assert journal.open_retries() == [retry(1, START)]


def test_retries_are_due_at_their_instant_and_wait_before_it(journal):
    journal.schedule_retries([retry(1, START + timedelta(seconds=1)), retry(2, START), retry(3, START - timedelta(1))])
    assert [entry.rubric_isn for entry in journal.due_retries(START, timedelta(days=1))] == [3, 2]
    assert journal.retry_times()[1] > START


def test_retry_entries_of_more_rubrics_than_a_statement_has_variables(journal):
    journal.schedule_retries([retry(7, START)])
    assert journal.retry_entries(range(200_000)) == {7: retry(7, START)}
    assert journal.retry_entries([]) == {}


def test_leaving_the_lists(journal):
    journal.schedule_retries([retry(1, START), retry(2, START)])
    journal.remember_unmapped([rubric(1), rubric(2)], START)
    journal.drop_retries([1, 99])
    journal.forget_unmapped(frozenset({2}))
    assert [entry.rubric_isn for entry in journal.open_retries()] == [2]
    assert [each.rubric_isn for each in journal.unmapped_rubrics()] == [1]


def test_nothing_to_do_is_no_fault(journal):
    assert journal.record_intents(None, []) == []
    journal.settle([])
    journal.schedule_retries([])
    journal.drop_retries([])
    journal.remember_unmapped([], START)
    journal.forget_unmapped([])


def test_unmapped_rubrics_keep_when_they_were_first_seen(journal):
    later = START + timedelta(days=2)
    journal.remember_unmapped([rubric(1, status=" Не поступило"), rubric(2)], START)
    journal.remember_unmapped([rubric(1, status="Не определено")], later)

    seen = {each.rubric_isn: each for each in journal.unmapped_rubrics()}
    assert (seen[1].first_seen, seen[1].last_seen, seen[1].sstu_status) == (START, later, "Не определено")
    assert journal.unmapped_not_seen_since(later) == [2]
    assert journal.unmapped_not_seen_since(START) == []


def test_marks_move_and_survive(directory, clock):
    with Journal.open(directory, clock) as journal:
        assert journal.checkpoint(Checkpoint.BOOKMARK) is None
        journal.set_checkpoint(Checkpoint.BOOKMARK, START)
        journal.set_checkpoint(Checkpoint.ORIGIN, START)
        journal.set_checkpoint(Checkpoint.BOOKMARK, START - timedelta(days=1))
    with Journal.open(directory, clock) as journal:
        assert journal.checkpoint(Checkpoint.BOOKMARK) == START - timedelta(days=1)
    with reader_of(directory) as reader:
        assert reader.marks() == {"bookmark": START - timedelta(days=1), "origin": START}


def test_an_instant_without_a_zone_is_refused(journal):
    with pytest.raises(JournalUnavailable, match="time zone"):
        journal.set_checkpoint(Checkpoint.BOOKMARK, datetime(2026, 1, 1))  # noqa: DTZ001


def test_cycles_finish_fail_or_are_found_interrupted(journal, directory, clock):
    period = Period(START - timedelta(days=1), START)
    good = journal.begin_cycle("regular", period)
    finished = clock.forward(seconds=9)
    counts = CycleCounts(*range(1, 11))
    journal.finish_cycle(good, counts)
    bad = journal.begin_cycle("regular", None)
    clock.forward(seconds=1)
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
