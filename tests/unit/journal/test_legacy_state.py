import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from baikaldoc_pos.errors import BookmarkUnreadable
from baikaldoc_pos.journal import script_bookmark
from baikaldoc_pos.journal.legacy_state import _last_run_time
from hypothesis import given
from hypothesis import strategies as st

IRKUTSK = timezone(timedelta(hours=8))
NOW = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-04T12:30:00+08:00",
        "2026-10-04T04:30:00Z",
        "2026-10-04T04:30:00.000000+00:00",
        "2026-10-04T12:30:00",
        "2026-10-04 12:30:00",
        "2026-10-04T12:30:00.0000000+08:00",
        " 2026-10-04T12:30\n",
    ],
)
def test_the_forms_that_the_script_wrote(tmp_path, text):
    (tmp_path / "state.json").write_text(json.dumps({"lastRunTime": text, "other": 1}))
    found = script_bookmark([tmp_path / "absent", tmp_path], IRKUTSK, NOW)
    assert found == (tmp_path / "state.json", datetime(2026, 10, 4, 4, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"lastRunTime": null}',
        b'{"lastRunTime": 1723193320}',
        b'{"lastRunTime": "1723193320"}',
        b'{"lastRunTime": ""}',
        b'{"lastRunTime": "yesterday"}',
        b'{"lastRunTime": "2026-10-04"}',
        b'{"lastRunTime": "2026-13-04T00:00:00Z"}',
        b'{"lastRunTime": "2026-10-04T25:00:00Z"}',
        b'{"lastRunTime": "0001-01-01T00:00:00"}',
        b'{"lastRunTime": "2026-10-06T08:00:01Z"}',
        b'{"lastRunTime": "9999-12-31T23:59:59-08:00"}',
    ],
)
def test_a_bookmark_that_cannot_be_relied_on_is_an_error_and_no_guess(tmp_path, content):
    path = tmp_path / "state.json"
    path.write_bytes(content)
    with pytest.raises(BookmarkUnreadable) as caught:
        script_bookmark([tmp_path], IRKUTSK, NOW)
    assert caught.value.fields["path"] == str(path)
    assert caught.value.fields["reason"]
    assert path.read_bytes() == content


def test_up_to_a_day_ahead_is_a_clock_that_is_wrong(tmp_path):
    (tmp_path / "state.json").write_text('{"lastRunTime": "2026-10-06T08:00:00Z"}')
    assert script_bookmark([tmp_path], IRKUTSK, NOW) is not None


def test_a_directory_of_that_name_is_an_error(tmp_path):
    (tmp_path / "state.json").mkdir()
    with pytest.raises(BookmarkUnreadable):
        script_bookmark([tmp_path], IRKUTSK, NOW)


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2026, 10, 1)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    st.booleans(),
)
def test_any_instant_comes_back_as_it_was_written(local, zone, with_offset):
    aware = local.replace(tzinfo=zone)
    text = (aware if with_offset else local).isoformat()
    assert _last_run_time(json.dumps({"lastRunTime": text}).encode(), zone, NOW) == aware
