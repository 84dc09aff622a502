"""Files and answers of a foreign shape cost at most what they concern."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from baikaldoc_pos.config import Paths
from baikaldoc_pos.delo.transport import MAX_BODY, MAX_ITEMS
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.i18n import visible
from baikaldoc_pos.journal import StateLock
from baikaldoc_pos.logs.masking import Masker

from tests.clocks import ManualClock
from tests.delo_server import PASSWORD, USER, Refused, Replace, make_rubric, pending_rubrics
from tests.installation import ROOT, Installation
from tests.system.accounts import ago

SHAPES = ["[]", '{"bond": 1}', '{"cookies": ["name"]}', '{"cookies": [{"name": 1}]}', "[" * 5000]


@pytest.mark.parametrize("content", SHAPES)
def test_a_kept_session_of_another_shape_is_none(installation: Installation, content: str) -> None:
    for name in ("session.json", "sign-ins.json"):
        (installation.paths.state / name).write_text(content, encoding="utf-8")
    assert installation.command("once").returncode == 0


@pytest.mark.parametrize(
    "body",
    [
        '{"data": {"arRubricValuesPg": {"edges": [' + "{}," * 600_000 + "{}]}}}",
        '{"errors": [' + '{"message": "x", "path": [[], {}, 1.5]},' * 2000 + '{"message": "x"}], "data": null}',
        '{"data": {"arRubricValuesPg": null}, "errors": [{"message": "x", "path": ["arRubricValuesPg", {}, []]}]}',
    ],
    ids=["many items", "foreign paths", "a path of objects"],
)
def test_an_answer_of_a_foreign_shape_ends_the_cycle_in_its_own_words(
    installation: Installation, clock: ManualClock, body: str
) -> None:
    installation.server.store.add(make_rubric(ins_date=ago(days=1)))
    installation.server.faults.add(
        Replace(200, body.encode(), "application/json"), operation="PendingRubrics", times=None
    )
    report = installation.cycle(clock)
    assert report.exit_code in {0, 1, 75, 76}
    installation.server.faults.clear()
    clock.advance(minutes=10)
    assert installation.cycle(clock).counts.updated + report.counts.updated == 1


@pytest.mark.parametrize(
    "unit", ["password:", "<Cookie a=" + " " * 50, "<Cookie a= " + " " * 9000, "password :", "://a:b"]
)
def test_masking_takes_twice_as_long_for_twice_as_much(unit: str) -> None:
    masker = Masker(["s3cret-password"])

    def seconds(length: int) -> float:
        text, best = (unit * (length // len(unit) + 1))[:length], 60.0
        for _ in range(3):
            started = time.process_time()
            masker.text(text)
            best = min(best, time.process_time() - started)
        return best

    assert seconds(200_000) < 10 * seconds(50_000) + 0.01  # a quadratic pattern would take sixteen times as long


# Python holds each character of a text in as many bytes as its widest one needs.
LONG_TEXT = '{"data": null, "errors": [{"message": "' + "x" * (MAX_BODY - 100) + '\U0001f600"}]}'
MANY_TEXTS = '{"data": [' + ", ".join(['"\U0001f600x"'] * (MAX_ITEMS // 2)) + "]}"
MANY_KEYS = '{"data": {' + ", ".join(f'"k{n}": 1' for n in range(MAX_ITEMS - 2)) + "}}"
# The peak of a process that is started here is its own: one that is forked shows its parent's.
MEASURED = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize("body", [LONG_TEXT, MANY_TEXTS, MANY_KEYS], ids=["a long text", "many texts", "many keys"])
def test_no_answer_takes_more_than_200_megabytes(installation: Installation, body: str) -> None:
    installation.server.faults.add(Replace(200, body.encode(), "application/json"), on="read", times=None)
    installation.processing["retryAttempts"] = 0
    installation.save()
    command = [sys.executable, "-S", "-c", MEASURED, *installation.arguments("once")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {75, 76}
    assert int(done.stderr.split()[-1]) < 200 * 1024


def test_a_lock_that_was_removed_is_noticed_before_the_next_batch(tmp_path, clock: ManualClock) -> None:
    paths = Paths(tmp_path, tmp_path / "state", tmp_path)
    with StateLock(paths.state, "run", clock) as lock:
        lock.check()
        (paths.state / "lock").unlink()
        with StateLock(paths.state, "run", clock), pytest.raises(JournalUnavailable):
            lock.check()


def test_hidden_characters_are_shown() -> None:
    assert visible("а\x1b[2J\u202e\u200b\nб\u00a0") == "а\\x1b[2J\\u202e\\u200b\\x0aб\u00a0"


def test_a_secret_that_the_server_repeats_is_nowhere_to_be_read(installation: Installation) -> None:
    store, faults = installation.server.store, installation.server.faults
    store.add(*pending_rubrics(2, since=datetime.now(UTC) - timedelta(hours=1)))
    for rubric in store.rubrics():
        faults.writes[rubric.isn] = Refused(message=f"Пользователь {USER}, пароль {PASSWORD}: нет прав")
    shown = installation.command("once").stdout
    faults.reject_documents = f"password={PASSWORD}"
    shown += installation.command("once", "--json").stdout
    for command in (["failed"], ["failed", "--json"], ["history"], ["history", "--csv"], ["status", "--json"]):
        shown += installation.command(*command).stdout
    assert "нет прав" in shown
    kept = b"".join(path.read_bytes() for path in installation.paths.state.iterdir() if path.is_file())
    assert (PASSWORD in shown, PASSWORD.encode() in kept) == (False, False)
