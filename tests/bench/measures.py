"""What a cycle costs, measured against a stand-in in one run, so that ratios mean something on any machine."""

import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from attrs import frozen
from baikaldoc_pos.assembly import gateway, open_session
from baikaldoc_pos.model import Period
from baikaldoc_pos.sync import writer

from tests.clocks import NOW, ManualClock
from tests.delo_server import (
    HAND_SET,
    DeloServer,
    Request,
    StoredRubric,
    mixed_rubrics,
    pending_rubrics,
    resolvers,
)
from tests.delo_server.filters import select
from tests.installation import Installation
from tests.system import runner
from tests.system.web.history import with_past, with_trouble

RUBRICS = 10_000
PENDING = 0.05
PERIOD = Period(NOW - timedelta(days=30), NOW)
BATCH = 50


@frozen
class Cost:
    """What went over the wire, and for how many rubrics.

    :param answers: bytes that the server sent, heads included.
    :param questions: bytes of the bodies that it received.
    """

    requests: int
    answers: int
    questions: int
    rubrics: int

    @property
    def both_ways(self) -> int:
        return self.answers + self.questions


@contextmanager
def _installation(rubrics: list[StoredRubric]) -> Iterator[Installation]:
    with tempfile.TemporaryDirectory() as root, DeloServer(rubrics) as server:
        installation = Installation(Path(root), server)
        installation.service["lookback"]["days"] = 0  # without the count of every six hours
        yield installation


def _cost(server: DeloServer, rubrics: int) -> Cost:
    return Cost(server.requests, server.bytes_sent, server.traffic.bytes_received, rubrics)


def ten_thousand() -> list[StoredRubric]:
    """An installation of 10,000 rubrics in the period, 5 % of them pending."""
    return mixed_rubrics(RUBRICS, since=PERIOD.start, until=PERIOD.end, pending=PENDING)


def our_cycle() -> Cost:
    """A whole cycle, signing in and out and writing included."""
    with _installation(ten_thousand()) as installation:
        report = installation.cycle()
        return _cost(installation.server, report.counts.updated)


def reading_everything() -> Cost:
    """Reading every rubric in pages of 100, as the earlier script did, and writing nothing."""
    # Nothing changes meanwhile, so the stand-in may look its rows up once instead of a hundred times.
    looked_up = mock.patch.object(resolvers, "select", _once(select))
    with _installation(ten_thousand()) as installation, looked_up:
        clock, configuration = ManualClock(), installation.configuration()
        with closing(open_session(configuration, clock)) as session:
            delo = gateway(session, configuration, clock)
            found = delo.read_pending(PERIOD, everything=True)
            session.sign_out()
        return _cost(installation.server, len(found.rubrics))


def _once(look_up: Callable[..., Any]) -> Callable[..., Any]:
    rows: dict[str, Any] = {}

    def remembered(rubrics: object, *asked: object) -> object:
        key = repr(asked)
        if key not in rows:
            rows[key] = look_up(rubrics, *asked)
        return rows[key]

    return remembered


def halving(bad: int) -> int:
    """How many requests a batch of 50 takes of which so many records make the server refuse it as a whole."""
    rubrics = pending_rubrics(BATCH)
    with _installation(rubrics) as installation:
        step = BATCH / bad if bad else 1
        installation.server.faults.poison |= {rubrics[int(place * step)].isn for place in range(bad)}
        installation.cycle()
        return installation.server.traffic.operations["UpdateRubrics"]


def cpu_seconds(updates: int) -> float:
    """CPU time of a cycle with so many updates, in a process of its own, less that of one without any."""
    context = multiprocessing.get_context("forkserver")
    with (
        _installation(pending_rubrics(updates, since=PERIOD.start, until=PERIOD.end)) as installation,
        ProcessPoolExecutor(1, mp_context=context) as pool,
    ):
        installation.save()
        root = installation.paths.config.parent
        working = pool.submit(_cpu_of_cycle, root, NOW).result()
        resting = pool.submit(_cpu_of_cycle, root, NOW + timedelta(minutes=10)).result()
        return working - resting


def seconds_of_commands(days: int) -> Iterator[tuple[str, float]]:
    """Seconds of commands, each in a process of its own, on a journal of so many days with 4,400 changes each."""
    month = f"{NOW - timedelta(days=15):%Y-%m}"
    with tempfile.TemporaryDirectory() as root:
        with with_past(Path(root), NOW, per_day=176, days=days, times=25) as journal:
            with_trouble(journal, NOW)
        for command in (
            ("--version",),
            ("status", "--json"),
            ("failed",),
            ("report", "--month", month),
            ("history", "--number", "А-1040000/26"),
            ("history",),
            ("history", "--json"),
            ("history", "--csv"),
        ):
            yield " ".join(command), min(_seconds_of(root, command) for _ in range(3))


def _seconds_of(state: str, command: Sequence[str]) -> float:
    started = time.perf_counter()
    arguments = [sys.executable, "-m", "baikaldoc_pos", "--state", state, *command]
    subprocess.run(arguments, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def _cpu_of_cycle(root: Path, now: datetime) -> float:
    before = time.process_time()
    runner.run(root, ManualClock(now))
    return time.process_time() - before


@frozen
class Overwritten:
    """How many statuses a person set while a cycle ran, and how many of them the cycle wrote over."""

    chosen: int
    overwritten: int


def person_at_work(seconds: float, fresh: float = writer.FRESH_SECONDS) -> Overwritten:
    """A cycle over 2,000 pending rubrics while a person sets one of them every 50 ms.

    :param seconds: how long each request takes, on the clock of the test; the server acts at its end.
    :param fresh: what was read longer ago is read again.
    """
    rubrics, dice, clock, chosen = pending_rubrics(2000, since=PERIOD.start), random.Random(5), ManualClock(), 0
    with _installation(rubrics) as installation, mock.patch.object(writer, "FRESH_SECONDS", fresh):
        store = installation.server.store

        def work(request: Request) -> None:
            nonlocal chosen
            for _ in range(round(seconds / 0.05)):
                isn = dice.choice(rubrics).isn
                if store[isn].pos is None:
                    chosen += 1
                    store.change(isn, pos=HAND_SET)
            clock.advance(seconds=seconds)

        installation.server.on_execute(work)
        installation.cycle(clock)
        return Overwritten(chosen, sum(write.previous == HAND_SET for write in store.writes))
