"""Trying again: how long between, and until when."""

from contextlib import suppress

import pytest
from baikaldoc_pos.delo.retry import Deadline, RetryPolicy, with_retries
from baikaldoc_pos.errors import DeloUnavailable, StopRequested
from hypothesis import given
from hypothesis import strategies as st

from tests.clocks import ManualClock

JITTER = st.floats(0, 1, exclude_max=True)
SECONDS = st.floats(0.01, 1000)


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
    faults = [DeloUnavailable("reset", "delo:443", wait) for wait in asked]

    def call() -> None:
        clock.advance(seconds=each_call)
        if faults:
            raise faults.pop(0)

    with suppress(DeloUnavailable):
        with_retries(call, policy(100), deadline, "op")
    assert all(end < deadline.at for end in ends)


def test_a_wait_that_a_stop_ends_is_told_of_as_over():
    clock, told = ManualClock(), []
    clock.stop.set()

    def call() -> None:
        raise DeloUnavailable("reset", "delo:443")

    with pytest.raises(StopRequested):
        with_retries(call, RetryPolicy(3, told=told.append), Deadline.after(clock, 1000), "query")
    assert told[-1] is None
