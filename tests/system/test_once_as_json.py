"""``once --json`` prints one object with the same keys, however it ends: whoever counts needs no other case."""

import json
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.journal import StateLock

from tests.delo_server import DeloServer, Hang, Lack
from tests.installation import Installation

COUNTS = ("found", "updated", "confirmed", "refused", "failed", "unmapped", "skipped", "windows", "requests")
FORMS = {"cycle": ["once", "--json"], "preview": ["once", "--dry-run", "--json"]}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def asked(installation: Installation, form: list[str]) -> tuple[int, dict[str, Any]]:
    done = installation.command(*form)
    return done.returncode, json.loads(done.stdout)


def assert_told(installation: Installation, form: list[str], code: int, event: str) -> dict[str, Any]:
    """It ends with that code, has found and done nothing, and says why, in JSON and on standard error."""
    done = installation.command(*form)
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == code
    assert told["error"]["event"] == event
    assert told["error"]["message"]
    assert {told[name] for name in COUNTS if name not in {"windows", "requests"}} == {0}
    return told


def down(installation: Installation) -> None:
    installation.processing["retryAttempts"] = 0
    installation.server.go_down()


def wrong_password(installation: Installation) -> None:
    installation.connection["password"] = "не тот"


def not_understood(installation: Installation) -> None:
    installation.server.faults.reject_documents = "нет такого поля"


def unsound(installation: Installation) -> None:
    installation.processing["batchSize"] = "50"


def old_bookmark(installation: Installation) -> None:
    (installation.paths.state / "state.json").write_text("{}", encoding="utf-8")


def broken_journal(installation: Installation) -> None:
    (installation.paths.state / "journal.sqlite3").write_text("no database" * 1000, encoding="utf-8")


TROUBLES: dict[str, tuple[Callable[[Installation], None], int, str]] = {
    "down": (down, 75, "delo.unavailable"),
    "rejected": (wrong_password, 77, "delo.credentials_rejected"),
    "not understood": (not_understood, 76, "delo.schema_mismatch"),
    "unsound": (unsound, 78, "config.invalid"),
    "old bookmark": (old_bookmark, 78, "bookmark.unreadable"),
    "broken journal": (broken_journal, 74, "journal.damaged"),
}


@every_form
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_every_end_has_its_object(
    installation: Installation, form: list[str], trouble: tuple[Callable[[Installation], None], int, str]
) -> None:
    _, usual = asked(installation, form)
    for path in installation.paths.state.iterdir():
        path.unlink()
    spoil, code, event = trouble
    spoil(installation)
    installation.save()
    assert assert_told(installation, form, code, event).keys() == usual.keys()


def test_a_locked_state_directory(installation: Installation) -> None:
    with StateLock(installation.paths.state, "run", SystemClock()):
        told = assert_told(installation, FORMS["cycle"], 69, "state.locked")
    assert told["requests"] == told["windows"] == 0
    assert told["error"]["command"] == "run"


def test_a_pause(installation: Installation) -> None:
    installation.command("pause", "--for", "4h")
    told = assert_told(installation, FORMS["cycle"], 69, "writing.paused")
    assert told["error"]["until"].startswith("20")


def test_every_fault_of_the_configuration(installation: Installation) -> None:
    installation.processing |= {"batchSize": "50", "pagesize": 5}
    installation.save()
    told = assert_told(installation, FORMS["cycle"], 78, "config.invalid")
    assert len(told["error"]["faults"]) == told["error"]["count"] == 2


@pytest.mark.full_server
@every_form
def test_a_signal_before_anything_was_read(installation: Installation, server: DeloServer, form: list[str]) -> None:
    installation.know_server()
    server.faults.add(Hang(), on="read", times=1)
    process = subprocess.Popen(installation.arguments(*form), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    server.wait_until(lambda: server.traffic.operations["PendingRubrics"] == 1)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert json.loads(output)["error"]["event"] == "stop.requested"


def test_a_good_end_has_no_error(installation: Installation, server: DeloServer) -> None:
    server.faults.lacks = {Lack.POS_STATUS_FILTER}
    for form in FORMS.values():
        assert asked(installation, form)[1]["error"] is None
