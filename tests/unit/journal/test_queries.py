import json
from datetime import UTC, date, timedelta, timezone

import pytest
from baikaldoc_pos.journal import ChangeOutcome, CycleCounts, DayCount, Journal, JournalReader, TargetCount
from baikaldoc_pos.model import Outcome, UnmappedStatus
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from tests.clocks import ManualClock
from tests.unit.journal.builders import REFUSED, UPDATED, change, retry, rubric
from tests.unit.journal.conftest import START


@pytest.fixture
def reader(journal, directory):
    with JournalReader.open(directory) as opened:
        yield opened


def test_no_journal_is_none_and_nothing_is_made(tmp_path):
    assert JournalReader.open(tmp_path / "absent") is None
    assert JournalReader.open(tmp_path) is None
    assert not [*tmp_path.iterdir()]


def test_a_reader_sees_what_a_running_writer_commits(journal, reader):
    assert list(reader.history()) == []
    (id_,) = journal.record_intents(None, [change(1)])
    assert [row.outcome for row in reader.history()] == [None]
    journal.settle([ChangeOutcome(id_, UPDATED)])
    assert [row.outcome for row in reader.history()] == [Outcome.UPDATED]
    assert reader.open_changes() == []


def test_a_reader_in_the_middle_of_a_long_answer_does_not_hold_the_writer_up(journal, reader):
    journal.record_intents(None, [change(isn) for isn in range(3000)])
    rows = reader.history()
    next(rows)
    journal.record_intents(None, [change(9999)])
    assert sum(1 for _ in rows) == 2999  # the state at the time of asking


def test_history_by_each_key_and_all_together(journal, reader, clock):
    journal.record_intents(None, [change(1, "А-1"), change(2, "А-1"), change(3, "Б-2")])
    later = clock.forward(hours=1)
    journal.record_intents(None, [change(1, "А-1")])

    def isns(**conditions):
        return [row.rubric_isn for row in reader.history(**conditions)]

    assert isns() == [1, 3, 2, 1]
    assert isns(limit=2) == [1, 3]
    assert isns(rubric=1) == [1, 1]
    assert isns(document=20) == [2]
    assert isns(numbers=["А-1"]) == [1, 2, 1]
    assert isns(since=later) == [1]
    assert isns(numbers=["А-1"], since=later, rubric=2) == []
    assert isns(numbers=["А-1", "Б-2"]) == [1, 3, 2, 1]
    assert isns(numbers=["а-1' OR 1=1 --"]) == []
    assert isns(numbers=[]) == []
    assert isns(rubric=0) == []


def test_unmapped_statuses_are_counted_with_a_few_numbers(journal, reader):
    journal.remember_unmapped([rubric(isn, f"А-{isn % 7}", "Не поступило") for isn in range(20)], START)
    journal.remember_unmapped([rubric(100, None, " Не определено "), rubric(101, None, "Не определено")], START)
    assert reader.unmapped_summary() == [
        UnmappedStatus("Не поступило", 20, ("А-0", "А-1", "А-2", "А-3", "А-4")),
        UnmappedStatus("Не определено", 2, ("ISN 100", "ISN 101")),
    ]


def test_cards_without_a_number_come_after_those_that_have_one(journal, reader):
    numbers = ["Б-1", None, "", " ", "А-1"]
    journal.remember_unmapped([rubric(isn, number, "Иное") for isn, number in enumerate(numbers, start=1)], START)
    (status,) = reader.unmapped_summary()
    assert status.examples == ("А-1", "Б-1", "ISN 2", "ISN 3", "ISN 4")


def test_the_history_as_plain_values(journal, reader):
    first, _ = journal.record_intents(None, [change(1, "А-1"), change(2, None)])
    journal.settle([ChangeOutcome(first, REFUSED)])
    at = "2026-10-05T08:00:00.000000+00:00"
    fields = ("rubric_isn", "number", "planned_at", "settled_at", "outcome", "message")
    expected = [(2, None, at, None, None, None), (1, "А-1", at, at, "refused", "Нет прав")]
    assert list(reader.history_values(fields)) == expected
    assert list(reader.history_values(["change_id"], numbers=["А-1"])) == [(first,)]
    keys = [field.title() for field in fields]
    objects = [json.loads(line) for line in reader.history_objects(dict(zip(keys, fields, strict=True)))]
    assert objects == [dict(zip(keys, values, strict=True)) for values in expected]
    assert list(reader.history_objects({"id": "change_id"}, rubric=1)) == [f'{{"id":{first}}}']


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_text_is_in_the_objects_as_it_is_in_the_values(tmp_path_factory, text):
    directory = tmp_path_factory.mktemp("journal")
    with Journal.open(directory, ManualClock(START)) as journal:
        journal.record_intents(None, [change(1, text)])
    with JournalReader.open(directory) as reader:
        ((number,),) = reader.history_values(["number"])
        (line,) = reader.history_objects({"number": "number"})
    assert number == text
    assert json.loads(line) == {"number": text}
    assert "\n" not in line


def test_the_reader_shares_what_the_writer_knows(journal, reader):
    journal.schedule_retries([retry(1, START), retry(2, START + timedelta(1))])
    assert reader.open_retries() == journal.open_retries() == [retry(1, START), retry(2, START + timedelta(1))]
    assert reader.due_retries(START, timedelta(days=1)) == [retry(1, START)]
    assert reader.retry_times().keys() == {1, 2}


def test_days_are_those_of_the_operators_zone(journal, reader, clock):
    irkutsk = timezone(timedelta(hours=8))
    clock.instant = START.replace(hour=15, minute=59, second=59, microsecond=999999)
    ids = journal.record_intents(None, [change(isn) for isn in range(3)])
    journal.settle([ChangeOutcome(ids[0], UPDATED)])
    midnight = clock.forward(microseconds=1)
    journal.settle([ChangeOutcome(ids[1], UPDATED), ChangeOutcome(ids[2], REFUSED)])

    assert reader.daily(START, irkutsk) == [
        DayCount(date(2026, 10, 5), Outcome.UPDATED, 1),
        DayCount(date(2026, 10, 6), Outcome.REFUSED, 1),
        DayCount(date(2026, 10, 6), Outcome.UPDATED, 1),
    ]
    assert [each.day for each in reader.daily(midnight, timezone(timedelta(hours=-3, minutes=-30)))] == [
        date(2026, 10, 5),
        date(2026, 10, 5),
    ]


def test_a_month_by_target_has_its_start_and_not_its_end(journal, reader, clock):
    ids = journal.record_intents(None, [change(1, target="А"), change(2, target="А"), change(3, target="Б")])
    journal.settle([ChangeOutcome(ids[0], UPDATED), ChangeOutcome(ids[2], REFUSED)])
    end = clock.forward(days=1)
    journal.settle([ChangeOutcome(ids[1], UPDATED)])
    assert reader.by_target(START, end) == [
        TargetCount("А", Outcome.UPDATED, 1),
        TargetCount("Б", Outcome.REFUSED, 1),
    ]


@pytest.fixture
def plans(reader):
    """Collects what the reader asks from now on; called, it gives SQLite's plan of each question, as (SQL, steps)."""
    asked = []
    engine = reader._database._engine
    event.listen(engine, "before_cursor_execute", lambda _c, _k, sql, values, *_: asked.append((sql, values)))

    def explain():
        questions = [(sql, values) for sql, values in asked if sql.startswith("SELECT")]
        with reader._database.read() as connection:
            return [
                (sql, [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)])
                for sql, values in questions
            ]

    return explain


def test_no_question_reads_the_whole_history(reader, plans):
    reader.open_changes()
    reader.last_success()
    reader.daily(START, UTC)
    reader.by_target(START, START)
    list(reader.history(numbers=["А-1"], since=START, limit=5))

    explained = plans()
    assert len(explained) == 5
    for sql, steps in explained:
        small = {"SCAN open_changes", "SCAN anon_1 VIRTUAL TABLE INDEX 1:"}
        assert {step for step in steps if step.startswith("SCAN")} <= small or ("cycles_succeeded" in steps[0]), (
            sql,
            steps,
        )


def test_the_newest_of_all_are_found_from_the_end_of_an_index(reader, plans):
    list(reader.history(limit=5))
    ((_, steps),) = plans()
    assert steps[0] == "SCAN changes USING INDEX changes_by_time"
    assert not any("ORDER BY" in step for step in steps)


def test_numbers_have_their_index(reader, plans):
    list(reader.history(numbers=["А-1", "а-1"], limit=5))
    ((_, steps),) = plans()
    assert steps[0] == "SEARCH changes USING INDEX changes_by_number (number=?)"
    assert not [step for step in steps if step.startswith("SCAN changes")]


@pytest.mark.parametrize("key", ["rubric", "document", "since"])
def test_each_key_has_its_index_and_nothing_is_sorted(reader, plans, key):
    list(reader.history(**{key: {"since": START}.get(key, 1)}))
    ((_, steps),) = plans()
    assert steps[0].startswith(f"SEARCH changes USING INDEX changes_by_{'time' if key == 'since' else key}")
    assert "SEARCH outcomes USING INTEGER PRIMARY KEY" in steps[1]
    assert len(steps) == 2


def test_rubrics_by_number_rubric_or_document_wherever_they_stand(journal, reader):
    journal.record_intents(None, [change(1, "А-1/26"), change(2, "А-1/26"), change(3, "Б-3/26")])
    journal.schedule_retries([retry(4, START)])
    journal.remember_unmapped([rubric(5, "А-1/26")], START)
    assert reader.rubrics_of(["А-1/26"], None, limit=9) == [5, 2, 1]
    assert reader.rubrics_of(["А-1/26"], None, limit=2) == [5, 2]
    assert reader.rubrics_of(["none"], 4, limit=9) == [4]
    assert reader.rubrics_of(["none"], 30, limit=9) == [3]
    assert reader.rubrics_of(["none"], None, limit=9) == []


def test_rubrics_are_found_without_reading_the_whole_history(reader, plans):
    reader.rubrics_of(["А-1/26", "A-1/26"], 5, limit=9)
    ((_, steps),) = plans()
    assert not [step for step in steps if step.startswith("SCAN changes")]
    assert {index for index in ("number", "rubric", "document") if f"changes_by_{index}" in " ".join(steps)} == {
        "number",
        "rubric",
        "document",
    }


def test_what_waits_is_counted_and_shown_in_part(journal, reader):
    journal.schedule_retries([retry(isn, START + timedelta(minutes=isn)) for isn in (3, 1, 2)])
    journal.remember_unmapped([rubric(7)], START)
    journal.record_intents(None, [change(1)])
    assert reader.count_retries() == 3
    assert [entry.rubric_isn for entry in reader.next_retries(2)] == [1, 2]
    assert reader.count_unmapped() == 1
    assert reader.unmapped_entry(7).rubric_isn == 7
    assert reader.unmapped_entry(8) is None
    assert reader.count_open_changes() == 1


def test_since_when_cycles_end_by_the_same_error(journal, reader, clock):
    def cycle(error=None):
        clock.forward(minutes=1)
        id_ = journal.begin_cycle("regular", None)
        journal.finish_cycle(id_, CycleCounts(), (error, {}) if error else None)
        return clock.now()

    assert reader.failing_since("delo.unavailable") is None
    first = cycle("delo.unavailable")
    assert reader.failing_since("delo.unavailable") == first
    cycle()
    assert reader.failing_since("delo.unavailable") is None
    second = cycle("delo.unavailable")
    for error in ("delo.unavailable", "stop.requested", "writing.paused"):
        cycle(error)
    journal.begin_cycle("regular", None)
    journal.mark_interrupted_cycles()
    journal.begin_cycle("regular", None)
    assert reader.failing_since("delo.unavailable") == second
    cycle("delo.credentials_rejected")
    assert reader.failing_since("delo.unavailable") is None
