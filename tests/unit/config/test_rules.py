"""Faults between keys."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from baikaldoc_pos.config import ProcessingConfig, load_configuration
from baikaldoc_pos.config.model import DateRange

from tests.unit.config.files import faults_of, places, valid, write


def with_dates(**dates: object) -> dict[str, object]:
    files = valid()
    files["processing"]["dateRange"] = {"useFixedDates": True, **dates}
    return files


@pytest.mark.parametrize(
    "dates", [("", ""), (None, None), ("не нужно", 5), ("2026-02-01 00:00:00", "2026-01-01 00:00:00")]
)
def test_dates_do_not_matter_while_they_are_off(tmp_path, dates):
    files = with_dates(useFixedDates=False, startDate=dates[0], endDate=dates[1])
    assert load_configuration(write(tmp_path, files), {}).processing.fixed_period() is None


def test_fixed_dates_are_in_the_configured_zone(tmp_path):
    files = with_dates(startDate="2026-01-01 00:00:00", endDate="2026-01-31 23:59:59")
    files["processing"]["utcOffsetHours"] = 5.75
    processing = load_configuration(write(tmp_path, files), {}).processing
    period = processing.fixed_period()
    assert processing.zone == timezone(timedelta(hours=5, minutes=45))
    assert period.start == datetime(2025, 12, 31, 18, 15, tzinfo=UTC)
    assert period.end == datetime(2026, 1, 31, 18, 14, 59, tzinfo=UTC)


@pytest.mark.parametrize("absent", [{}, {"startDate": None, "endDate": ""}])
def test_fixed_dates_are_required(tmp_path, absent):
    assert places(faults_of(tmp_path, with_dates(**absent))) == {
        ("processing", "dateRange.startDate", "date_required"),
        ("processing", "dateRange.endDate", "date_required"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30 00:00:00",
        "01.02.2026",
        "2026-02-01",
        "2026-2-1 0:0:0",
        "2026-02-01T00:00:00",
        "0001-01-01 00:00:00",
        5,
    ],
)
def test_fixed_dates_are_checked(tmp_path, text):
    files = with_dates(startDate=text, endDate="2026-03-01 00:00:00")
    assert places(faults_of(tmp_path, files)) == {("processing", "dateRange.startDate", "date_invalid")}


@pytest.mark.parametrize("end", ["2026-01-01 00:00:00", "2025-12-31 00:00:00"])
def test_fixed_dates_in_order(tmp_path, end):
    files = with_dates(startDate="2026-01-01 00:00:00", endDate=end)
    assert places(faults_of(tmp_path, files)) == {("processing", "dateRange.endDate", "dates_order")}


def test_unchecked_dates_never_read_as_no_dates():
    processing = ProcessingConfig(
        status_mapping={"а": "б"}, utc_offset_hours=8, date_range=DateRange(use_fixed_dates=True)
    )
    with pytest.raises(ValueError, match="text"):
        processing.fixed_period()


def test_a_status_both_mapped_and_ignored(tmp_path):
    files = valid()
    files["processing"]["statusMapping"] = {"Дан ответ ": "x"}
    files["processing"]["ignoredStatuses"] = ["Другой", " Дан ответ"]
    assert places(faults_of(tmp_path, files)) == {("processing", "ignoredStatuses[1]", "ignored_and_mapped")}


@pytest.mark.parametrize(
    ("limits", "faulty"), [({"stuckMinutes": 2}, True), ({"requestSeconds": 900}, True), ({"stuckMinutes": 2.1}, False)]
)
def test_a_slow_request_is_not_a_stuck_job(tmp_path, limits, faulty):
    files = valid() | {"service": {"limits": limits}}
    if faulty:
        assert places(faults_of(tmp_path, files)) == {("service", "limits.stuckMinutes", "stuck_before_deadline")}
    else:
        load_configuration(write(tmp_path, files), {})
