"""Trying again: how long between, how often, until when, and what is never tried again."""

import logging
from contextlib import suppress

import pytest
from baikaldoc_pos.delo.retry import Deadline, RetryPolicy, RetryWait, with_retries
from baikaldoc_pos.errors import CredentialsRejected, DeloUnavailable, SchemaMismatch, StopRequested, UnexpectedAnswer
from hypothesis import given
from hypothesis import strategies as st

from tests.clocks import ManualClock

JITTER = st.floats(0, 1, exclude_max=True)
SECONDS = st.floats(0.01, 1000)


class Flaky:
    """Fails with each of the faults in turn, then returns; without faults left to raise, that is."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)
        return "done"


def fault(retry_after: float | None = None, *, retry: bool = True, reason: str = "reset") -> DeloUnavailable:
    return DeloUnavailable(reason, "delo:443", retry_after, retry=retry)


def policy(attempts: int = 3) -> RetryPolicy:
    return RetryPolicy(attempts, first_seconds=1, longest_seconds=60, jitter=lambda: 0.0)


@given(st.integers(1, 10**6), SECONDS, SECONDS, JITTER, st.none() | st.floats(0, 3600))
def test_delays_are_bounded(attempt, first, longest, jitter, asked):
    delay = RetryPolicy(3, first, longest, jitter=lambda: jitter).delay(attempt, asked)
    backoff = min(longest, first * 2.0 ** min(attempt - 1, 100))
    assert delay >= (asked or 0), "sooner than the server asked for"
    assert delay >= backoff / 2
    assert delay <= max(backoff, asked or 0)


def test_delays_double_and_jitter_takes_up_to_half():
    assert [policy().delay(attempt) for attempt in (1, 2, 3, 6, 7, 8)] == [0.5, 1, 2, 16, 30, 30]
    assert RetryPolicy(3, 1, 60, jitter=lambda: 0.5).delay(2) == 1.5
    assert len({RetryPolicy(3).delay(5) for _ in range(20)}) > 1, "no jitter by default"


@given(st.integers(0, 8), st.integers(0, 8))
def test_the_number_of_attempts(attempts, faults):
    clock = ManualClock()
    call = Flaky(*(fault(reason=str(number)) for number in range(faults)))
    deadline = Deadline.after(clock, 10**6)
    if faults <= attempts:
        assert with_retries(call, policy(attempts), deadline, "op") == "done"
        assert call.calls == faults + 1
        assert len(clock.pauses) == faults
    else:
        with pytest.raises(DeloUnavailable) as caught:
            with_retries(call, policy(attempts), deadline, "op")
        assert call.calls == attempts + 1
        assert len(clock.pauses) == attempts, "waited for nothing"
        assert caught.value.fields["reason"] == str(attempts), "not the last fault"


@given(st.floats(0, 300), st.lists(st.none() | st.floats(0, 200), max_size=30), st.floats(0, 20))
def test_every_wait_ends_before_the_deadline(seconds, asked, each_call):
    ends: list[float] = []

    class Watched(ManualClock):
        def pause(self, seconds: float) -> None:
            super().pause(seconds)
            ends.append(self.monotonic())

    clock = Watched()
    clock.advance(hours=5)
    deadline = Deadline.after(clock, seconds)
    failing = Flaky(*(fault(wait) for wait in asked))

    def call() -> str:
        clock.advance(seconds=each_call)
        return failing()

    with suppress(DeloUnavailable):
        with_retries(call, policy(100), deadline, "op")
    assert all(end < deadline.at for end in ends)


def test_a_wait_beyond_the_deadline_is_not_begun():
    clock = ManualClock()
    call = Flaky(fault(100), fault())
    with pytest.raises(DeloUnavailable) as caught:
        with_retries(call, policy(), Deadline.after(clock, 99), "op")
    assert (call.calls, clock.pauses, caught.value.retry_after) == (1, [], 100)


@pytest.mark.parametrize(
    "final",
    [
        fault(retry=False),
        fault(5, retry=False),
        CredentialsRejected("pos", 401),
        UnexpectedAnswer("list", "op"),
        SchemaMismatch("op", "no such field"),
    ],
)
def test_what_time_does_not_heal_is_not_tried_again(final):
    clock = ManualClock()
    call = Flaky(final)
    with pytest.raises(type(final)) as caught:
        with_retries(call, policy(), Deadline.after(clock, 600), "op")
    assert caught.value is final
    assert (call.calls, clock.pauses) == (1, [])


def test_every_repetition_is_told(caplog):
    clock = ManualClock()
    with caplog.at_level(logging.WARNING):
        with_retries(Flaky(fault(reason="timed out"), fault(40)), policy(), Deadline.after(clock, 600), "Pending")
    told = [record.fields for record in caplog.records if record.event == "delo.retrying"]
    assert told == [
        {"operation": "Pending", "reason": "timed out", "attempt": 1, "attempts": 3, "delay": 0.5},
        {"operation": "Pending", "reason": "reset", "attempt": 2, "attempts": 3, "delay": 40},
    ]


def test_whoever_asks_for_it_is_told_of_each_wait_of_its_end_and_of_the_answer():
    clock, told = ManualClock(), []
    first, second = fault(reason="reset"), fault(60, reason="busy")
    telling = RetryPolicy(3, first_seconds=1, jitter=lambda: 0.0, told=told.append)
    with_retries(Flaky(first, second), telling, Deadline.after(clock, 1000), "query")
    assert told == [RetryWait(first, 0.5), RetryWait(first, None), RetryWait(second, 60), RetryWait(second, None), None]


def test_a_wait_that_a_stop_ends_is_told_of_as_over():
    clock, told = ManualClock(), []
    clock.stop.set()
    call = Flaky(fault(), fault())
    with pytest.raises(StopRequested):
        with_retries(call, RetryPolicy(3, told=told.append), Deadline.after(clock, 1000), "query")
    assert call.calls == 1
    assert told[-1] is None
