import json
from datetime import UTC, date, timedelta, timezone

import pytest
from baikaldoc_pos.journal import ChangeOutcome, DayCount, Journal, JournalReader
from baikaldoc_pos.model import Outcome
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from tests.clocks import ManualClock
from tests.unit.journal.builders import REFUSED, UPDATED, change, rubric
from tests.unit.journal.conftest import START


@pytest.fixture
def reader(journal, directory):
    with JournalReader.open(directory) as opened:
        yield opened


def test_a_reader_in_the_middle_of_a_long_answer_does_not_hold_the_writer_up(journal, reader):
    journal.record_intents(None, [change(isn) for isn in range(3000)])
    rows = reader.history()
    next(rows)
    journal.record_intents(None, [change(9999)])
    assert sum(1 for _ in rows) == 2999  # the state at the time of asking


def test_cards_without_a_number_come_after_those_that_have_one(journal, reader):
    numbers = ["Б-1", None, "", " ", "А-1"]
    journal.remember_unmapped([rubric(isn, number, "Иное") for isn, number in enumerate(numbers, start=1)], START)
    (status,) = reader.unmapped_summary()
    assert status.examples == ("А-1", "Б-1", "ISN 2", "ISN 3", "ISN 4")


@settings(max_examples=5)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=20))
@example(['"', "\\", "\n", "\u2028", "\0", "{}"])
def test_every_text_is_in_the_objects_as_it_is_in_the_values(tmp_path_factory, texts):
    directory = tmp_path_factory.mktemp("journal")
    with Journal.open(directory, ManualClock(START)) as journal:
        journal.record_intents(None, [change(1, text) for text in texts])
    with JournalReader.open(directory) as reader:
        values = list(reader.history_values(["number"]))
        lines = list(reader.history_objects({"number": "number"}))
    assert values == [(text,) for text in reversed(texts)]
    assert [json.loads(line) for line in lines] == [{"number": text} for text in reversed(texts)]
    assert not [line for line in lines if "\n" in line]


def test_days_are_those_of_the_operators_zone(journal, reader, clock):
    irkutsk = timezone(timedelta(hours=8))
    clock.instant = START.replace(hour=15, minute=59, second=59, microsecond=999999)
    ids = journal.record_intents(None, [change(isn) for isn in range(3)])
    journal.settle([ChangeOutcome(ids[0], UPDATED)])
    midnight = clock.advance(microseconds=1)
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


@pytest.mark.parametrize(
    "ask",
    [
        lambda reader: reader.open_changes(),
        lambda reader: reader.daily(START, UTC),
        lambda reader: reader.by_target(START, START),
        lambda reader: reader.rubrics_of(["А-1/26", "A-1/26"], 5, limit=9),
        lambda reader: list(reader.history(limit=5)),
        lambda reader: list(reader.history(numbers=["А-1", "а-1"], since=START, limit=5)),
        lambda reader: list(reader.history(rubric=1)),
        lambda reader: list(reader.history(document=1)),
        lambda reader: list(reader.history(since=START)),
    ],
)
def test_no_question_reads_or_sorts_the_whole_history(reader, ask):
    asked = []
    engine = reader._database._engine
    event.listen(engine, "before_cursor_execute", lambda _c, _k, sql, values, *_: asked.append((sql, values)))
    ask(reader)
    (question, values), *_ = [each for each in asked if each[0].startswith("SELECT")]
    with reader._database.read() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}", values)]
    scans = {step for step in steps if step.startswith(("SCAN changes", "SCAN outcomes"))}
    assert scans <= {"SCAN changes USING INDEX changes_by_time"}, steps
    assert not scans or "ORDER BY" not in " ".join(steps)
