"""The retry list: worked off from what ДЕЛО shows now, ever less often, and left when the work is done."""

from datetime import timedelta

import pytest
from baikaldoc_pos.model import Outcome

from tests.clocks import NOW, ManualClock
from tests.delo_server import (
    HAND_SET,
    Lack,
    Refused,
    make_rubric,
    pending_rubrics,
)
from tests.installation import Installation
from tests.system.accounts import (
    assert_accounted,
    assert_reconciled,
    events,
    expected,
    outcomes,
    retries,
)
from tests.system.sixty import BAD, FIRST, TARGET, assert_neighbours_done, requests_for_writes


def refuse(installation: Installation, isn: int = BAD) -> None:
    installation.server.faults.writes[isn] = Refused()


def test_attempts_go_apart_exponentially_up_to_a_day(sixty: Installation, clock: ManualClock) -> None:
    refuse(sixty)
    sixty.cycle(clock)
    waits = []
    for attempts in range(1, 12):
        entry = retries(sixty)[BAD]
        assert entry.attempts == attempts
        assert entry.first_failed_at == NOW
        waits.append((entry.next_attempt_at - clock.now()).total_seconds() / 60)
        # A moment before its time it is left alone, though the windows show it.
        clock.instant = entry.next_attempt_at - timedelta(seconds=1)
        sixty.cycle(clock)
        assert retries(sixty)[BAD] == entry
        clock.instant = entry.next_attempt_at
        sixty.cycle(clock)
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440]
    assert len(sixty.history(rubric=BAD)) == 12


def test_the_first_delay_is_a_setting(sixty: Installation, clock: ManualClock) -> None:
    sixty.service["retries"] = {"firstMinutes": 3}
    refuse(sixty)
    sixty.cycle(clock)
    assert retries(sixty)[BAD].next_attempt_at == NOW + timedelta(minutes=3)


def test_a_record_leaves_the_list_when_it_succeeds(sixty: Installation, clock: ManualClock) -> None:
    refuse(sixty)
    sixty.cycle(clock)
    sixty.server.faults.clear()
    clock.advance(minutes=10)
    report = sixty.cycle(clock)
    assert report.counts.updated == 1
    assert retries(sixty) == {}
    assert outcomes(sixty, BAD) == [Outcome.REFUSED, Outcome.UPDATED]
    assert_neighbours_done(sixty)
    assert_accounted(sixty)


def test_a_retry_works_from_the_current_status(sixty: Installation, clock: ManualClock) -> None:
    refuse(sixty)
    sixty.cycle(clock)
    sixty.server.faults.clear()
    sixty.server.store.change(BAD, sstu="Направлено по компетенции")
    clock.advance(minutes=10)
    sixty.cycle(clock)
    assert sixty.server.store[BAD].pos == "Направлено в подведомственную организацию"


def test_a_status_set_by_hand_takes_a_record_off_the_list(
    sixty: Installation, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(sixty)
    sixty.cycle(clock)
    sixty.server.faults.clear()
    sixty.server.store.change(BAD, pos=HAND_SET)
    clock.advance(minutes=10)
    sixty.cycle(clock)
    assert sixty.server.store[BAD].pos == HAND_SET
    assert retries(sixty) == {}
    assert outcomes(sixty, BAD) == [Outcome.REFUSED]
    assert events(caplog, "retry.has_status")[0]["status"] == HAND_SET


@pytest.mark.parametrize("sstu", ["Отозвано", "Не поступило", None])
def test_a_retry_whose_status_is_not_to_be_mapped_any_more_waits(
    sixty: Installation, clock: ManualClock, sstu: str | None
) -> None:
    refuse(sixty)
    sixty.cycle(clock)
    sixty.server.faults.clear()
    sixty.server.store.change(BAD, sstu=sstu)
    clock.advance(minutes=10)
    sixty.cycle(clock)
    assert sixty.server.store[BAD].pos is None
    assert retries(sixty)[BAD].attempts == 2
    sixty.server.store.change(BAD, sstu="Дан ответ автору")
    clock.advance(minutes=20)
    sixty.cycle(clock)
    assert sixty.server.store[BAD].pos == TARGET
    assert retries(sixty) == {}


def test_a_record_that_is_gone_from_the_server_is_put_off_and_costs_no_other(
    sixty: Installation, clock: ManualClock
) -> None:
    refuse(sixty)
    refuse(sixty, BAD + 1)
    sixty.cycle(clock)
    sixty.server.faults.clear()
    sixty.server.store.remove(BAD)
    clock.advance(minutes=10)
    assert sixty.cycle(clock).error is None
    assert list(retries(sixty)) == [BAD]
    assert retries(sixty)[BAD].attempts == 2
    assert sixty.server.store[BAD + 1].pos is not None


@pytest.mark.full_server
def test_retries_reach_records_that_no_window_shows_any_more(sixty: Installation, clock: ManualClock) -> None:
    sixty.service["lookback"] = {"days": 1}
    refuse(sixty)
    sixty.cycle(clock)
    clock.advance(days=100)
    sixty.server.faults.clear()
    sixty.cycle(clock)
    assert_neighbours_done(sixty)


@pytest.mark.full_server
def test_a_long_retry_list_is_worked_off_in_one_cycle(installation: Installation, clock: ManualClock) -> None:
    rubrics = pending_rubrics(300)
    installation.processing["limits"] = {"refusedShare": 1}
    installation.server.store.add(*rubrics)
    installation.server.faults.writes.update({rubric.isn: Refused() for rubric in rubrics})
    report = installation.cycle(clock)
    assert (report.error, report.counts.refused, len(retries(installation))) == (None, 300, 300)
    installation.server.faults.clear()
    installation.server.traffic.reset()
    clock.advance(minutes=10)
    assert installation.cycle(clock).counts.updated == 300
    assert_reconciled(installation, expected(rubrics))
    assert requests_for_writes(installation) == 6


@pytest.mark.full_server
def test_a_retry_that_cannot_be_read_keeps_no_other_waiting(
    sixty: Installation, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(sixty)
    refuse(sixty, BAD + 1)
    sixty.cycle(clock)
    sixty.server.faults.writes.clear()
    sixty.service["lookback"] = {"days": 1}
    for isn in (BAD, BAD + 1):
        sixty.server.store.change(isn, ins_date=NOW - timedelta(days=29))
    sixty.server.faults.null_nodes.add(BAD)
    clock.advance(minutes=10)
    sixty.server.store.add(make_rubric(FIRST + 900, ins_date=clock.now()))
    assert sixty.cycle(clock).error is None
    assert sixty.server.store[FIRST + 900].pos is not None
    assert sixty.server.store[BAD + 1].pos is not None
    assert [fields["isns"] for fields in events(caplog, "delo.rubrics_unread")] == [[BAD]]
    assert {isn: (each.attempts, each.answer.message_code) for isn, each in retries(sixty).items()} == {
        BAD: (2, "UNREADABLE")
    }
    sixty.server.faults.null_nodes.clear()
    clock.advance(minutes=20)
    assert sixty.cycle(clock).error is None
    assert_neighbours_done(sixty)
    assert retries(sixty) == {}


@pytest.mark.full_server
def test_a_server_without_the_filter_by_isn_still_retries_what_its_windows_show(
    sixty: Installation, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    sixty.server.faults.lacks.add(Lack.ISN_FILTER)
    refuse(sixty)
    sixty.cycle(clock)
    sixty.server.faults.writes.clear()
    clock.advance(minutes=60)
    assert sixty.cycle(clock).error is None
    assert_neighbours_done(sixty)
    assert retries(sixty) == {}
    assert len(events(caplog, "write.not_verified")) == 1
