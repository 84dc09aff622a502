import json
import logging
import os
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from baikaldoc_pos.logs.files import DatedFileHandler, append_line
from baikaldoc_pos.logs.formatters import JsonEvents

from tests.unit.logs.builders import IRKUTSK, NOON, reader, record


class Desk:
    """A handler, its clock, and what it told the console."""

    def __init__(self, directory: Path, now: datetime = NOON, keep_days: int = 30) -> None:
        self.directory = directory
        self.now = now
        self.told: list[logging.LogRecord] = []
        self.handler = DatedFileHandler(directory, self.told.append, lambda: self.now)
        self.handler.configure(JsonEvents(reader()), IRKUTSK, keep_days)

    def log(self, number: int, level: int = logging.INFO, at: datetime | None = None) -> None:
        self.handler.handle(record("service.stopped", level, at=at or self.now, number=number))

    def numbers(self, name: str) -> list[int]:
        lines = (self.directory / name).read_text().splitlines()
        return [data["number"] for data in map(json.loads, lines) if "number" in data]

    def names(self) -> set[str]:
        return {path.name for path in self.directory.iterdir()}

    def events(self) -> list[str]:
        return [made.msg for made in self.told]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "logs")


def test_midnight_begins_a_file_and_puts_the_errors_of_the_day_aside(desk: Desk) -> None:
    desk.now = datetime(2026, 10, 5, 23, 59, 59, tzinfo=IRKUTSK)
    desk.log(1, logging.ERROR)
    desk.now += timedelta(seconds=1)
    desk.log(2)
    assert desk.numbers("log_2026-10-06.log") == [2]
    assert desk.numbers("error_2026-10-05.log") == [1]
    assert "error.log" not in desk.names()
    desk.log(3, logging.ERROR)
    assert desk.numbers("error.log") == [3]
    assert desk.numbers("error_2026-10-05.log") == [1]


def test_so_does_a_restart_on_another_day(desk: Desk) -> None:
    desk.log(1, logging.ERROR)
    os.utime(desk.directory / "error.log", (NOON.timestamp(), NOON.timestamp()))
    again = Desk(desk.directory, NOON + timedelta(days=1))
    assert again.numbers("error_2026-10-05.log") == [1]
    assert "error.log" not in again.names()


def test_a_restart_on_the_same_day_goes_on_in_the_same_files(desk: Desk) -> None:
    desk.log(1, logging.ERROR)
    os.utime(desk.directory / "error.log", (NOON.timestamp(), NOON.timestamp()))
    again = Desk(desk.directory, NOON + timedelta(hours=1))
    again.log(2, logging.ERROR)
    assert again.numbers("error.log") == [1, 2] == again.numbers("log_2026-10-05.log")
    assert again.names() == {"error.log", "log_2026-10-05.log"}


def test_a_clock_that_is_set_back_and_on_again_loses_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, keep_days=1000)
    desk.log(1, logging.ERROR)
    desk.now -= timedelta(days=300)
    desk.log(2, logging.ERROR)
    desk.now += timedelta(days=300)
    desk.log(3, logging.ERROR)
    desk.now += timedelta(days=1)
    desk.log(4, logging.ERROR)
    assert desk.numbers("error_2026-10-05.log") == [1, 3]
    assert desk.numbers("error.log") == [4]
    assert desk.numbers("error_2025-12-09.log") == [2]


def test_files_are_kept_as_many_days_as_asked_by_the_date_in_their_name(tmp_path: Path) -> None:
    kept = [
        "log_2026-10-04.log",
        "log_2026-09-05.log",
        "error_2026-09-05.log",
        "log_2026-99-05.log",
        "log_2020-01-01.log.gz",
        "my_log_2020-01-01.log",
        "error.log",
        "notes.txt",
    ]
    for name in [*kept, "log_2026-09-04.log", "error_2026-09-04.log", "log_2020-01-01.log"]:
        (tmp_path / name).touch()
    (tmp_path / "log_2020-02-02.log").mkdir()
    (tmp_path / "target.txt").touch()
    (tmp_path / "log_2020-03-03.log").symlink_to(tmp_path / "target.txt")
    desk = Desk(tmp_path, keep_days=30)
    others = {"log_2020-02-02.log", "log_2020-03-03.log", "target.txt", "log_2026-10-05.log"}
    assert desk.names() == {*kept, *others}
    desk.now += timedelta(days=1)
    desk.log(1)
    assert desk.names() == {*kept, *others, "log_2026-10-06.log"} - {"log_2026-09-05.log", "error_2026-09-05.log"}


def test_a_clock_that_jumps_ahead_deletes_nothing(desk: Desk) -> None:
    desk.log(1)
    before = desk.names()
    desk.now += timedelta(days=400)
    desk.log(2)
    desk.now -= timedelta(days=400)
    desk.log(3)
    assert before < desk.names()


@pytest.mark.parametrize("umask", [0o077, 0o027, 0])
def test_the_group_may_read_and_nobody_else(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        desk = Desk(tmp_path / "a" / "logs")
        desk.log(1, logging.ERROR)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in desk.directory.iterdir()} == {0o640}
    assert stat.S_IMODE(desk.directory.stat().st_mode) == 0o750


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_roots_command_makes_has_the_owner_of_its_directory_and_no_link_is_followed(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1234)
    append_line(tmp_path / "log_2026-10-15.log", "x")
    assert (tmp_path / "log_2026-10-15.log").stat().st_uid == 1234
    (tmp_path / "log_2026-10-16.log").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic"):
        append_line(tmp_path / "log_2026-10-16.log", "x")


def test_a_directory_or_file_that_vanishes_is_made_again(desk: Desk) -> None:
    desk.log(1)
    (desk.directory / "log_2026-10-05.log").unlink()
    desk.directory.rename(desk.directory.with_name("away"))
    desk.log(2)
    assert desk.numbers("log_2026-10-05.log") == [2]
    assert desk.told == []


def test_a_directory_that_cannot_be_written_is_told_once_and_its_recovery_once(desk: Desk) -> None:
    desk.log(1)
    away = desk.directory.rename(desk.directory.with_name("away"))
    desk.directory.write_text("not a directory")
    for number in range(2, 6):
        desk.log(number, logging.ERROR)
    desk.now += timedelta(days=1)
    desk.log(6)
    assert desk.events() == ["log.file_failed"]
    assert desk.told[0].levelno == logging.ERROR
    assert desk.handler.failures[0].lost == 5
    desk.directory.unlink()
    away.rename(desk.directory)
    desk.log(7, logging.ERROR)
    assert desk.events() == ["log.file_failed", "log.file_recovered"]
    assert desk.told[1].fields["lost"] == 5  # type: ignore[attr-defined]
    assert desk.handler.failures == ()
    events = [json.loads(line)["event"] for line in (desk.directory / "log_2026-10-06.log").read_text().splitlines()]
    assert events == ["service.stopped", "log.file_recovered"]
    assert desk.numbers("error.log") == [7]


def test_a_start_without_a_usable_directory_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    desk = Desk(tmp_path / "file" / "logs")
    assert desk.events() == ["log.file_failed"]
    desk.log(1, logging.ERROR)
    assert desk.events() == ["log.file_failed"]


def test_errors_that_cannot_be_put_aside_stay_in_error_log(desk: Desk) -> None:
    desk.log(1, logging.ERROR)
    (desk.directory / "error_2026-10-05.log").mkdir()
    desk.now += timedelta(days=1)
    desk.log(2, logging.ERROR)
    assert desk.numbers("error.log") == [1, 2]
    assert desk.events() == ["log.file_failed"]
    (desk.directory / "error_2026-10-05.log").rmdir()
    desk.log(3, logging.ERROR)
    assert desk.numbers("error_2026-10-05.log") == [1, 2]
    assert desk.numbers("error.log") == [3]
    assert desk.events() == ["log.file_failed", "log.file_recovered"]


def test_a_line_that_a_crash_cut_short_does_not_spoil_the_next(tmp_path: Path) -> None:
    (tmp_path / "log_2026-10-05.log").write_text('{"time": "2026-10-05T11:59')
    desk = Desk(tmp_path)
    desk.log(1)
    cut, whole = (tmp_path / "log_2026-10-05.log").read_text().splitlines()
    assert json.loads(whole)["number"] == 1
    assert cut.endswith("11:59")


def test_modes_that_an_administrator_gave_stay(desk: Desk) -> None:
    path = desk.directory / "log_2026-10-05.log"
    path.chmod(0o644)
    desk.log(1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_an_error_log_that_cannot_be_written_does_not_stop_the_days_file(desk: Desk) -> None:
    (desk.directory / "error.log").mkdir()
    desk.log(1, logging.ERROR)
    desk.log(2, logging.ERROR)
    assert desk.numbers("log_2026-10-05.log") == [1, 2]
    assert desk.events() == ["log.file_failed"]
    assert desk.told[0].fields["path"].endswith("error.log")  # type: ignore[attr-defined]
