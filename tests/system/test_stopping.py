"""Commands that are told to stop, or whose terminal is closed: what is in flight is recorded, and no seat is left."""

import os
import pty
import re
import signal
import subprocess
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.delo_server import DeloServer, Hang, pending_rubrics
from tests.installation import Installation

COUNT = 60


@pytest.fixture
def installation(installation: Installation, server: DeloServer) -> Installation:
    server.store.add(*pending_rubrics(COUNT, since=datetime.now(UTC) - timedelta(hours=2)))
    installation.processing |= {"batchSize": 5, "pagination": {"pageSize": 20}}
    installation.save()
    return installation


def begin(arguments: list[str], terminal: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    # The suite itself may have been started by something that ignores signals, which children inherit.
    command = ["env", "--default-signal", *arguments]
    return subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal)


def ended(process: subprocess.Popen[bytes], seconds: float = 30) -> int:
    try:
        return process.wait(seconds)
    finally:
        process.kill()
        process.wait()


def pending(process: subprocess.Popen[bytes], number: signal.Signals) -> bool:
    """The signal has been sent to the process and no thread has taken it."""
    status = Path("/proc", str(process.pid), "status").read_text()
    (shared,) = re.findall(r"^ShdPnd:\s*(\w+)", status, re.MULTILINE)
    return bool(int(shared, 16) & 1 << (number - 1))


def assert_recorded(installation: Installation, server: DeloServer) -> None:
    """Every write stands in the journal with its outcome, and some were left for later."""
    written = set(server.store.written())
    assert 0 < len(written) < COUNT
    assert {row.rubric_isn for row in installation.history() if row.outcome == "updated"} == written
    assert server.sessions.open_seats == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_once_ends_between_batches(installation: Installation, server: DeloServer, number: signal.Signals) -> None:
    server.faults.delay_seconds = 0.05
    process = begin(installation.arguments("once"))
    server.wait_until(lambda: len(server.store.writes) >= 10)
    process.send_signal(number)
    assert ended(process) == 128 + number
    assert_recorded(installation, server)


@pytest.mark.parametrize(
    ("command", "number"), [(("once", "--dry-run"), signal.SIGINT), (("check",), signal.SIGHUP)], ids=["once", "check"]
)
def test_what_only_looks_signs_out_too(
    installation: Installation, server: DeloServer, command: tuple[str, ...], number: signal.Signals
) -> None:
    server.faults.delay_seconds = 0.5
    process = begin(installation.arguments(*command))
    server.wait_until(lambda: server.sign_ins == 1)
    process.send_signal(number)
    assert ended(process) == 128 + number
    assert server.sessions.sign_outs == 1
    assert server.sessions.open_seats == 0


@pytest.mark.full_server
def test_once_survives_the_loss_of_its_terminal(installation: Installation, server: DeloServer) -> None:
    """As when an ssh connection drops: SIGHUP comes, and the terminal takes no output any more."""
    server.faults.delay_seconds = 0.05
    ours, theirs = pty.openpty()
    process = begin(["setsid", "--ctty", *installation.arguments("once")], theirs)
    os.close(theirs)
    server.wait_until(lambda: len(server.store.writes) >= 10)
    os.close(ours)
    assert ended(process) == 128 + signal.SIGHUP
    assert_recorded(installation, server)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_whoever_asks_twice_does_not_wait(
    installation: Installation, server: DeloServer, second: signal.Signals
) -> None:
    installation.connection["read_timeout"] = 60
    installation.save()
    server.faults.add(Hang(), on="write", times=1, skip=1)
    process = begin(installation.arguments("once"))
    server.wait_until(lambda: server.traffic.operations["UpdateRubrics"] == 2)
    process.send_signal(signal.SIGINT)
    # Beside each other, threads may take them in either order.
    server.wait_until(lambda: not pending(process, signal.SIGINT))
    # Two of a kind may become one, so it is sent until it has been taken.
    while process.poll() is None:
        process.send_signal(second)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    assert process.returncode == -second
    with installation.journal() as journal:
        assert len(journal.open_changes()) == 5, "the intents of the batch in flight"


def test_a_second_hangup_is_not_impatience(installation: Installation, server: DeloServer) -> None:
    """The shell and the kernel both send one; systemd sends one beside its SIGTERM."""
    server.faults.delay_seconds = 0.05
    process = begin(installation.arguments("once"))
    server.wait_until(lambda: len(server.store.writes) >= 10)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGHUP):
        process.send_signal(number)
    assert ended(process) in {128 + signal.SIGTERM, 128 + signal.SIGHUP}
    assert_recorded(installation, server)


def test_nohup_is_respected(installation: Installation, server: DeloServer) -> None:
    server.faults.delay_seconds = 0.05
    process = begin(["nohup", *installation.arguments("once")])
    server.wait_until(lambda: len(server.store.writes) >= 10)
    process.send_signal(signal.SIGHUP)
    assert ended(process) == 0
    assert len(server.store.written()) == COUNT
