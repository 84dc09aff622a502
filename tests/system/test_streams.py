"""Where a command's output goes: closed, full, gone, or in an encoding that lacks our letters."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_redirected
from tests.delo_server import MAPPING, DeloServer, Refused, make_rubric
from tests.installation import PROGRAM, Installation

# Each way to start costs a server of commands of its own in every worker.
pytestmark = pytest.mark.xdist_group("streams")

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ENCODINGS: Mapping[str, Mapping[str, str]] = {
    "C": ASCII,
    "cp1251": {"PYTHONIOENCODING": "cp1251:strict"},
}
every_encoding = pytest.mark.parametrize("environ", ENCODINGS.values(), ids=ENCODINGS)


@pytest.fixture
def installation(installation: Installation, server: DeloServer) -> Installation:
    created = datetime.now(UTC) - timedelta(hours=1)
    statuses = list(MAPPING)
    server.store.add(*(make_rubric(n + 1, sstu=statuses[n], ins_date=created) for n in range(3)))
    server.faults.writes[1] = Refused(message="«Нет» — 👎 прав")
    return installation


def run(installation: Installation, command: str, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a command with other streams: see tests.commands."""
    arguments = installation.arguments(*command.split())[len(PROGRAM) :]
    return run_redirected(arguments, installation.paths.config.parent, os.environ, **streams)


@pytest.fixture
def full() -> Iterator[int]:
    """A file on a full disk."""
    with Path("/dev/full").open("wb") as disk:
        yield disk.fileno()


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams_change_nothing(installation: Installation, server: DeloServer, closed: str) -> None:
    done = run(installation, "once", closed=closed)
    assert done.returncode == 1, "one was refused"
    assert done.stderr == b"" or b"Traceback" not in done.stderr
    assert server.store.written().keys() == {2, 3}
    for command in ("status", "failed --csv", "history --json", "history", "check --offline"):
        assert run(installation, command, closed=closed).returncode == 0
    assert len(installation.history()) == 3


@pytest.mark.parametrize("command", ["status", "status --json", "failed --csv", "history --json", "--help"])
def test_a_full_disk_is_told_in_one_sentence(installation: Installation, full: int, command: str) -> None:
    installation.command("once")
    done = run(installation, command, stdout=full)
    assert done.returncode == 74
    assert done.stderr.decode() == "Вывод записать не удалось: на диске нет места.\n"


def test_a_cycle_whose_report_cannot_be_written_is_done_all_the_same(
    installation: Installation, server: DeloServer, full: int
) -> None:
    assert run(installation, "once", stdout=full).returncode == 74
    assert server.store.written().keys() == {2, 3}
    assert server.sessions.open_seats == 0


def test_errors_that_cannot_be_told_keep_their_exit_code(installation: Installation, full: int) -> None:
    assert run(installation, "once --force", stderr=full).returncode == 64


def test_a_reader_that_has_seen_enough_is_no_fault(installation: Installation) -> None:
    installation.command("once")
    reading, writing = os.pipe()
    os.close(reading)
    for command in ("history --csv", "status", "history --json"):
        done = run(installation, command, stdout=writing)
        assert (done.returncode, done.stderr) == (0, b"")
    os.close(writing)


@every_encoding
@pytest.mark.parametrize(
    "command",
    [
        "once",
        "check",
        "--help",
        *(
            pytest.param(command, marks=pytest.mark.slow)
            for command in ("once --dry-run", "history --number А-1", "pause")
        ),
    ],
)
def test_nothing_dies_of_a_character(installation: Installation, command: str, environ: Mapping[str, str]) -> None:
    done = run(installation, command, start=environ)
    assert b"Traceback" not in done.stderr
    assert done.returncode in {0, 1, 64, 66}
    assert done.stdout or done.stderr


@every_encoding
def test_json_is_json_in_every_encoding(installation: Installation, environ: Mapping[str, str]) -> None:
    run(installation, "once", start=environ)
    (row,) = json.loads(run(installation, "failed --json", start=environ).stdout.decode("ascii", "surrogateescape"))
    assert row["isn"] == 1
    (row,) = json.loads(run(installation, "history --rubric 1 --json", start=environ).stdout)
    assert row["message"] == "«Нет» — 👎 прав"


def test_what_an_encoding_lacks_is_shown_as_an_escape(installation: Installation) -> None:
    run(installation, "once")
    shown = run(installation, "failed --csv", start=ENCODINGS["cp1251"]).stdout.decode("cp1251")
    assert "«Нет» — \\U0001f44e прав" in shown
