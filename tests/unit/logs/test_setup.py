import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from baikaldoc_pos.i18n import Catalogue, EventLog
from baikaldoc_pos.logs import LogSettings, LogSetup, configure

from tests.unit.logs.builders import IRKUTSK
from tests.unit.logs.programs import run

SETTINGS = LogSettings(zone=IRKUTSK, secrets=("hunter2!",))
Begin = Callable[..., LogSetup]

log = EventLog("baikaldoc_pos.test")


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    begun = []

    def begin(settings: LogSettings = SETTINGS, directory: Path | None = tmp_path) -> LogSetup:
        setup = configure(settings, directory)
        begun.append(setup)
        return setup

    yield begin
    for setup in begun:
        setup.close()


def written(directory: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in directory.glob("log_*.log") for line in path.read_text().splitlines()]


@pytest.mark.parametrize(("level", "events"), [("debug", 5), ("info", 4), ("warning", 3), ("error", 1)])
def test_the_level_is_for_our_events_and_libraries_speak_of_trouble_only(
    begin: Begin, tmp_path: Path, level: str, events: int
) -> None:
    library = logging.getLogger("sgqlc")
    library.setLevel(logging.DEBUG)
    begin(evolve(SETTINGS, level=level))
    library.getChild("endpoint").info("Set-Cookie: a=b")
    library.getChild("endpoint").warning("slow")
    for say in (log.debug, log.info, log.warning, log.error):
        say("test.event")
    assert len(written(tmp_path)) == events


def test_a_reload_changes_language_level_zone_days_and_secrets(
    begin: Begin, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    setup = begin()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for day in ("2020-01-01", f"{yesterday:%Y-%m-%d}"):
        (tmp_path / f"log_{day}.log").touch()
    setup.reconfigure(LogSettings(language="en", level="warning", keep_days=2, secrets=("other-one",)))
    log.info("service.stopped")
    log.warning("service.stopped", words="other-one hunter2!")
    (line,) = written(tmp_path)
    assert line["message"] == Catalogue("en").text("service.stopped")
    assert str(line["time"]).endswith("+00:00")
    assert line["words"] == "*** ***"
    assert "other-one" not in capsys.readouterr().err
    assert not (tmp_path / "log_2020-01-01.log").exists()


UNCAUGHT = """
start(sys.argv[1])
warnings.simplefilter("always")
warnings.warn("old hunter2! thing", DeprecationWarning)
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
    warning, *lines = written(tmp_path)
    assert (warning["event"], warning["logger"], warning["level"]) == ("library.message", "py.warnings", "warning")
    assert "old *** thing" in str(warning["text"])
    assert [(line["event"], line["error"], line["level"]) for line in lines] == [
        ("log.uncaught", "ValueError: thread ***", "critical"),
        ("log.uncaught", "ValueError: destructor ***", "error"),
        ("log.uncaught", "ValueError: main ***", "critical"),
    ]
    assert lines[0]["where"] == "job"
    assert all("Traceback" in str(line["exception"]) for line in lines)


WRITES = """
import resource
directory = sys.argv[1]
setup = start(directory)
log.info("test.event", number=0)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
for number in range(1, 40):
    log.error("test.event", number=number)
assert setup.file_failures
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.error("test.event", number=40)
assert not setup.file_failures
print("still here", file=sys.stderr)
"""


def test_a_file_that_takes_no_more_stops_nothing_and_is_told_once(tmp_path: Path) -> None:
    status, errors = run(WRITES, str(tmp_path))
    assert status == 0, errors
    assert errors.rstrip().endswith("still here")
    assert "Traceback" not in errors
    assert all(f"test.event number={number}\n" in errors for number in range(1, 41))
    told = [line for line in errors.splitlines() if "test.event" not in line]
    assert len(told) == 3  # that it fails, that it is over, and "still here"
    lines = written(tmp_path)
    numbers = [line["number"] for line in lines if "number" in line]
    (recovered,) = [line for line in lines if line["event"] == "log.file_recovered"]
    assert (numbers[0], numbers[-1]) == (0, 40)
    assert len(numbers) + int(str(recovered["lost"])) == 41
