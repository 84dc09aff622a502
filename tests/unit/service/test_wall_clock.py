"""A wall clock that is set back, by hand or by a time server, must not stop the service."""

from datetime import timedelta

import pytest
from baikaldoc_pos.service.context import WallClock

from tests.clocks import ManualClock

HOUR = timedelta(hours=1)


def test_a_step_back_is_noticed_once_and_by_how_much(clock: ManualClock) -> None:
    wall_clock = WallClock(clock)
    clock.advance(seconds=1)
    clock.instant -= HOUR
    assert wall_clock.set_back() == HOUR
    clock.advance(seconds=1)
    assert not wall_clock.set_back()
    clock.instant -= HOUR
    assert wall_clock.set_back() == HOUR


@pytest.mark.parametrize("step", [timedelta(0), HOUR, timedelta(days=2), timedelta(milliseconds=-20)])
def test_nothing_is_to_be_done_where_it_goes_on_is_set_forward_or_slewed(clock: ManualClock, step: timedelta) -> None:
    wall_clock = WallClock(clock)
    for _ in range(100):
        clock.advance(seconds=1)
        clock.instant += step
        assert not wall_clock.set_back()
