"""When a rubric on the retry list is tried again."""

from datetime import timedelta

from baikaldoc_pos.model import Answer, Outcome, Rubric
from baikaldoc_pos.sync.planner import LONGEST_DELAY, delay, next_entry, retry_entry
from hypothesis import example, given
from hypothesis import strategies as st

from tests.clocks import NOW

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


def test_delays():
    first = timedelta(minutes=10)
    assert [delay(attempts, first) for attempts in (1, 2, 3, 8, 9)] == [
        timedelta(minutes=10),
        timedelta(minutes=20),
        timedelta(minutes=40),
        timedelta(minutes=1280),
        timedelta(days=1),
    ]


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
