"""ДЕЛО answers questions, but takes no writes: an outage, not a matter of the records."""

from datetime import timedelta

import pytest
from baikaldoc_pos.errors import DeloUnavailable

from tests.clocks import NOW, ManualClock
from tests.delo_server import Replace, Reset, pending_rubrics
from tests.installation import Installation


@pytest.fixture
def two_hundred(installation: Installation) -> Installation:
    since = NOW - timedelta(days=2)
    installation.server.store.add(*pending_rubrics(200, since=since, until=NOW))
    return installation


@pytest.mark.parametrize(
    ("fault", "most_writes"),
    # Busy: the polite repetitions only. Lost answers: halving down to three records that are innocent, too.
    [
        (Replace.by_status(503, retry_after=2), 4),
        (Replace.by_status(429), 4),
        (Reset(), 30),
        (Replace.by_status(504), 30),
    ],
    ids=["503", "429", "reset", "504"],
)
def test_an_outage_of_writing_ends_the_cycle_and_nothing_is_lost(
    two_hundred: Installation, clock: ManualClock, fault: Reset | Replace, most_writes: int
) -> None:
    server = two_hundred.server
    server.faults.add(fault, on="write", times=None)
    report = two_hundred.cycle(clock)
    assert isinstance(report.error, DeloUnavailable)
    assert report.exit_code == 75
    assert sum(request.is_mutation for request in server.log) <= most_writes
    assert report.counts.failed <= 3

    server.faults.clear()
    clock.advance(minutes=30)
    two_hundred.cycle(clock)
    assert all(rubric.pos for rubric in server.store.rubrics())
    assert two_hundred.cycle(clock).counts.updated == 0


def test_an_unavailable_server_is_waited_for_as_long_as_it_asks(two_hundred: Installation, clock: ManualClock) -> None:
    two_hundred.server.faults.add(Replace.by_status(503, retry_after=90), on="write", times=1)
    report = two_hundred.cycle(clock)
    assert (report.error, report.counts.updated) == (None, 200)
    assert clock.pauses == [90.0]
