"""Ways to set the statuses that wait, each as a function that a child process runs: what it costs is compared.

``todays_way`` is the earlier script as docs/delo-api.md describes it: every rubric is read in pages of 100, each status
is written by a request of its own, and nothing is kept. ``plain`` reads and writes as the service does, in a few lines
of requests and sqlite3, with one or two durable commits a batch.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import requests
from attrs import frozen

from tests.clocks import NOW, ManualClock
from tests.delo_server import MAPPING, PASSWORD, USER
from tests.installation import ROOT
from tests.system import runner

OPERATIONS = ROOT / "schema" / "operations"
PAGE = "arRubricValuesPg"
BATCH = 50
ANSWER = "{ success message data { isnRefRubric posStatusRub } }"


@frozen
class Addresses:
    """What a contender is told."""

    root: Path
    login: str
    graphql: str
    since: str
    until: str


def service(told: Addresses) -> None:
    """A cycle of the service."""
    runner.run(told.root, ManualClock(NOW))


def todays_way(told: Addresses) -> None:
    session = _signed_in(told)
    for rubric in _rubrics(session, told, "window_rubrics", 100):
        target = None if rubric["posStatusRub"] else MAPPING.get((rubric["eosSstuStatus"] or "").strip())
        if target is not None:
            data = f'{{data: {{isnRefRubric: {rubric["isnRefRubric"]}, posStatusRub: "{target}"}}}}'
            _ask(session, told, f"mutation {{ updateArRubricValue(input: {data}) {ANSWER} }}")


def plain(told: Addresses, *, commits: int) -> None:
    session, journal = _signed_in(told), sqlite3.connect(told.root / "plain.sqlite3", isolation_level=None)
    journal.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE kept (isn, value, outcome)"
    )
    waiting = [
        (rubric["isnRefRubric"], target)
        for rubric in _rubrics(session, told, "pending_rubrics", 100)
        if (target := MAPPING.get((rubric["eosSstuStatus"] or "").strip())) is not None
    ]
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        if commits == 2:
            _keep(journal, [(isn, value, None) for isn, value in batch])
        names = [f"i{place}" for place in range(len(batch))]
        declared = ", ".join(f"${name}: UpdateArRubricValueInput!" for name in names)
        fields = " ".join(f"r{name}: updateArRubricValue(input: ${name}) {ANSWER}" for name in names)
        values = {
            n: {"data": {"isnRefRubric": isn, "posStatusRub": value}}
            for n, (isn, value) in zip(names, batch, strict=True)
        }
        answer = _ask(session, told, f"mutation({declared}) {{ {fields} }}", values)
        _keep(journal, [(isn, value, answer[f"r{n}"]["success"]) for n, (isn, value) in zip(names, batch, strict=True)])
    journal.close()


CONTENDERS: dict[str, Callable[[Addresses], None]] = {
    "service": service,
    "today's way": todays_way,
    "plain, two commits": partial(plain, commits=2),
    "plain, one commit": partial(plain, commits=1),
}


def measured(name: str, told: Addresses) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and megabytes grown of a contender, in the process that calls this."""
    started, before, resident = time.perf_counter(), time.process_time(), _megabytes("VmRSS")
    CONTENDERS[name](told)
    return time.perf_counter() - started, time.process_time() - before, _megabytes("VmHWM") - resident


def _megabytes(name: str) -> float:
    """VmRSS: resident now; VmHWM: at most so far."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def _signed_in(told: Addresses) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.post(told.login, json={"user": USER, "password": PASSWORD, "items": {"app": "pos"}}).raise_for_status()
    return session


def _ask(session: requests.Session, told: Addresses, query: str, variables: dict[str, Any] | None = None) -> Any:
    reply = session.post(told.graphql, json={"query": query, "variables": variables or {}})
    reply.raise_for_status()
    answer = reply.json()
    assert not answer.get("errors"), answer
    return answer["data"]


def _rubrics(session: requests.Session, told: Addresses, operation: str, page_size: int) -> Iterator[dict[str, Any]]:
    query = re.sub(r"#.*", "", (OPERATIONS / f"{operation}.graphql").read_text(encoding="utf-8"))
    found, more, cursor = [], True, "-1"
    while more:
        asked = {"first": page_size, "after": cursor, "since": told.since, "until": told.until}
        page = _ask(session, told, query, asked)[PAGE]
        found += [edge["node"] for edge in page["edges"]]
        more, cursor = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    yield from found


def _keep(journal: sqlite3.Connection, rows: list[tuple[object, ...]]) -> None:
    journal.execute("BEGIN IMMEDIATE")
    journal.executemany("INSERT INTO kept VALUES (?, ?, ?)", rows)
    journal.execute("COMMIT")
