"""What follows for one rubric, and how a number may be spelt."""

from datetime import UTC, datetime

import pytest
from attrs import evolve
from baikaldoc_pos.journal import FollowedRubric, HistoryRow, RetryEntry, UnmappedRubric
from baikaldoc_pos.journal.explain import conclude, spellings
from baikaldoc_pos.model import Answer, Outcome

NOW = datetime(2026, 10, 15, 4, 0, tzinfo=UTC)
ROW = HistoryRow(1, 1, NOW, 5, 50, "А-1", "Дан ответ", None, "Завершено", NOW, Outcome.UPDATED, None, None, None)
RETRY = RetryEntry(5, 50, "А-1", 3, NOW, NOW, Answer(Outcome.REFUSED, "Нет прав", None, " "))
UNMAPPED = UnmappedRubric(5, 50, "А-1", "Иное", NOW, NOW)


@pytest.mark.parametrize(
    ("outcome", "event", "settled"),
    [
        (None, "search.open", False),
        (Outcome.UPDATED, "search.written", True),
        (Outcome.CONFIRMED, "search.written", True),
        (Outcome.OVERTAKEN, "search.overtaken", True),
        (Outcome.NOT_DONE, "search.not_done", False),
        (Outcome.REFUSED, "search.left", False),
        (Outcome.FAILED, "search.left", False),
        (Outcome.WRONG_ECHO, "search.left", False),
    ],
)
def test_by_the_last_change(outcome, event, settled):
    conclusion = conclude(None, None, evolve(ROW, outcome=outcome))
    assert (conclusion.event, conclusion.settled) == (event, settled)


def test_a_list_that_it_is_on_says_more_than_its_past_and_an_open_change_most():
    assert conclude(RETRY, None, ROW).event == "search.retry"
    assert conclude(RETRY, None, ROW).fields["words"] == "Нет прав"
    assert conclude(None, UNMAPPED, ROW).event == "search.unmapped"
    assert conclude(RETRY, UNMAPPED, evolve(ROW, outcome=None)).event == "search.open"


@pytest.mark.parametrize(
    ("became", "unmapped", "event"),
    [
        ({"overruled_at": NOW, "overruled_as": "Иное"}, UNMAPPED, "search.overruled"),
        ({"reopened_at": NOW, "reopened_as": "Принято"}, None, "search.reopened"),
        ({}, UNMAPPED, "search.unmapped_since"),
        ({}, None, "search.written"),
    ],
)
def test_what_became_of_a_written_status_is_told(became, unmapped, event):
    written = FollowedRubric(5, 50, "А-1", "Дан ответ", "Завершено", NOW, **became)
    assert conclude(None, unmapped, ROW, written).event == event


@pytest.mark.parametrize(
    ("typed", "stands"),
    [
        ("а-17", "А-17"),
        ("А-17", "а-17"),
        ("A-17", "А-17"),
        ("А-17", "A-17"),
        ("ab-1/26", "АВ-1/26"),
        ("ко-5/26", "Ко-5/26"),
        ("КО-5/26", "Ко-5/26"),
        ("ko-5/26", "Ко-5/26"),
        ("Кo-5/26-ог", "Ко-5/26-ОГ"),
        ("1-OГ", "1-ОГ"),
        ("1-ог", "1-ОГ"),
        ("№ Ко-5/26", "Ко-5/26"),
        ("№Ко-5/26", "Ко-5/26"),
        ("N Ко-5/26", "Ко-5/26"),
        ("No. 5/26", "5/26"),
        (" Ко-5/26\t", "Ко-5/26"),
        ("ко-5/26", "№ Ко-5/26"),
        ("5/26", "№5/26"),
        ("N-5/26", "N-5/26"),
        ("обращение гражданина-5", "ОБРАЩЕНИЕ ГРАЖДАНИНА-5"),
        ("ОБРАЩЕНИЕ ГРАЖДАНИНА-5", "Обращение гражданина-5"),
        ("77-JU/2026", "77-ОГ/2026"),
        ("rj-5/26", "Ко-5/26"),
        ("№ 77-ju", "77-ОГ"),
        ("Ф-17", "A-17"),
        ("5-<", "5-Б"),
        ("5-'", "5-э"),
        ("1–ОГ", "1-ОГ"),
        ("1 — ог", "1-ОГ"),
        ("«77-ОГ / 2026».", "77-ОГ/2026"),
    ],
)
def test_a_number_is_the_same_however_it_is_typed(typed, stands):
    assert stands in spellings(typed)


@pytest.mark.parametrize("other", ["17", "7", "А-177", "Б-17", "А17", "-17", "A-17 "])
def test_another_number_is_another_number(other):
    assert other not in spellings("А-17")


@pytest.mark.parametrize("number", ["17", "а-17", "АВЕКМНОРСТУХ" * 9, "№" * 100, "N", "", " ", "№ "])
def test_the_number_of_spellings_is_bounded_and_as_typed_comes_first(number):
    found = spellings(number)
    assert found[0] == number.strip()
    assert len(found) == len(set(found)) <= 60_000
