"""The fault machine: a seed draws what people, ДЕЛО, the line and the clock do while the service works.

In the end everything is mended, and what must hold is checked: each value is the mapping's or a person's, each change
that was made in ДЕЛО stands in the journal once, nobody's choice was written over, sign-ins and threads are few.
"""

import gzip
import json
import logging
import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from baikaldoc_pos.config import secrets_of
from baikaldoc_pos.errors import CycleCrashed
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import database
from baikaldoc_pos.logs.entries import Reader
from baikaldoc_pos.logs.files import DatedFileHandler
from baikaldoc_pos.logs.formatters import JsonEvents
from baikaldoc_pos.logs.masking import Masker
from baikaldoc_pos.model import Outcome

from tests.clocks import ManualClock
from tests.delo_server import (
    PASSWORD,
    AliasError,
    CloseAfter,
    DeloServer,
    Drip,
    Endless,
    Hang,
    MissingKey,
    NullData,
    NullPayload,
    Refused,
    Reject,
    Replace,
    Reset,
    Truncate,
    WrongEcho,
)
from tests.delo_server.fault_kinds import INVALID_JSON
from tests.installation import Installation
from tests.system.accounts import done
from tests.system.test_quarter import ISN, Region, killed_cycle

STEPS = 12
ZIPPED = (("Content-Encoding", "gzip"),)
BOMB = Replace(body=gzip.compress(b"{}," * 10_000_000, 1), content_type="application/json", headers=ZIPPED)
ERRORS = Replace(
    body=json.dumps({"data": {}, "errors": [{"message": "x"}] * 20_000}).encode(), content_type="application/json"
)
# From Hang on, each costs real time.
LINE: dict[str, Callable[[random.Random], object]] = {
    "reset": lambda chance: Reset(),
    "reset after the server has acted": lambda chance: Reset(execute=True),
    "closed": lambda chance: CloseAfter(on_next=chance.random() < 0.5),
    "truncated": lambda chance: Truncate(chunked=chance.random() < 0.5),
    "error page": lambda chance: Replace.by_status(chance.choice([400, 404, 413, 500, 502, 504])),
    "error page after the server has acted": lambda chance: Replace.by_status(500, execute=True),
    "busy": lambda chance: Replace.by_status(chance.choice([429, 503]), chance.choice([None, 1, -5, "soon", 10**9])),
    "HTML": lambda chance: Replace(body=b"<html><body>Login</body></html>"),
    "no JSON": lambda chance: INVALID_JSON,
    "JSON of another form": lambda chance: Replace(
        body=chance.choice([b"null", b"[]", b'{"data": []}', b'{"errors": 5}', b'{"data": null}']),
        content_type="application/json",
    ),
    "redirect to signing in": lambda chance: Replace(302, headers=(("Location", "/CoreHost/auth/login"),)),
    "redirect elsewhere": lambda chance: Replace(chance.choice([301, 307]), headers=(("Location", "/elsewhere"),)),
    "bomb": lambda chance: BOMB,
    "oversized": lambda chance: Replace(body=b'{"data": "' + b"x" * 2**23 + b'"}', content_type="application/json"),
    "errors without number": lambda chance: ERRORS,
    "mislabelled": lambda chance: Replace(body=b'{"data": null}', content_type="image/png"),
    "rejected document": lambda chance: Reject(),
    "black hole": lambda chance: Hang(execute=chance.random() < 0.5),
    "drip": lambda chance: Drip(),
    "without an end": lambda chance: Endless(declared=chance.random() < 0.5),
}
RECORD: dict[str, Callable[[random.Random], object]] = {
    "refused": lambda chance: Refused(),
    "refused with the password": lambda chance: Refused(f"пароль {PASSWORD} не подошёл"),
    "refused and done": lambda chance: Refused(stores=True),
    "alias failed": lambda chance: AliasError(stores=chance.random() < 0.5),
    "alias null": lambda chance: NullPayload(stores=chance.random() < 0.5),
    "alias missing": lambda chance: MissingKey(stores=chance.random() < 0.5),
    "success without data": lambda chance: NullData(stores=chance.random() < 0.5),
    "wrong echo": lambda chance: WrongEcho(stores=chance.choice(["asked", "nothing"])),
}
SWITCHES: dict[str, dict[str, object]] = {
    "filter ignored": {"ignore_pos_filter": True},
    "filter hides": {"hide_pending": "all"},
    "ISN filter ignored": {"ignore_isn_filter": True},
    "pairs ignored": {"ignore_sstu_values": True},
    "cursor stands still": {"stuck_cursor": True},
    "pages without an end": {"endless_pages": True},
    "rows twice": {"repeat_rows": 2},
    "null edges": {"null_edges": True},
    "few aliases": {"alias_limit": 3},
    "small bodies": {"body_limit": 3000},
    "errors beside data": {"extra_errors": ["Предупреждение"]},
    "no right to write": {"write_denied": "status"},
    "no introspection": {"introspection": False, "input_type": False},
    "large pages refused": {"page_limit": 100},
    "large pages fail": {"page_limit": 100, "page_limit_status": 504},
}


def _rows(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes of all pages."""
    for page in (answer.get("data") or {}).values():
        for edge in (page.get("edges") or []) if isinstance(page, dict) else []:
            if edge and edge.get("node"):
                yield edge["node"]


def _alter_rows(field: str, value: object) -> Callable[[dict[str, Any]], None]:
    def alter(answer: dict[str, Any]) -> None:
        for place, node in enumerate(_rows(answer)):
            if place % 3 == 1 and field in node:
                node[field] = value

    return alter


def _fail_rows(answer: dict[str, Any]) -> None:
    """The status of some rows cannot be read: null, and an error that names the row."""
    errors = answer.setdefault("errors", [])
    for alias, page in (answer.get("data") or {}).items():
        for place, edge in enumerate((page.get("edges") or []) if isinstance(page, dict) else []):
            if place % 3 == 1 and edge and edge.get("node") and "posStatusRub" in edge["node"]:
                edge["node"]["posStatusRub"] = None
                errors.append({"message": "Timeout", "path": [alias, "edges", place, "node", "posStatusRub"]})


def _answers_of_writes(answer: dict[str, Any]) -> list[str]:
    data = answer.get("data") or {}
    return [alias for alias, value in data.items() if isinstance(value, dict) and "success" in value]


def _swap(answer: dict[str, Any]) -> None:
    aliases = _answers_of_writes(answer)
    swapped = {alias: answer["data"][other] for alias, other in zip(aliases, reversed(aliases), strict=True)}
    answer.get("data", {}) and answer["data"].update(swapped)


def _double(answer: dict[str, Any]) -> None:
    aliases = _answers_of_writes(answer)
    if aliases:
        answer["data"].update(dict.fromkeys(aliases, answer["data"][aliases[0]]))


ALTERED: dict[str, Callable[[dict[str, Any]], None]] = {
    "answers of writes swapped": _swap,
    "answer of a write doubled": _double,
    "a text as an ISN": _alter_rows("isnRefRubric", "12"),
    "a number as a status": _alter_rows("eosSstuStatus", 5),
    "a list as a status": _alter_rows("posStatusRub", []),
    "statuses that cannot be read": _fail_rows,
}


class Violation(Exception):
    """Something that must hold does not."""


def survive(root: Path, seed: int, steps: int = STEPS) -> Counter[str]:
    """Live through one seed; return the faults by kind.

    :raises Violation: with what is wrong.
    """
    chance, faults, clock = random.Random(seed), Counter[str](), ManualClock()
    threads, files = threading.active_count(), _open_files()
    with DeloServer() as server, ExitStack() as logs:
        installation = Installation(root, server, profile=None)
        installation.processing |= {
            "updatePolicy": "follow",
            "batchSize": chance.choice([1, 7, 50]),
            "retryAttempts": 1,
        }
        installation.processing["pagination"] = {"pageSize": chance.choice([2, 5, 100, 1000])}
        installation.service["lookback"] = {"days": 90, "everyMinutes": 60}
        installation.service["limits"] = {"requestSeconds": 0.4}
        installation.connection["read_timeout"] = 0.3
        logs.enter_context(_logged(installation))
        region, killed = Region(installation, chance), 0
        for _ in range(steps):
            region.live(clock)
            for _ in range(chance.randrange(4)):
                faults[bring_about(server, region, chance, clock)] += 1
            [way] = chance.choices(["undisturbed cycle", "kill -9", "stop asked for", "journal locked"], [65, 25, 5, 5])
            killed += _disturbed_cycle(way, installation, clock, chance.randint(1, 14))
            faults[way] += 1
            clock.advance(hours=chance.choice([0.2, 8, 30]))
            if chance.random() < 0.5:
                server.faults.clear()
        server.faults.clear()
        for _ in range(6):
            clock.advance(days=2)
            _cycle(installation, clock)
        check(installation, region)
        if server.sign_ins > 6 * (steps + 6):
            raise Violation(f"{server.sign_ins} sign-ins")
        lost = killed + sum(faults[name] for name in (*LINE, "session ends"))
        if server.sessions.open_seats > lost + 2:
            raise Violation(f"{server.sessions.open_seats} sessions open after {lost} kills and lost answers")
    if threading.active_count() > threads + 1:
        raise Violation(f"threads: {[thread.name for thread in threading.enumerate()]}")
    if _open_files() > files + 3:
        raise Violation(f"open files: {_open_files()} after {files}")
    return faults


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@contextmanager
def _logged(installation: Installation) -> Iterator[None]:
    """Log into the installation's files, as the service does."""
    installation.save()
    configuration = installation.configuration()
    reader = Reader(Catalogue(), Masker(secrets_of(configuration)), configuration.processing.zone)
    handler = DatedFileHandler(installation.paths.logs, lambda record: None)
    handler.configure(JsonEvents(reader), configuration.processing.zone, 90)
    logger = logging.getLogger("baikaldoc_pos")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _cycle(installation: Installation, clock: ManualClock) -> None:
    report = installation.cycle(clock)
    if isinstance(report.error, CycleCrashed):
        raise Violation(str(report.error))


def _disturbed_cycle(way: str, installation: Installation, clock: ManualClock, last: int) -> bool:
    """A cycle that this disturbs while its request of this number is under way; True where it was killed."""
    match way:
        case "kill -9":
            return killed_cycle(installation, clock, last)
        case "stop asked for":
            _stopped_cycle(installation, clock, last)
        case "journal locked":
            _locked_cycle(installation, clock, last)
        case _:
            _cycle(installation, clock)
    return False


def _stopped_cycle(installation: Installation, clock: ManualClock, last: int) -> None:
    """A cycle that is asked to stop while its request of this number is under way."""
    requests = count(1)
    installation.server.on_execute(lambda request: clock.stop.set() if next(requests) == last else None)
    _cycle(installation, clock)
    installation.server.on_execute(None)
    clock.stop.clear()


def _locked_cycle(installation: Installation, clock: ManualClock, last: int) -> None:
    """A cycle whose journal another process holds from its request of this number on."""
    requests, path = count(1), installation.paths.state / database.FILE_NAME
    with ExitStack() as held, patch.object(database, "BUSY_TIMEOUT", 0.05):

        def hold(request: object) -> None:
            if next(requests) == last:
                other = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
                held.enter_context(closing(other)).execute("BEGIN IMMEDIATE")

        installation.server.on_execute(hold)
        _cycle(installation, clock)
        installation.server.on_execute(None)


def bring_about(server: DeloServer, region: Region, chance: random.Random, clock: ManualClock | None) -> str:
    """Draw a fault and bring it about; return its kind.

    :param clock: what jumps; None where it is a real one, by which unclear sign-ins are waited for.
    """
    kinds = {"line": 5, "record": 3, "switch": 3, "altered": 2, "session": 1, "clock": int(clock is not None), "row": 1}
    kind = chance.choices(list(kinds), list(kinds.values()))[0]
    isn = ISN + chance.randrange(region.count)
    if kind == "line":
        name = chance.choice(list(LINE))
        on = chance.choice(["read", "write", "query", *(["login"] if clock is not None else [])])
        server.faults.add(LINE[name](chance), on=on, times=chance.randint(1, 3), skip=chance.randrange(3))
    elif kind == "record":
        name = chance.choice(list(RECORD))
        server.faults.writes[isn] = RECORD[name](chance)
    elif kind == "switch":
        name = chance.choice(list(SWITCHES))
        for attribute, value in SWITCHES[name].items():
            setattr(server.faults, attribute, value)
    elif kind == "altered":
        name = chance.choice(list(ALTERED))
        server.faults.alter = ALTERED[name]
    elif kind == "session":
        name = "session ends"
        server.expire_sessions()
    elif kind == "clock" and clock is not None:
        name = "clock jumps"
        clock.advance(days=chance.choice([-2, -0.1, 3]))
    else:
        name = chance.choice(["row null", "row without ISN", "poisoned record"])
        {"row null": server.faults.null_nodes, "row without ISN": server.faults.null_isns}.get(
            name, server.faults.poison
        ).add(isn)
    return name


def check(installation: Installation, region: Region) -> None:
    """Check what is kept: values, journal, logs.

    :raises Violation: with what is wrong.
    """
    store = installation.server.store
    for path in (*installation.paths.logs.iterdir(), *installation.paths.state.iterdir()):
        content = path.read_bytes() if path.is_file() and path.name != "session.json" else b""
        for word in (b"Traceback", PASSWORD.encode()):
            if word in content:
                place = content.index(word)
                raise Violation(f"{path.name}: {content[max(0, place - 500) : place + 2000].decode(errors='replace')}")
    for isn, choice in region.chosen.items():
        if store[isn].pos != choice:
            raise Violation(f"{isn}: {choice!r} was chosen, {store[isn].pos!r} stands there")
    made = Counter((write.isn, write.value) for write in store.writes if write.value != write.previous)
    kept = Counter((row.rubric_isn, row.new_pos) for row in done(installation))
    overtaken = Counter(
        (row.rubric_isn, row.new_pos) for row in installation.history() if row.outcome is Outcome.OVERTAKEN
    )
    if kept - made or made - kept - overtaken:
        raise Violation(f"in the journal only: {kept - made}; in ДЕЛО only: {made - kept - overtaken}")
    for isn in range(ISN, ISN + region.count):
        if store[isn].pos != region.right(isn):
            rows = [(str(row.outcome), row.sstu_status, row.new_pos) for row in installation.history(rubric=isn)]
            raise Violation(f"{isn}: {store[isn].pos!r} instead of {region.right(isn)!r}; journal: {rows}")
