"""What becomes of a rubric: a set «Статус ПОС» is never touched, each has one place, and failures are tried again."""

from datetime import timedelta

import pytest
from baikaldoc_pos.config import ProcessingConfig
from baikaldoc_pos.model import Answer, Outcome, Rubric
from baikaldoc_pos.sync.planner import LONGEST_DELAY, Decision, Known, decide, delay, next_entry, plan, retry_entry
from hypothesis import example, given
from hypothesis import strategies as st

from tests.clocks import NOW
from tests.delo_server import HAND_SET, MAPPING

IGNORED = "Не поступило"
RULES = ProcessingConfig(status_mapping=MAPPING, utc_offset_hours=8, ignored_statuses=(IGNORED,))
BLANKS = st.text(" \t\n\r\u00a0\u2003", max_size=4)
SSTU = st.one_of(
    st.none(), st.text(max_size=12), st.sampled_from([*MAPPING, IGNORED, "Не зарегистрировано"]), BLANKS
).flatmap(lambda status: st.tuples(BLANKS, BLANKS).map(lambda ends: status and f"{ends[0]}{status}{ends[1]}"))
POS = st.one_of(st.none(), st.just(""), st.text(max_size=12), st.sampled_from([*MAPPING.values(), HAND_SET]))
RUBRICS = st.lists(
    st.builds(
        Rubric, isn=st.integers(1, 60), document_isn=st.none(), number=st.none(), sstu_status=SSTU, pos_status=POS
    ),
    unique_by=lambda rubric: rubric.isn,
    max_size=20,
)
WAITING = st.sets(st.integers(1, 60), max_size=20)


def rubric(sstu: str | None, pos: str | None = None, isn: int = 1) -> Rubric:
    return Rubric(isn, 10, "А-1/26", sstu, pos)


@given(SSTU, POS.filter(bool))
def test_a_rubric_with_a_pos_status_is_never_written(sstu, pos):
    assert decide(rubric(sstu, pos), RULES) is Decision.HAS_STATUS
    assert plan([rubric(sstu, pos)], RULES).changes == ()


@given(RUBRICS, WAITING)
def test_every_rubric_is_in_the_one_place_that_its_decision_says(rubrics, waiting):
    planned = plan(rubrics, RULES, Known(waiting))
    places = {decision: list(planned.having(decision)) for decision in Decision}
    assert places[Decision.WRITE] == []
    places[Decision.WRITE] = [change.rubric for change in planned.changes]
    for decision, found in places.items():
        assert found == [each for each in rubrics if decide(each, RULES, Known(waiting)) is decision]


@pytest.mark.parametrize(
    ("sstu", "pos", "decision"),
    [
        ("Дан ответ автору", None, Decision.WRITE),
        ("Дан ответ автору", "", Decision.WRITE),
        ("Дан ответ автору", " ", Decision.HAS_STATUS),  # somebody's, however odd
        (None, None, Decision.NO_SSTU_STATUS),
        ("", None, Decision.NO_SSTU_STATUS),
        (" \u00a0", None, Decision.NO_SSTU_STATUS),
        (IGNORED, None, Decision.IGNORED),
        (f" {IGNORED}", None, Decision.IGNORED),
        ("Не зарегистрировано", None, Decision.UNMAPPED),
        ("дан ответ автору", None, Decision.UNMAPPED),  # case counts
        ("None", None, Decision.UNMAPPED),
    ],
)
def test_decisions(sstu, pos, decision):
    assert decide(rubric(sstu, pos), RULES) is decision


def test_what_waits_for_its_next_attempt_is_left_until_then():
    assert decide(rubric("Дан ответ автору"), RULES, Known({1})) is Decision.WAITING
    assert decide(rubric("Дан ответ автору"), RULES, Known({2})) is Decision.WRITE
    # A status that came from elsewhere, or one that is no longer mapped, is told at once.
    assert decide(rubric("Дан ответ автору", "Отклонено модератором"), RULES, Known({1})) is Decision.HAS_STATUS
    assert decide(rubric("Не зарегистрировано"), RULES, Known({1})) is Decision.UNMAPPED


RUBRIC = Rubric(128_000_001, 5, "А-1/26", "Дан ответ автору", None)
REFUSED = Answer(Outcome.REFUSED, "Нет прав", "ACCESS_DENIED", "Eos")
# What retries.firstMinutes may be.
FIRST = st.floats(0.01, 1440).map(lambda minutes: timedelta(minutes=minutes))


@given(st.integers(1, 100_000), FIRST)
@example(31, timedelta(days=1))
def test_delays_double_up_to_a_day(attempts, first):
    assert timedelta(days=1) == LONGEST_DELAY
    assert first <= delay(attempts, first) <= LONGEST_DELAY
    assert delay(attempts + 1, first) == min(2 * delay(attempts, first), LONGEST_DELAY)


@given(st.integers(1, 60), FIRST)
def test_each_failure_is_counted_and_the_first_is_remembered(failures, first):
    entry, now = None, NOW
    for attempt in range(1, failures + 1):
        entry = next_entry(RUBRIC, REFUSED, entry, now, first)
        assert entry.attempts == attempt
        assert entry.first_failed_at == NOW
        assert entry.next_attempt_at == now + delay(attempt, first)
        assert (entry.rubric_isn, entry.document_isn, entry.number) == (RUBRIC.isn, 5, "А-1/26")
        assert entry.answer == REFUSED
        now = entry.next_attempt_at


def test_what_was_not_done_is_due_at_once_and_not_counted():
    lost = Answer(Outcome.NOT_DONE)
    entry = retry_entry(RUBRIC, lost, None, NOW, timedelta(minutes=5))
    assert (entry.attempts, entry.first_failed_at, entry.next_attempt_at) == (0, NOW, NOW)
    refused = next_entry(RUBRIC, REFUSED, entry, NOW, timedelta(minutes=10))
    assert (refused.attempts, refused.next_attempt_at) == (1, NOW + timedelta(minutes=10))
    later = NOW + timedelta(hours=1)
    again = retry_entry(RUBRIC, lost, refused, later, timedelta(minutes=5))
    assert (again.attempts, again.first_failed_at, again.next_attempt_at) == (1, NOW, later)
    assert again.answer == lost
