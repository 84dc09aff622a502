import json
import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from baikaldoc_pos.logs.formatters import JsonEvents, SentenceFormatter, Style
from baikaldoc_pos.model import Outcome
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.logs.builders import foreign, raised, reader, record

LEVELS = [
    (logging.DEBUG, 7),
    (logging.INFO, 6),
    (25, 6),
    (logging.WARNING, 4),
    (logging.ERROR, 3),
    (logging.CRITICAL, 2),
]


def told(made: logging.LogRecord) -> dict[str, object]:
    line = JsonEvents(reader()).format(made)
    assert "\n" not in line
    data: dict[str, object] = json.loads(line)
    return data


def test_a_json_line_has_the_event_its_sentence_and_its_fields() -> None:
    start = datetime(2026, 10, 5, 20, 30, tzinfo=UTC)
    made = record("bookmark.in_future", cycle=42, start=start, outcome=Outcome.UPDATED, isns=(1, 2))
    data = told(made)
    assert "06.10.2026 04:30" in str(data.pop("message"))
    assert data == {
        "time": "2026-10-05T12:00:00.000+08:00",
        "level": "info",
        "event": "bookmark.in_future",
        "cycle": 42,
        "start": "2026-10-06T04:30:00+08:00",
        "outcome": "updated",
        "isns": [1, 2],
    }
    assert "Закладка" in JsonEvents(reader()).format(made)


def test_fields_never_overwrite_what_every_record_has() -> None:
    data = told(record(message="server's words", level="x", time=1))
    assert (data["field_message"], data["field_level"], data["field_time"]) == ("server's words", "x", 1)
    assert (data["level"], data["event"]) == ("info", "service.stopped")


def test_a_record_that_cannot_be_formatted_is_not_lost() -> None:
    data = told(foreign("wrong: %d", "not a number"))
    assert data["event"] == "log.record_unreadable"
    assert "wrong: %d" in str(data["text"])


@pytest.mark.parametrize(("level", "priority"), LEVELS)
def test_each_line_for_the_journal_has_its_priority_and_no_time(level: int, priority: int) -> None:
    made = record("test.event", level, error=raised(ValueError("first\nsecond")))
    lines = SentenceFormatter(reader(), Style.JOURNAL).format(made).split("\n")
    assert len(lines) > 4
    assert all(line.startswith(f"<{priority}>") for line in lines)
    assert lines[0] == f"<{priority}>test.event"
    assert "2026" not in lines[0]
    assert lines[-1].endswith("second")


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (Style.JOURNAL, r"<6>Цикл .* 06\.10\.2026 04:30 UTC\+08:00 .* 06\.10\.2026 05:30[^0-9+]*"),
        (Style.PLAIN, r"05\.10\.2026 12:00:00 UTC\+08:00 сведения: Цикл .* 04:30 .* 06\.10\.2026 05:30[^0-9+]*"),
    ],
)
def test_a_line_names_the_zone_once_and_has_the_dates_of_the_language(style: Style, expected: str) -> None:
    start = datetime(2026, 10, 5, 20, 30, tzinfo=UTC)
    made = record("cycle.started", start=start, end=start + timedelta(hours=1), kind="scheduled")
    assert re.fullmatch(expected, SentenceFormatter(reader(), style).format(made))


@given(st.text(), st.sampled_from(Style))
def test_no_text_of_a_server_can_pass_for_a_record_of_ours(text: str, style: Style) -> None:
    formatted = SentenceFormatter(reader(), style).format(record("delo.refused", words=f"x\n{text}\n<0>all is lost"))
    assert len(formatted.splitlines()) == 1
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", re.sub(r"\x1b\[[0-9;]+m", "", formatted, count=2))


@pytest.mark.parametrize("character", ["A", "ы", "🙂", "\ud800"])
def test_no_line_is_so_long_that_the_journal_would_cut_it(character: str) -> None:
    """journald takes what is left of a line of 48 KiB for a line of its own, whose beginning tells its priority."""
    said = character * 48_000 + "<0>" * 9000
    lines = SentenceFormatter(reader(), Style.JOURNAL).format(record("delo.refused", words=said)).split("\n")
    assert all(line.startswith("<6>") for line in lines)
    assert all(line.startswith("<6>  ") for line in lines[1:])
    assert max(len(line.encode("utf-8", "backslashreplace")) for line in lines) < 48 * 1024
    assert "".join(line.removeprefix("<6>").removeprefix("  ") for line in lines).endswith(said)
