"""Nobody's decision is written over, however long a batch has to wait; and what batches are made of."""

from datetime import timedelta

import pytest
from baikaldoc_pos.errors import WritingPaused
from baikaldoc_pos.journal import Pause, PauseFile
from baikaldoc_pos.model import Outcome

from tests.clocks import ManualClock
from tests.delo_server import (
    HAND_SET,
    CloseAfter,
    Reject,
    Replace,
    Request,
    Reset,
    pending_rubrics,
)
from tests.installation import Installation
from tests.system.accounts import (
    assert_accounted,
    events,
    outcomes,
    retries,
)
from tests.system.sixty import BAD, COUNT, FIRST, assert_neighbours_done, requests_for_writes


@pytest.mark.full_server
def test_what_was_read_long_ago_is_read_again_before_it_is_written(sixty: Installation, clock: ManualClock) -> None:
    store = sixty.server.store

    def meanwhile(request: Request) -> None:
        if request.is_mutation and not store.writes:  # while the first batch is written
            clock.advance(seconds=61)
            store.change(FIRST + 55, pos=HAND_SET)
            store.change(FIRST + 56, sstu="Направлено по компетенции")
            store.change(FIRST + 57, sstu="Отозвано")
            store.remove(FIRST + 58)

    sixty.server.on_execute(meanwhile)
    report = sixty.cycle(clock)
    assert report.error is None
    assert store[FIRST + 55].pos == HAND_SET
    assert store[FIRST + 56].pos == "Направлено в подведомственную организацию"
    assert store[FIRST + 57].pos is None
    assert report.counts.updated == 57
    assert report.counts.unmapped == 1
    assert_accounted(sixty)
    assert sixty.server.traffic.operations["RubricsByIsn"] == 1


def test_what_cannot_be_read_again_is_not_written(sixty: Installation, clock: ManualClock) -> None:
    store = sixty.server.store

    def meanwhile(request: Request) -> None:
        if request.is_mutation and not store.writes:
            clock.advance(seconds=61)
            sixty.server.faults.null_nodes.add(FIRST + 55)

    sixty.server.on_execute(meanwhile)
    report = sixty.cycle(clock)
    assert store[FIRST + 55].pos is None
    assert report.counts.updated == 59
    assert report.counts.failed == 1
    assert retries(sixty)[FIRST + 55].answer.message_code == "UNREADABLE"
    sixty.server.faults.null_nodes.clear()
    clock.advance(minutes=10)
    sixty.cycle(clock)
    assert_neighbours_done(sixty)


def test_a_reading_that_takes_longer_than_five_seconds_is_told_once(
    sixty: Installation, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    sixty.server.on_execute(lambda request: clock.advance(seconds=6))
    assert sixty.cycle(clock).counts.updated == COUNT
    assert len(events(caplog, "write.slow_reading")) == 1


def test_what_was_read_just_now_is_not_read_again(sixty: Installation, clock: ManualClock) -> None:
    sixty.server.on_execute(lambda request: clock.advance(seconds=2))
    sixty.cycle(clock)
    assert sixty.server.traffic.operations["RubricsByIsn"] == 0


def test_nothing_leaves_that_was_read_more_than_five_seconds_before(sixty: Installation, clock: ManualClock) -> None:
    store = sixty.server.store

    def meanwhile(request: Request) -> None:
        clock.advance(seconds=3)
        if request.is_mutation and not store.writes:
            store.change(FIRST + 55, pos=HAND_SET)

    sixty.server.on_execute(meanwhile)
    assert sixty.cycle(clock).counts.updated == COUNT - 1
    assert store[FIRST + 55].pos == HAND_SET


@pytest.mark.parametrize("kept", [False, True], ids=["new connection", "kept connection"])
@pytest.mark.parametrize(
    "fault",
    [Replace.by_status(503, retry_after=6), Replace.by_status(500), Reset(), Reset(execute=True)],
    ids=["503", "500", "reset", "answer lost"],
)
def test_a_batch_is_never_sent_again_as_it_was(
    sixty: Installation, clock: ManualClock, fault: Replace | Reset, kept: bool
) -> None:
    """However short the wait: somebody may have set a status meanwhile."""
    store = sixty.server.store
    if not kept:
        sixty.server.faults.add(CloseAfter(), on="read")
    failing = sixty.server.faults.add(fault, on="write", times=1 if kept else 2)
    changed: list[str] = []

    def change_once_it_failed(request: Request) -> None:
        if failing.hits and not changed:
            changed.append(str(request.operation))
            store.change(FIRST, pos=HAND_SET)

    sixty.server.on_request(change_once_it_failed)
    report = sixty.cycle(clock)
    assert report.error is None
    assert changed == ["RubricsByIsn"]
    assert store[FIRST].pos == HAND_SET
    assert outcomes(sixty, FIRST) == [Outcome.OVERTAKEN]
    assert report.counts.updated + report.counts.confirmed == COUNT - 1


@pytest.mark.full_server
@pytest.mark.parametrize(
    "fault", [Replace.by_status(503, retry_after=300), Replace.by_status(429, retry_after=300)], ids=["503", "429"]
)
def test_a_status_set_by_hand_while_a_batch_waits_for_the_server_is_not_written_over(
    sixty: Installation, fault: Replace
) -> None:
    """ДЕЛО asks for five minutes; what the batch rests on is old by then."""
    store = sixty.server.store
    clock = ManualClock()
    sixty.server.faults.add(fault, on="write")
    pause = clock.pause

    def pause_and_change(seconds: float) -> None:
        pause(seconds)
        _change_meanwhile(sixty)

    clock.pause = pause_and_change  # type: ignore[method-assign]
    report = sixty.cycle(clock)
    assert report.error is None
    assert clock.pauses[0] == 300
    assert store[FIRST].pos == HAND_SET
    assert outcomes(sixty, FIRST) == [Outcome.OVERTAKEN]
    assert store[FIRST + 1].pos is None
    assert outcomes(sixty, FIRST + 1) == [Outcome.NOT_DONE]
    assert report.counts.updated == COUNT - 2
    assert requests_for_writes(sixty) == 3
    assert_accounted(sixty)

    clock.pause = pause  # type: ignore[method-assign]
    assert sixty.cycle(clock).error is None
    assert store[FIRST + 1].pos == "Направлено в подведомственную организацию"
    assert retries(sixty) == {}


def _change_meanwhile(installation: Installation) -> None:
    installation.server.store.change(FIRST, pos=HAND_SET)
    if installation.server.store[FIRST + 1].pos is None:
        installation.server.store.change(FIRST + 1, sstu="Направлено по компетенции")


@pytest.mark.full_server
def test_a_status_set_by_hand_while_a_batch_is_taken_apart_is_not_written_over(sixty: Installation) -> None:
    store, clock = sixty.server.store, ManualClock()
    sixty.server.faults.poison.add(BAD)

    def slow(request: Request) -> None:
        if request.is_mutation:
            clock.advance(seconds=40)
        if requests_for_writes(sixty) == 2:
            store.change(FIRST + 1, pos=HAND_SET)

    sixty.server.on_execute(slow)
    report = sixty.cycle(clock)
    assert report.error is None
    assert store[FIRST + 1].pos == HAND_SET
    assert outcomes(sixty, FIRST + 1) == [Outcome.OVERTAKEN]
    assert [write for write in store.writes if write.previous] == []
    assert_accounted(sixty)


@pytest.mark.full_server
@pytest.mark.parametrize(
    "fault",
    [Reject("Deadlock"), Replace.by_status(401), Replace.by_status(500)],
    ids=["deadlock", "401", "500"],
)
@pytest.mark.parametrize("attempts", [0, 1])
def test_a_status_set_while_a_batch_was_sent_in_vain_is_not_written_over(
    sixty: Installation, clock: ManualClock, fault: Replace | Reject, attempts: int
) -> None:
    """Not even where no time passes: parts of a rejected batch, and what a new session sends, are looked at again."""
    sixty.processing["retryAttempts"] = attempts
    store = sixty.server.store
    sixty.server.faults.add(fault, on="write", times=attempts + 1)

    def meanwhile(request: Request) -> None:
        if request.is_mutation and requests_for_writes(sixty) == 1 and store[FIRST + 40].pos is None:
            store.change(FIRST + 40, pos=HAND_SET)

    sixty.server.on_request(meanwhile)
    report = sixty.cycle(clock)
    assert report.error is None
    assert store[FIRST + 40].pos == HAND_SET
    assert outcomes(sixty, FIRST + 40) == [Outcome.OVERTAKEN]
    assert all(len(values) == 1 for isn, values in store.written().items() if isn != FIRST + 40)


def test_a_reading_that_stumbles_is_no_reason_to_send_blindly(sixty: Installation, clock: ManualClock) -> None:
    store = sixty.server.store
    sixty.server.faults.add(Replace.by_status(503), on="write")
    sixty.server.faults.add(Reject(), operation="RubricsByIsn")
    pause = clock.pause

    def pause_and_change(seconds: float) -> None:
        pause(seconds)
        store.change(FIRST, pos=HAND_SET)

    clock.pause = pause_and_change  # type: ignore[method-assign]
    assert sixty.cycle(clock).error is None
    assert store[FIRST].pos == HAND_SET


def test_a_pause_stops_a_batch_that_waits_for_its_repetition(sixty: Installation, clock: ManualClock) -> None:
    sixty.server.faults.add(Replace.by_status(503, retry_after=5), on="write")
    pause, file = clock.pause, PauseFile(sixty.paths.state)

    def pause_and_forbid(seconds: float) -> None:
        pause(seconds)
        file.begin(Pause(clock.now() + timedelta(hours=4), clock.now(), "admin"))

    clock.pause = pause_and_forbid  # type: ignore[method-assign]
    report = sixty.cycle(clock, may_write=lambda: file.check(clock.now()))
    assert isinstance(report.error, WritingPaused)
    assert sixty.server.store.writes == ()


@pytest.mark.full_server
def test_batches_are_as_large_as_configured(installation: Installation) -> None:
    installation.processing["batchSize"] = 7
    installation.server.store.add(*pending_rubrics(50))
    installation.cycle()
    sizes = [len(request.variables) for request in installation.server.log if request.is_mutation]
    assert sizes == [7] * 7 + [1]


@pytest.mark.full_server
def test_a_rejection_that_ended_is_no_rejection(sixty: Installation) -> None:
    """The batch is refused once, and not in the plain form."""
    sixty.server.faults.add(Reject("Deadlock"), on="write")
    report = sixty.cycle()
    assert (report.error, report.counts.updated) == (None, COUNT)
    assert_neighbours_done(sixty)
    assert requests_for_writes(sixty) == 3
