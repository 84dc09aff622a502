"""``once`` started again and again, as cron does it: what one run learnt of the session, the next one knows."""

import json
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.delo_server import PASSWORD, DeloServer, Hang, pending_rubrics
from tests.installation import Installation

WRONG = "не-тот-пароль"


@pytest.fixture
def installation(installation: Installation, server: DeloServer) -> Installation:
    server.store.add(*pending_rubrics(10, since=datetime.now(UTC) - timedelta(hours=2)))
    server.sessions.lock_after = 3
    return installation


@pytest.fixture
def kept(installation: Installation) -> Path:
    return installation.paths.state / "session.json"


@pytest.fixture
def record(installation: Installation) -> Path:
    return installation.paths.state / "sign-ins.json"


def with_password(installation: Installation, password: str) -> None:
    installation.connection["password"] = password
    installation.save()


def once(installation: Installation) -> int:
    return installation.command("once").returncode


def test_a_rejected_password_is_not_tried_at_every_run(installation: Installation, server: DeloServer) -> None:
    with_password(installation, WRONG)
    assert [once(installation) for _ in range(5)] == [77] * 5
    assert server.failed_sign_ins == 1
    with_password(installation, PASSWORD)
    assert once(installation) == 0, "the account has not been locked, and the new password is tried at once"


def test_another_account_is_tried_at_once(installation: Installation, server: DeloServer) -> None:
    with_password(installation, WRONG)
    once(installation)
    installation.connection["username"] = "another"
    installation.save()
    assert once(installation) == 77
    assert server.failed_sign_ins == 2


def test_what_is_kept_of_a_rejected_password_does_not_tell_it(installation: Installation, record: Path) -> None:
    with_password(installation, WRONG)
    once(installation)
    assert WRONG not in record.read_text(encoding="utf-8")
    assert json.dumps(WRONG) not in record.read_text(encoding="utf-8")
    assert stat.S_IMODE(record.stat().st_mode) == 0o600


def test_a_rejection_is_forgotten_after_hours(installation: Installation, server: DeloServer, record: Path) -> None:
    with_password(installation, WRONG)
    once(installation)
    content = json.loads(record.read_text(encoding="utf-8"))
    content["rejected"]["at"] = (datetime.now(UTC) - timedelta(hours=13)).isoformat()
    record.write_text(json.dumps(content), encoding="utf-8")
    once(installation)
    assert server.failed_sign_ins == 2


def test_check_always_tries_and_frees_once_where_it_succeeds(installation: Installation, server: DeloServer) -> None:
    server.sessions.lock_after = 100
    server.sessions.reject = True
    assert once(installation) == 77
    assert [installation.command("check").returncode for _ in range(2)] == [77, 77]
    assert server.failed_sign_ins == 3
    server.sessions.reject = False
    assert once(installation) == 77, "nobody has looked"
    assert installation.command("check").returncode == 0
    assert once(installation) == 0


def test_the_seat_of_a_killed_run_is_taken_over_and_left(
    installation: Installation, server: DeloServer, kept: Path
) -> None:
    server.sessions.seat_limit = 1
    server.faults.add(Hang(), on="write", times=1)
    process = subprocess.Popen(installation.arguments("once"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server.wait_until(lambda: server.traffic.operations["UpdateRubrics"] == 1)
    process.kill()
    process.wait(30)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert server.sessions.open_seats == 1
    assert once(installation) == 0
    assert server.sign_ins == 1
    assert server.sessions.open_seats == 0
    assert not kept.exists()


def test_every_command_knows_of_a_rejection(installation: Installation, server: DeloServer, record: Path) -> None:
    with_password(installation, WRONG)
    for command in (["check"], ["once", "--dry-run"], ["once"], ["schema", "check"]):
        assert installation.command(*command).returncode == 77
    assert server.failed_sign_ins == 1
    assert list(installation.paths.state.glob("*.json")) == [record]


def test_what_only_looks_leaves_nothing_behind(installation: Installation) -> None:
    for command in (["check"], ["once", "--dry-run"]):
        assert installation.command(*command).returncode == 0
    assert list(installation.paths.state.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "null", '{"bond": 5}'], ids=lambda content: content[:9])
def test_a_file_that_cannot_be_understood_is_no_session(installation: Installation, kept: Path, content: str) -> None:
    kept.write_text(content, encoding="utf-8")
    assert once(installation) == 0


def test_the_sentence_says_what_ends_it(installation: Installation) -> None:
    with_password(installation, WRONG)
    for _ in range(2):
        told = installation.command("once").stdout
        for remedy in ("systemctl restart", "baikaldoc-pos check", "rejectedRetryHours"):
            assert remedy in told
