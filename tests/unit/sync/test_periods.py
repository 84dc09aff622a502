"""Which periods are walked: nothing uncovered, nothing longer than allowed, nothing before the origin."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from baikaldoc_pos.config import Configuration, ProcessingConfig, ServiceConfig
from baikaldoc_pos.config.model import DateRange, Lookback
from baikaldoc_pos.model import Period
from baikaldoc_pos.sync.periods import MOST_AHEAD, Checkpoints, CycleKind, plan_cycle, split
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.clocks import NOW

ZONES = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
INSTANTS = st.builds(datetime.fromtimestamp, st.integers(1_577_836_800, 2_051_222_400), ZONES)
SPANS = st.timedeltas(timedelta(0), timedelta(days=900))
LENGTHS = st.integers(1, 366)


def settings_of(
    longest: int = 30, overlap: int = 5, *, days: int = 90, offset: float = 8, fixed: tuple[str, str] | None = None
) -> Configuration:
    start, end = fixed or (None, None)
    dates = DateRange(use_fixed_dates=fixed is not None, start_date=start, end_date=end, max_date_range_days=longest)
    processing = ProcessingConfig(
        status_mapping={"а": "б"}, utc_offset_hours=offset, date_range=dates, overlap_minutes=overlap
    )
    service = ServiceConfig(lookback=Lookback(days=days, every_minutes=60))
    return Configuration(processing=processing, connection=None, service=service)


def assert_walk(windows: tuple[Period, ...], start: datetime, end: datetime, longest: timedelta) -> None:
    """The windows lead from start to end, each beginning where the one before ended."""
    assert windows[0].start == start
    assert windows[-1].end == end
    assert all(later.start == earlier.end for earlier, later in pairwise(windows))
    assert all(timedelta(0) <= window.end - window.start <= longest for window in windows)
    assert all(window.start.tzinfo and window.end.tzinfo for window in windows)


@given(INSTANTS, SPANS, LENGTHS, ZONES)
def test_split_covers_the_period(start, span, days, zone):
    period = Period(start, (start + span).astimezone(zone))
    windows = split(period, timedelta(days=days))
    assert_walk(windows, period.start, period.end, timedelta(days=days))
    assert len(windows) == max(1, -(-span // timedelta(days=days))), "more windows than are needed"


@given(
    now=INSTANTS,
    age=st.timedeltas(timedelta(days=-30), timedelta(days=900)),
    zone=ZONES,
    longest=LENGTHS,
    overlap=st.integers(0, 1440),
    share=st.floats(0, 1),
)
def test_nothing_since_the_bookmark_stays_uncovered(now, age, zone, longest, overlap, share):
    bookmark = (now - age).astimezone(zone)
    since = bookmark - timedelta(minutes=overlap)
    assume(since <= now)
    cycle_plan = plan_cycle(settings_of(longest, overlap), Checkpoints(bookmark=bookmark), now)
    assert cycle_plan.kind is CycleKind.REGULAR
    assert cycle_plan.moves_bookmark
    assert not cycle_plan.lost_bookmark
    assert_walk(cycle_plan.windows, since, now, timedelta(days=longest))
    assert cycle_plan.period == Period(since, now)
    somewhen = since + (now - since) * share
    assert any(window.start <= somewhen <= window.end for window in cycle_plan.windows)


@given(
    now=INSTANTS,
    longest=LENGTHS,
    overlap=st.integers(0, 1440),
    ahead=st.timedeltas(timedelta(seconds=1), timedelta(days=900)),
    age=st.timedeltas(timedelta(0), timedelta(days=900)),
)
def test_a_bookmark_in_the_future_is_waited_for_or_not_believed(now, longest, overlap, ahead, age):
    resumed = now + ahead
    checkpoints = Checkpoints(bookmark=resumed + timedelta(minutes=overlap), origin=now - age)
    cycle_plan = plan_cycle(settings_of(longest, overlap), checkpoints, now)
    assert cycle_plan.lost_bookmark == (ahead > MOST_AHEAD)
    if cycle_plan.lost_bookmark:
        start = max(now - timedelta(days=longest), now - age)
        assert_walk(cycle_plan.windows, start, now, timedelta(days=longest))
    else:
        assert (cycle_plan.windows, cycle_plan.waits_until) == ((), resumed)


@given(
    now=INSTANTS,
    bookmark_age=st.timedeltas(timedelta(days=-3), timedelta(days=200)),
    origin_age=st.timedeltas(timedelta(days=-3), timedelta(days=900)),
    zone=ZONES,
    longest=LENGTHS,
    overlap=st.integers(0, 1440),
    days=st.integers(1, 400),
    share=st.floats(0, 1),
)
def test_the_lookback_covers_what_lies_before_and_no_more(
    now, bookmark_age, origin_age, zone, longest, overlap, days, share
):
    origin = (now - origin_age).astimezone(zone)
    marks = Checkpoints(bookmark=now - bookmark_age, origin=origin)
    cycle_plan = plan_cycle(settings_of(longest, overlap, days=days), marks, now)
    earliest = max(origin, now - timedelta(days=days))
    if cycle_plan.waits_until is not None:
        assert now < cycle_plan.waits_until <= max(origin, now - bookmark_age)
        return
    assert cycle_plan.lookback_due
    assert all(window.start >= origin for window in cycle_plan.lookback)
    assert all(window.start >= now - timedelta(days=days) for window in cycle_plan.lookback)
    if cycle_plan.lookback:
        assert_walk(cycle_plan.lookback, earliest, cycle_plan.period.start, timedelta(days=longest))
    if earliest <= now:
        somewhen = earliest + (now - earliest) * share
        assert any(window.start <= somewhen <= window.end for window in (*cycle_plan.lookback, *cycle_plan.windows))


@pytest.mark.parametrize("days", [0, 90])
@pytest.mark.parametrize(
    ("last_ago", "due"),
    [
        (None, True),
        (timedelta(0), False),
        (timedelta(minutes=59), False),
        (timedelta(minutes=60), True),
        (timedelta(minutes=-1), True),  # a clock that was wrong
    ],
)
def test_when_the_lookback_is_due(days, last_ago, due):
    last = None if last_ago is None else NOW - last_ago
    marks = Checkpoints(bookmark=NOW - timedelta(hours=1), origin=NOW - timedelta(days=50), lookback=last)
    cycle_plan = plan_cycle(settings_of(days=days), marks, NOW)
    # Due without days, too: it is then that unmapped rubrics are taken up again. But there is nothing to walk.
    assert cycle_plan.lookback_due is due
    assert bool(cycle_plan.lookback) is (due and days > 0)


FIXED_DATES = ("2026-01-01 00:00:00", "2026-03-31 23:59:59")


@given(offset=st.integers(-48, 56).map(lambda quarters: quarters / 4), longest=LENGTHS)
def test_fixed_dates_go_before_the_bookmark(offset, longest):
    shift = timedelta(hours=offset)
    start, end = datetime(2026, 1, 1, tzinfo=UTC) - shift, datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC) - shift
    assert_only_walks(CycleKind.FIXED, settings_of(longest, offset=offset, fixed=FIXED_DATES), start, end)


@given(INSTANTS, SPANS, LENGTHS)
def test_a_period_from_the_command_line_goes_before_fixed_dates(start, span, longest):
    asked = Period(start, start + span)
    assert_only_walks(CycleKind.ASKED, settings_of(longest, fixed=FIXED_DATES), asked.start, asked.end, asked)


def assert_only_walks(kind, configuration, start, end, asked=None):
    """The cycle walks that period, and neither looks back nor moves the bookmark."""
    marks = Checkpoints(bookmark=NOW - timedelta(days=1), origin=NOW - timedelta(days=400))
    cycle_plan = plan_cycle(configuration, marks, NOW, asked)
    assert cycle_plan.kind is kind
    assert_walk(cycle_plan.windows, start, end, timedelta(days=configuration.processing.date_range.max_date_range_days))
    assert not cycle_plan.moves_bookmark
    assert not cycle_plan.lookback_due
    assert cycle_plan.lookback == ()
