"""``status --json`` as a monitoring system reads it, and whose pause it is that ``pause`` and ``resume`` speak of."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.journal import AlertJournal, NewCondition, StateLock

from tests.clocks import ManualClock
from tests.installation import Installation

SOON = timedelta(hours=4)


def status(installation: Installation) -> dict[str, Any]:
    done = installation.command("status", "--json")
    assert done.returncode == 0, done.stderr
    state: dict[str, Any] = json.loads(done.stdout)
    return state


def test_a_pause_is_seen_with_and_without_a_journal(installation: Installation) -> None:
    installation.command("pause", "--for", "4h")
    assert "приостановлена" in installation.command("status").stdout
    installation.know_server()
    within = status(installation)
    assert datetime.now(UTC) < datetime.fromisoformat(within["paused_until"]) <= datetime.now(UTC) + SOON
    installation.command("resume")
    assert status(installation)["paused_until"] is None


def test_a_success_that_lies_ahead_is_none(installation: Installation) -> None:
    clock = ManualClock()
    installation.cycle(clock)
    with installation.journal() as journal:
        before = journal.last_success(clock.now())
    clock.advance(days=1000)
    installation.cycle(clock)
    with installation.journal() as journal:
        assert journal.last_success(clock.now() - timedelta(days=900)) == before


@pytest.mark.parametrize("content", ["", "{}", "[" * 100_000], ids=["empty", "no pause", "deep"])
def test_a_pause_that_cannot_be_read_is_told(installation: Installation, content: str) -> None:
    (installation.paths.state / "pause.json").write_text(content, encoding="utf-8")
    for command in (["status"], ["status", "--json"], ["once"]):
        done = installation.command(*command)
        assert done.returncode == 74
        assert "pause.json" in done.stderr
        assert "Traceback" not in done.stderr


def test_conditions_that_people_were_alerted_to(installation: Installation) -> None:
    now = datetime.now(UTC)
    with AlertJournal.create(installation.paths.state, now) as alerts:
        alerts.record(now, opened=[NewCondition("no_success", "", now, {}, None)])
        (condition,) = alerts.open_conditions()
        (told,) = status(installation)["alerts"]
        assert told["kind"] == "no_success"
        assert told["name"]
        assert not told["name"].startswith("alert.")
        assert datetime.fromisoformat(told["since"]) == now
        alerts.record(now, closed=[condition.id])
    assert status(installation)["alerts"] == []


def test_a_pause_in_the_wrong_directory_is_noticed(installation: Installation) -> None:
    for command in (["pause", "--for", "4h"], ["resume"]):
        done = installation.command(*command)
        assert done.returncode == 0
        assert str(installation.paths.state) in done.stderr
        assert "служба с ним сейчас не работает" in done.stderr
        assert "--state" in done.stderr


def test_a_pause_beside_a_cycle_by_hand_is_no_services(installation: Installation) -> None:
    with StateLock(installation.paths.state, "once", SystemClock()):
        assert "не работает" in installation.command("pause", "--for", "4h").stderr


def test_a_relative_directory_is_told_in_full(installation: Installation) -> None:
    done = installation.command("--state", "state", "pause", "--for", "4h")
    assert str(installation.paths.state) in done.stderr


def test_the_services_own_pause_needs_no_hint(installation: Installation) -> None:
    with StateLock(installation.paths.state, "run", SystemClock()):
        for command in (["pause", "--for", "4h"], ["pause", "--for", "5h"]):
            assert installation.command(*command).stderr == ""
