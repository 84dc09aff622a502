"""Files and answers of a foreign shape cost at most what they concern."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from baikaldoc_pos.config import Paths
from baikaldoc_pos.delo.transport import MAX_BODY, MAX_ITEMS
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.i18n import visible
from baikaldoc_pos.journal import StateLock
from baikaldoc_pos.logs.masking import Masker
from baikaldoc_pos.model import LONGEST_STATUS

from tests.clocks import ManualClock
from tests.delo_server import HAND_SET, MAPPING, PASSWORD, USER, Refused, Replace, Request, make_rubric, pending_rubrics
from tests.installation import ROOT, Installation
from tests.system.accounts import ago

ISN, MAPPED = 128_000_001, next(iter(MAPPING))
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


def page(isns: Sequence[int], errors: Sequence[object] = (), headers: tuple[tuple[str, str], ...] = ()) -> Replace:
    """A page of rubrics without a «Статус ПОС», as far as it shows."""
    reference = {"docRc": {"isnDoc": 1, "freeNum": "А-1"}}
    nodes = [
        {"isnRefRubric": isn, "eosSstuStatus": MAPPED, "posStatusRub": None, "refRubric": reference} for isn in isns
    ]
    rows = {"totalCount": len(isns), "edges": [{"node": node} for node in nodes], "pageInfo": {"hasNextPage": False}}
    rows["pageInfo"] |= {"endCursor": str(len(isns) - 1)}
    body = {"data": {"arRubricValuesPg": rows}} | ({"errors": errors} if errors else {})
    return Replace(200, json.dumps(body).encode(), "application/json", headers)


def failed(place: object) -> dict[str, object]:
    return {"message": "TimeoutException", "path": ["arRubricValuesPg", "edges", place, "node", "posStatusRub"]}


@pytest.mark.full_server
@pytest.mark.parametrize(
    "errors",
    [[failed(1)], [failed("1")], [failed(1.0)], [*[failed(2)] * 1500, failed(1)], [{"message": "x"}] * 20_000],
    ids=["number", "text", "fraction", "behind many", "too many"],
)
def test_a_status_that_could_not_be_read_is_not_taken_for_none(
    installation: Installation, clock: ManualClock, errors: Sequence[object]
) -> None:
    installation.server.store.add(*(make_rubric(ISN + n, ins_date=ago(days=1)) for n in range(3)))
    installation.server.store.change(ISN + 1, pos=HAND_SET)
    installation.server.faults.add(page([ISN, ISN + 1, ISN + 2], errors), operation="PendingRubrics", times=None)
    report = installation.cycle(clock)
    assert report.exit_code in {1, 76}
    assert installation.server.store[ISN + 1].pos == HAND_SET


@pytest.mark.full_server
def test_nothing_is_written_that_was_read_before_signing_in(installation: Installation, clock: ManualClock) -> None:
    """The answer to the reading takes the cookie away; while the service signs in, somebody sets a status."""
    store = installation.server.store
    store.add(make_rubric(ISN, ins_date=ago(days=1)))
    gone = ("Set-Cookie", "DeloSession=; Path=/; Max-Age=0")
    shown = installation.server.faults.add(page([ISN], headers=(gone,)), operation="PendingRubrics", times=None)

    def meanwhile(request: Request) -> None:
        if shown.hits and request.kind == "login":
            store.change(ISN, pos=HAND_SET)

    installation.server.on_request(meanwhile)
    report = installation.cycle(clock)
    assert (report.error, report.counts.updated) == (None, 0)
    assert store[ISN].pos == HAND_SET


@pytest.mark.full_server
def test_a_status_of_any_length_is_cut_before_anything_looks_at_it(
    installation: Installation, clock: ManualClock
) -> None:
    installation.server.store.add(make_rubric(ISN, ins_date=ago(days=1), sstu=MAPPED + "\u200b" * 200_000))
    report = installation.cycle(clock)
    assert [len(each.status) for each in report.unmapped] == [LONGEST_STATUS]


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
MANY_KEYS = '{"data": {' + ", ".join(f'"k{n}": 1' for n in range(MAX_ITEMS - 2)) + "}}"
OBJECTS = ", ".join(f'{{"k{n}": 1}}' for n in range(MAX_ITEMS // 2 - 5))
MANY_OBJECTS = f'{{"data": {{"a": [{OBJECTS}], "z": "{"x" * (MAX_BODY - 2 * len(OBJECTS))}\U0001f600"}}}}'
# The peak of a process that is started here is its own: one that is forked shows its parent's.
MEASURED = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize("body", [LONG_TEXT, MANY_OBJECTS, MANY_KEYS], ids=["a long text", "many objects", "many keys"])
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


def test_hidden_characters_of_the_server_reach_no_terminal(installation: Installation) -> None:
    hidden = "\x1b\u202e\u200b\x9b"
    evil, an_hour_ago = f"ОГ\nподделка{hidden}31m", datetime.now(UTC) - timedelta(hours=1)
    installation.server.store.add(
        evolve(make_rubric(1, ins_date=an_hour_ago), number=evil), make_rubric(2, ins_date=an_hour_ago, sstu=evil)
    )
    installation.server.faults.writes[1] = Refused(evil, evil, evil)

    def assert_harmless(*command: str) -> None:
        done = installation.command(*command)
        said = done.stdout.removeprefix("\ufeff") + done.stderr
        assert not set(hidden) & set(said), command
        assert not re.search("^подделка", said, re.MULTILINE), command

    for begun in ("once", "report --waiting", "failed", "history", "status"):
        for form in ("", "--json"):
            assert_harmless(*begun.split(), *form.split())
    for form in ("failed --csv", "history --csv", "report --waiting --csv"):
        assert_harmless(*form.split())
    for typed in (["exclude", evil], ["status", "--json"], ["history", "--number", evil], ["include", evil], [evil]):
        assert_harmless(*typed)
    installation.server.faults.reject_documents = evil
    for asked in ("once", "once --json", "once --dry-run", "check", "status"):
        assert_harmless(*asked.split())


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
