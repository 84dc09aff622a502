"""What follows for one rubric, and how a number may be spelt."""

from datetime import UTC, datetime

import pytest
from attrs import evolve
from baikaldoc_pos.journal import HistoryRow, RetryEntry, UnmappedRubric
from baikaldoc_pos.rubrics import Answer, Outcome
from baikaldoc_pos.web.stories import conclude, spellings, words

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


def test_a_list_that_it_is_on_says_more_than_its_past():
    assert conclude(RETRY, None, ROW).event == "search.retry"
    assert conclude(RETRY, None, ROW).fields["words"] == "Нет прав"
    assert conclude(None, UNMAPPED, ROW).event == "search.unmapped"
    assert conclude(None, UNMAPPED, None).fields == {"status": "Иное"}


def test_an_open_change_comes_before_all():
    assert conclude(RETRY, UNMAPPED, evolve(ROW, outcome=None)).event == "search.open"


def test_spellings():
    assert spellings("а-17") == ["а-17", "А-17", "A-17"]
    assert "АВ-1/26" in spellings("ab-1/26")
    assert spellings("17") == ["17"]


def test_no_words():
    assert words(Answer(Outcome.FAILED)) == "—"
