import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import evolve
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.logs import LogSettings, LogSetup, configure

from tests.unit.logs.builders import IRKUTSK, PlainSentences
from tests.unit.logs.programs import run

SETTINGS = LogSettings(zone=IRKUTSK, secrets=("hunter2!",))
Begin = Callable[..., LogSetup]

log = EventLog("baikaldoc_pos.test")


@pytest.fixture
def console() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def begin(tmp_path: Path, console: io.StringIO) -> Iterator[Begin]:
    begun = []

    def begin(settings: LogSettings = SETTINGS, directory: Path | None = tmp_path) -> LogSetup:
        setup = configure(settings, directory, stream=console, environ={}, sentences=PlainSentences)
        begun.append(setup)
        return setup

    yield begin
    for setup in begun:
        setup.close()


def written(directory: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in directory.glob("log_*.log") for line in path.read_text().splitlines()]


def test_a_record_reaches_console_and_file(begin: Begin, console: io.StringIO, tmp_path: Path) -> None:
    begin()
    log.info("session.signed_in", cycle=7, password="abc", words="hunter2!")
    assert console.getvalue().endswith("сведения: [ru] Вход выполнен [цикл 7]\n")
    (line,) = written(tmp_path)
    assert (line["cycle"], line["password"], line["words"]) == (7, "***", "***")


def test_without_a_directory_no_file_is_written(
    begin: Begin, console: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    setup = begin(directory=None)
    log.error("session.ended")
    setup.reconfigure(SETTINGS)
    assert "session.ended" in console.getvalue()
    assert list(tmp_path.iterdir()) == []
    assert setup.file_failures == ()


def test_the_level_is_for_our_events_and_libraries_speak_of_trouble_only(begin: Begin, tmp_path: Path) -> None:
    for name in ("sgqlc.endpoint.requests", "urllib3.connectionpool", "apscheduler.executors.default", "waitress"):
        logging.getLogger(name.partition(".")[0]).setLevel(logging.DEBUG)
        begin(evolve(SETTINGS, level="debug"))
        logging.getLogger(name).info("Set-Cookie: a=b")
        logging.getLogger(name).warning("%s is slow", name)
    log.debug("window.read")
    assert {line["level"] for line in written(tmp_path)} == {"warning", "debug"}


@pytest.mark.parametrize(("level", "events"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_what_is_below_the_level_is_left_out(begin: Begin, tmp_path: Path, level: str, events: int) -> None:
    begin(evolve(SETTINGS, level=level))
    for say in (log.debug, log.info, log.warning, log.error):
        say("session.ended")
    assert len(written(tmp_path)) == events


def test_warnings_of_python_are_records(tmp_path: Path) -> None:
    body = (
        'start(sys.argv[1])\nwarnings.simplefilter("always")\nwarnings.warn("old hunter2! thing", DeprecationWarning)'
    )
    status, errors = run(body, str(tmp_path))
    assert status == 0
    (line,) = written(tmp_path)
    assert (line["event"], line["logger"], line["level"]) == ("library.message", "py.warnings", "warning")
    assert "old *** thing" in str(line["text"])
    assert "hunter2!" not in errors


def test_a_reload_changes_language_level_zone_days_and_secrets(
    begin: Begin, console: io.StringIO, tmp_path: Path
) -> None:
    setup = begin()
    (tmp_path / "log_2020-01-01.log").touch()
    setup.reconfigure(LogSettings(language="en", level="warning", keep_days=2, secrets=("other-one",)))
    log.info("session.signed_in")
    log.warning("session.signed_in", words="other-one hunter2!")
    (line,) = written(tmp_path)
    assert line["message"] == "[en] Вход выполнен"
    assert str(line["time"]).endswith("+00:00")
    assert line["words"] == "*** ***"
    assert "other-one" not in console.getvalue()
    assert not (tmp_path / "log_2020-01-01.log").exists()


def test_reloads_among_records_of_many_threads_lose_none(begin: Begin, tmp_path: Path) -> None:
    setup = begin()

    def talk(first: int) -> None:
        for number in range(first, first + 200):
            log.info("session.signed_in", number=number)

    threads = [threading.Thread(target=talk, args=(first,)) for first in range(0, 1000, 200)]
    for thread in threads:
        thread.start()
    for turn in range(30):
        setup.reconfigure(
            evolve(SETTINGS, keep_days=1 + turn, language=("ru", "en")[turn % 2], secrets=(f"new-{turn}",))
        )
    for thread in threads:
        thread.join()
    assert sorted(int(str(line["number"])) for line in written(tmp_path)) == list(range(1000))


LEAVES = """
def state():
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning)
    return list(root.handlers), root.level, logging.getLogger("baikaldoc_pos").level, hooks
before = state()
setup = start(sys.argv[1])
assert state() != before
setup.close()
assert state() == before
"""


def test_close_leaves_logging_as_it_was(tmp_path: Path) -> None:
    assert run(LEAVES, str(tmp_path)) == (0, "")


def test_the_settings_do_not_show_their_secrets() -> None:
    assert "hunter2!" not in repr(SETTINGS)


UNCAUGHT = """
start(sys.argv[1])
def fail():
    raise ValueError("thread hunter2!")
class Late:
    def __del__(self):
        raise ValueError("destructor hunter2!")
thread = threading.Thread(target=fail, name="job")
thread.start()
thread.join()
del (late := [Late()])[:]
raise ValueError("main hunter2!")
"""


def test_what_nobody_caught_is_logged_and_masked(tmp_path: Path) -> None:
    status, errors = run(UNCAUGHT, str(tmp_path))
    assert status == 1
    assert "hunter2!" not in errors
    lines = written(tmp_path)
    assert [(line["event"], line["error"]) for line in lines] == [
        ("log.uncaught", "ValueError: thread ***"),
        ("log.uncaught", "ValueError: destructor ***"),
        ("log.uncaught", "ValueError: main ***"),
    ]
    assert lines[0]["where"] == "job"
    assert [line["level"] for line in lines] == ["critical", "error", "critical"]
    assert all("Traceback" in str(line["exception"]) for line in lines)
