"""Which creation dates a cycle walks: nothing is dropped however long the service was down, and nothing is touched
that nobody asked for."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from attrs import evolve
from baikaldoc_pos.errors import BookmarkUnreadable, ClockBehind, DeloUnavailable
from baikaldoc_pos.model import Outcome, Period
from baikaldoc_pos.sync import CycleKind

from tests.clocks import NOW, ManualClock
from tests.delo_server import HAND_SET, UNMAPPED, Lack, Replace, Reset, make_rubric, pending_rubrics
from tests.installation import Installation
from tests.system.accounts import (
    ago,
    assert_accounted,
    assert_reconciled,
    bookmark,
    events,
    expected,
    last_days,
    mark,
    outcomes,
    reads,
    windows,
)

ISN = 128_000_001
MAX_DAYS = 30


def length(window: Period) -> timedelta:
    return window.end - window.start


def no_lookback(installation: Installation) -> None:
    installation.service["lookback"] = {"days": 0}


# --- The regular period ---


def test_the_first_start_reads_max_date_range_days_back(installation: Installation) -> None:
    server = installation.server
    at_the_edge, too_old, at_the_end = (
        make_rubric(ISN, ins_date=ago(days=MAX_DAYS)),
        make_rubric(ISN + 1, ins_date=ago(days=MAX_DAYS, seconds=1)),
        make_rubric(ISN + 2, ins_date=NOW),
    )
    server.store.add(at_the_edge, too_old, at_the_end)
    report = installation.cycle()
    assert windows(server) == [last_days(MAX_DAYS)]
    assert (report.kind, report.period) == (CycleKind.REGULAR, last_days(MAX_DAYS))
    assert_reconciled(installation, expected([at_the_edge, too_old, at_the_end], last_days(MAX_DAYS)))
    assert bookmark(installation) == NOW
    assert mark(installation, "origin") == ago(days=MAX_DAYS)


@pytest.mark.full_server
def test_instants_are_sent_in_the_zone_of_the_installation(installation: Installation) -> None:
    installation.processing["utcOffsetHours"] = 5.5
    installation.cycle()
    (variables,) = reads(installation.server)
    assert variables["until"] == "2026-10-15T09:30:00+05:30"


@pytest.mark.full_server
def test_the_next_cycle_goes_on_from_the_bookmark_less_the_overlap(
    installation: Installation, clock: ManualClock
) -> None:
    installation.processing["overlapMinutes"] = 7
    installation.cycle(clock)
    before = clock.now()
    # ДЕЛО's clock is a little behind, or its transaction took a while: it comes to light after the cycle.
    late = make_rubric(ISN, ins_date=before - timedelta(minutes=6, seconds=59))
    installation.server.store.add(late)
    installation.server.traffic.reset()
    clock.advance(minutes=10)
    installation.cycle(clock)
    assert windows(installation.server) == [Period(before - timedelta(minutes=7), clock.now())]
    assert installation.server.store[late.isn].pos == "Назначен исполнитель"
    assert bookmark(installation) == clock.now()


@pytest.mark.full_server
@pytest.mark.parametrize("days", [31, 95, 400])
def test_after_a_long_stop_nothing_in_between_is_dropped(
    installation: Installation, clock: ManualClock, days: int
) -> None:
    no_lookback(installation)
    installation.cycle(clock)
    stopped = clock.now()
    clock.advance(days=days)
    rubrics = pending_rubrics(60, since=stopped, until=clock.now())
    installation.server.store.add(*rubrics)
    installation.server.traffic.reset()
    report = installation.cycle(clock)

    walked = windows(installation.server)
    assert walked[0].start == stopped - timedelta(minutes=5)
    assert walked[-1].end == clock.now()
    assert all(one.end == next_one.start for one, next_one in pairwise(walked))
    assert all(length(window) <= timedelta(days=MAX_DAYS) for window in walked)
    assert report.counts.windows == len(walked) == days // MAX_DAYS + 1
    assert_reconciled(installation, expected(rubrics, report.period))
    assert bookmark(installation) == clock.now()


@pytest.mark.full_server
def test_a_cycle_that_dies_in_its_third_window_is_gone_on_with_there(
    installation: Installation, clock: ManualClock
) -> None:
    no_lookback(installation)
    installation.cycle(clock)
    stopped = clock.now()
    clock.advance(days=100)
    rubrics = pending_rubrics(100, since=stopped, until=clock.now())
    server = installation.server
    server.store.add(*rubrics)
    server.traffic.reset()
    third = stopped - timedelta(minutes=5) + timedelta(days=2 * MAX_DAYS)
    server.on_request(lambda request: _die_in_third_window(installation, request.variables.get("since"), third))

    first = installation.cycle(clock)
    assert isinstance(first.error, DeloUnavailable)
    assert bookmark(installation) == third
    done_by_then = {rubric.isn for rubric in rubrics if rubric.ins_date <= third}
    assert {write.isn for write in server.store.writes} == done_by_then

    server.on_request(None)
    server.faults.clear()
    server.traffic.reset()
    clock.advance(minutes=10)
    second = installation.cycle(clock)
    assert second.error is None
    assert windows(server)[0].start == third - timedelta(minutes=5)
    assert_reconciled(installation, expected(rubrics, Period(stopped, clock.now())))
    assert len(server.store.writes) == 100


def _die_in_third_window(installation: Installation, since: object, third: datetime) -> None:
    if isinstance(since, str) and datetime.fromisoformat(since) >= third:
        installation.server.faults.add(Reset(), times=None)


def test_the_bookmark_stays_where_the_writing_of_a_window_was_cut_off(installation: Installation) -> None:
    rubrics = pending_rubrics(120)
    server = installation.server
    server.store.add(*rubrics)
    server.faults.add(Reset(), on="query", skip=3, times=None)  # two pages and one batch pass
    assert isinstance(installation.cycle().error, DeloUnavailable)
    assert bookmark(installation) is None
    server.faults.clear()
    assert installation.cycle().error is None
    assert_reconciled(installation, expected(rubrics))


def test_records_on_the_retry_list_do_not_hold_the_bookmark(installation: Installation) -> None:
    installation.server.store.add(*pending_rubrics(3))
    installation.server.faults.poison.add(ISN)
    installation.cycle()
    assert bookmark(installation) == NOW


@pytest.mark.parametrize(
    ("ahead", "server_time"), [(timedelta(minutes=6), NOW), (timedelta(days=400), NOW + timedelta(days=400))]
)
def test_a_clock_behind_an_earlier_cycle_writes_nothing_and_waits(
    installation: Installation, ahead: timedelta, server_time: datetime
) -> None:
    installation.cycle(ManualClock(NOW + ahead))
    kept = bookmark(installation)
    installation.server.faults.date = server_time
    installation.server.store.add(*pending_rubrics(10, since=ago(days=29), until=NOW))
    report = installation.cycle(ManualClock(NOW))
    assert isinstance(report.error, ClockBehind)
    assert (installation.server.store.writes, bookmark(installation)) == ((), kept)


def test_a_bookmark_in_the_future_is_not_believed(installation: Installation, caplog: pytest.LogCaptureFixture) -> None:
    """The clock was ahead by years; that it is right now, the server's clock says."""
    installation.cycle(ManualClock(NOW + timedelta(days=400)))
    installation.server.faults.date = NOW
    rubrics = pending_rubrics(10, since=ago(days=29), until=NOW)
    installation.server.store.add(*rubrics)
    assert installation.cycle(ManualClock(NOW)).error is None
    assert_reconciled(installation, expected(rubrics))
    assert bookmark(installation) == NOW
    assert len(events(caplog, "bookmark.in_future")) == 1


def test_a_clock_a_little_behind_harms_nothing(installation: Installation) -> None:
    installation.cycle(ManualClock(NOW + timedelta(minutes=3)))
    installation.server.store.add(make_rubric(ins_date=NOW))
    assert installation.cycle(ManualClock(NOW)).error is None
    assert installation.server.store[ISN].pos == "Назначен исполнитель"


# --- Fixed dates, and a period that was asked for ---


def fix_dates(installation: Installation, start: str, end: str, longest: int = MAX_DAYS) -> None:
    installation.processing["dateRange"] = {
        "useFixedDates": True,
        "startDate": start,
        "endDate": end,
        "maxDateRangeDays": longest,
    }


@pytest.mark.full_server
def test_fixed_dates_are_exactly_that_period_in_the_zone_of_the_installation(installation: Installation) -> None:
    fix_dates(installation, "2026-03-01 00:00:00", "2026-05-31 23:59:59")
    start, end = datetime(2026, 2, 28, 16, 0, tzinfo=UTC), datetime(2026, 5, 31, 15, 59, 59, tzinfo=UTC)
    second = timedelta(seconds=1)
    rubrics = [
        make_rubric(ISN + n, ins_date=at)
        for n, at in enumerate((start - second, start, end, end + second, ago(days=1)))
    ]
    installation.server.store.add(*rubrics)
    report = installation.cycle()
    walked = windows(installation.server)
    assert (report.kind, report.period) == (CycleKind.FIXED, Period(start, end))
    assert len(walked) == 4
    assert all(length(window) <= timedelta(days=MAX_DAYS) for window in walked)
    assert_reconciled(installation, expected(rubrics, Period(start, end)))
    assert [write.isn for write in installation.server.store.writes] == [ISN + 1, ISN + 2]
    assert bookmark(installation) is None


def test_fixed_dates_leave_the_bookmark_where_it_is(installation: Installation, clock: ManualClock) -> None:
    installation.cycle(clock)
    range_in_use = dict(installation.processing["dateRange"])
    fix_dates(installation, "2026-03-01 00:00:00", "2026-03-31 23:59:59")
    clock.advance(days=3)
    installation.cycle(clock)
    assert bookmark(installation) == NOW
    # When the fixed dates are taken away, the days that passed meanwhile are not lost.
    installation.processing["dateRange"] = range_in_use
    installation.server.store.add(make_rubric(ins_date=NOW + timedelta(days=1)))
    installation.cycle(clock)
    assert installation.server.store[ISN].pos == "Назначен исполнитель"


@pytest.mark.parametrize("fixed", [False, True])
def test_an_asked_period_goes_before_all_others(installation: Installation, fixed: bool) -> None:
    if fixed:
        fix_dates(installation, "2026-03-01 00:00:00", "2026-03-31 23:59:59")
    asked = Period(ago(days=200), ago(days=100))
    rubrics = pending_rubrics(50, since=ago(days=300), until=NOW)
    installation.server.store.add(*rubrics)
    report = installation.cycle(asked=asked)
    assert (report.kind, report.counts.windows) == (CycleKind.ASKED, 4)
    assert_reconciled(installation, expected(rubrics, asked))
    assert bookmark(installation) is None
    assert mark(installation, "origin") is None


# --- The bookmark of the script that did this before ---


def script_state(installation: Installation, value: object, where: str = "config") -> None:
    directory = getattr(installation.paths, where)
    (directory / "state.json").write_text(json.dumps({"lastRunTime": value}), encoding="utf-8")


@pytest.mark.parametrize("where", ["config", "state"])
def test_the_script_s_bookmark_is_taken_over_once(installation: Installation, where: str, clock: ManualClock) -> None:
    script_state(installation, "2026-08-01T12:00:00", where)  # no offset: in the zone of the installation
    last = datetime(2026, 8, 1, 4, 0, tzinfo=UTC)
    rubrics = pending_rubrics(80, since=last, until=NOW)
    installation.server.store.add(*rubrics)
    report = installation.cycle(clock)
    assert report.period == Period(last - timedelta(minutes=5), NOW)
    assert report.counts.windows == 3
    assert_reconciled(installation, expected(rubrics, report.period))
    clock.advance(minutes=10)
    assert installation.cycle(clock).period.start == NOW - timedelta(minutes=5)


@pytest.mark.parametrize("value", ["вчера", None, 0, "2126-01-01T00:00:00"])
def test_a_bookmark_that_cannot_be_read_is_no_reason_to_guess(installation: Installation, value: object) -> None:
    script_state(installation, value)
    installation.server.store.add(make_rubric())
    with pytest.raises(BookmarkUnreadable):
        installation.cycle()
    assert installation.server.requests == 0


# --- The lookback ---


def test_a_sstu_status_that_comes_weeks_after_its_window_is_still_answered(
    installation: Installation, clock: ManualClock
) -> None:
    server = installation.server
    waiting = make_rubric(ISN, sstu=None, ins_date=ago(days=25))
    server.store.add(waiting)
    installation.cycle(clock)
    for _ in range(5):
        clock.advance(days=10)
        installation.cycle(clock)
    server.store.change(ISN, sstu="Рассмотрено. Разъяснено")
    clock.advance(minutes=60)
    report = installation.cycle(clock)
    assert report.error is None
    assert server.store[ISN].pos == "Отправлен ответ заявителю"
    assert outcomes(installation, ISN) == [Outcome.UPDATED]


def test_the_lookback_touches_nothing_from_before_the_first_period(
    installation: Installation, clock: ManualClock
) -> None:
    server = installation.server
    old = pending_rubrics(20, since=ago(days=90), until=ago(days=MAX_DAYS, minutes=1))
    server.store.add(*old)
    for _ in range(10):
        assert installation.cycle(clock).error is None
        clock.advance(days=3)
    assert server.store.writes == ()
    assert min(window.start for window in windows(server)) == ago(days=MAX_DAYS)


def test_the_lookback_reaches_so_many_days_and_no_further(installation: Installation, clock: ManualClock) -> None:
    server = installation.server
    installation.service["lookback"] = {"days": 40, "everyMinutes": 60}
    server.store.add(*(make_rubric(ISN + n, sstu=None, ins_date=ago(days=n)) for n in range(MAX_DAYS)))
    installation.cycle(clock)
    clock.advance(days=30)
    for n in range(MAX_DAYS):
        server.store.change(ISN + n, sstu="Дан ответ автору")
    installation.cycle(clock)
    assert {write.isn for write in server.store.writes} == {ISN + n for n in range(11)}


@pytest.mark.full_server
@pytest.mark.parametrize("server_is", ["able", "refusing", "ignoring"])
def test_the_lookback_leaves_out_ignored_rubrics_where_that_saves_pages(
    installation: Installation, clock: ManualClock, server_is: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = installation.server
    installation.processing |= {"ignoredStatuses": [UNMAPPED[0]], "pagination": {"pageSize": 10}}
    ignored = [evolve(rubric, sstu=UNMAPPED[0]) for rubric in pending_rubrics(45, first_isn=ISN + 1)]
    server.store.add(make_rubric(ISN, sstu=None, ins_date=ago(days=15)), *ignored)
    installation.cycle(clock)
    clock.advance(days=35)
    installation.cycle(clock)
    if server_is == "refusing":
        server.faults.lacks |= {"StringCondition.notIn"}
    server.faults.ignore_sstu_values = server_is == "ignoring"
    server.store.change(ISN, sstu="Рассмотрено. Разъяснено")
    read = []
    for _ in range(2):
        server.traffic.reset()
        clock.advance(hours=1)
        assert installation.cycle(clock).error is None
        read.append(server.traffic.operations["PendingRubrics"])
    assert server.store[ISN].pos == "Отправлен ответ заявителю"
    assert [number > 5 for number in read] == [server_is != "able"] * 2
    assert caplog.messages.count("delo.not_left_out") == (server_is != "able")


@pytest.mark.full_server
def test_the_lookback_is_due_at_its_own_pace(installation: Installation, clock: ManualClock) -> None:
    installation.cycle(clock)
    swept = []
    for _ in range(13):
        clock.advance(minutes=10)
        installation.server.traffic.reset()
        installation.cycle(clock)
        swept.append(len(windows(installation.server)) > 1)
    assert [place for place, due in enumerate(swept, start=1) if due] == [6, 12]


def test_a_lookback_that_failed_is_made_up_for(installation: Installation, clock: ManualClock) -> None:
    server = installation.server
    installation.cycle(clock)
    server.store.add(make_rubric(ins_date=ago(days=20)))
    clock.advance(minutes=60)
    server.faults.add(Replace.by_status(500), on="read", skip=1, times=None)
    assert isinstance(installation.cycle(clock).error, DeloUnavailable)
    server.faults.clear()
    clock.advance(minutes=10)
    assert installation.cycle(clock).error is None
    assert server.store[ISN].pos == "Назначен исполнитель"


# --- Unmapped statuses, mapped later ---


@pytest.mark.full_server
@pytest.mark.parametrize("lookback_days", [0, 5, 90])
@pytest.mark.parametrize("days_later", [1, 120])
def test_a_status_that_is_mapped_later_is_written_then(
    installation: Installation, clock: ManualClock, lookback_days: int, days_later: int
) -> None:
    installation.service["lookback"] = {"days": lookback_days, "everyMinutes": 60}
    server = installation.server
    server.store.add(*(make_rubric(ISN + n, sstu="Отозвано", ins_date=ago(days=20)) for n in range(60)))
    server.store.add(make_rubric(ISN + 60, sstu="Отозвано", ins_date=ago(days=20)))
    assert installation.cycle(clock).counts.unmapped == 61
    clock.advance(days=days_later)
    assert installation.cycle(clock).error is None
    assert server.store.writes == ()

    installation.processing["statusMapping"]["Отозвано"] = "Отклонено модератором"
    server.store.change(ISN + 60, pos=HAND_SET)
    clock.advance(minutes=60)
    report = installation.cycle(clock)
    assert report.error is None
    assert report.counts.updated == 60
    assert {rubric.pos for rubric in server.store.rubrics()[:60]} == {"Отклонено модератором"}
    assert server.store[ISN + 60].pos == HAND_SET
    assert_accounted(installation)
    with installation.journal() as journal:
        assert journal.unmapped_rubrics() == []


def test_unmapped_rubrics_that_were_just_seen_are_not_read_again(
    installation: Installation, clock: ManualClock
) -> None:
    server = installation.server
    server.store.add(make_rubric(ISN), *(make_rubric(ISN + n, sstu="Отозвано") for n in range(1, 10)))
    server.on_execute(lambda request: clock.advance(seconds=1))
    installation.cycle(clock)
    assert reads(server, "RubricsByIsn") == []


@pytest.mark.full_server
def test_unmapped_rubrics_are_told_of_though_they_cannot_be_read_by_isn(
    installation: Installation, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    server = installation.server
    installation.service["lookback"] = {"days": 5, "everyMinutes": 60}
    server.faults.lacks.add(Lack.ISN_FILTER)
    server.store.add(make_rubric(sstu="Отозвано", ins_date=ago(days=20)))
    installation.cycle(clock)
    clock.advance(hours=2)
    assert installation.cycle(clock).error is None
    assert len(events(caplog, "unmapped.impossible")) == 1
