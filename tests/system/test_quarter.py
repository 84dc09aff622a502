"""A region's life, from a seed: appeals come, clerks set, extend, answer, correct and take back, people choose by hand,
answers are lost, the service is killed and is down for days. At the end each value is the mapping's or a person's.
"""

import os
import random
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import define, field

from tests.clocks import ManualClock
from tests.delo_server import HAND_SET, MAPPING, DeloServer, Request, Reset, make_rubric
from tests.installation import Installation
from tests.system.accounts import done

ISN = 128_000_001
INTERIM = ("Находится на рассмотрении", "Рассмотрение продлено")
FINAL = tuple(status for status in MAPPING if status not in INTERIM)
STEP = timedelta(hours=8)


@define
class Region:
    """What people do, and which value each rubric must have for it."""

    installation: Installation
    chance: random.Random
    chosen: dict[int, str] = field(factory=dict)
    final: dict[int, str] = field(factory=dict)
    count: int = 0

    def live(self, clock: ManualClock) -> None:
        """Eight hours of work in the offices."""
        store = self.installation.server.store
        for _ in range(7):
            sstu = self.chance.choice([None, *INTERIM])
            store.add(make_rubric(ISN + self.count, sstu=sstu, ins_date=clock.now()))
            self.count += 1
        for _ in range(8):
            isn = ISN + self.chance.randrange(self.count)
            act = self.chance.choices([self.work_on, self.answer, self.take_back, self.choose], [3, 4, 1, 1])[0]
            act(isn)

    def work_on(self, isn: int) -> None:
        if isn not in self.final:
            self.installation.server.store.change(isn, sstu=self.chance.choice(INTERIM))

    def answer(self, isn: int) -> None:
        """Answer, or correct an answer."""
        self.final[isn] = self.chance.choice(FINAL)
        self.installation.server.store.change(isn, sstu=self.final[isn])

    def take_back(self, isn: int) -> None:
        """Review again what the showcase says to be answered: that is not written."""
        store = self.installation.server.store
        if isn in self.final and isn not in self.chosen and store[isn].pos == MAPPING[self.final[isn]]:
            store.change(isn, sstu=self.chance.choice(INTERIM))

    def choose(self, isn: int) -> None:
        self.chosen[isn] = HAND_SET
        self.installation.server.store.change(isn, pos=HAND_SET)

    def right(self, isn: int) -> str | None:
        """The value that the rubric must have at the end."""
        status = self.final.get(isn) or self.installation.server.store[isn].sstu
        return self.chosen.get(isn) or (MAPPING[status] if status else None)


def killed_cycle(installation: Installation, clock: ManualClock, last: int) -> bool:
    """A cycle in a process that is killed while its request of this number is under way; ДЕЛО executes it all the same.

    False where the cycle ended before.
    """
    seen = 0
    victim = os.fork()
    if not victim:
        try:
            installation.cycle(clock)
        finally:
            os._exit(0)

    def kill(request: Request) -> None:
        nonlocal seen
        seen += 1
        if seen == last:
            os.kill(victim, signal.SIGKILL)

    installation.server.on_execute(kill)
    _, status = os.waitpid(victim, 0)
    installation.server.on_execute(None)
    return os.WIFSIGNALED(status)


def live_through(installation: Installation, policy: str, days: int) -> tuple[int, int, int]:
    """How many values are wrong at the end, how many requests it took, and how many cycles were killed."""
    installation.processing["updatePolicy"] = policy
    installation.service["lookback"] = {"days": 90, "everyMinutes": 60 * 24}
    region, server, clock = Region(installation, random.Random(11)), installation.server, ManualClock()
    fate, killed, steps = random.Random(12), 0, int(timedelta(days=days) / STEP)
    for step in range(steps):
        region.live(clock)
        if step % 10 == 3:
            server.faults.add(Reset(execute=True), on="write")
        if not steps // 2 <= step < steps // 2 + 15:  # five days down
            if fate.random() < 0.15:
                killed += killed_cycle(installation, clock, fate.randint(2, 12))
            else:
                installation.cycle(clock)
        clock.advance(hours=8)
    server.faults.clear()
    for _ in range(3):
        clock.advance(days=1)
        installation.cycle(clock)
    assert [server.store[isn].pos for isn in region.chosen] == list(region.chosen.values())
    made = sorted((write.isn, write.value) for write in server.store.writes if write.value != write.previous)
    assert made == sorted((row.rubric_isn, row.new_pos) for row in done(installation))
    wrong = [isn for isn in range(ISN, ISN + region.count) if server.store[isn].pos != region.right(isn)]
    return len(wrong), server.traffic.requests, killed


@pytest.mark.full_server
@pytest.mark.timeout(900)
@pytest.mark.parametrize("days", [12, pytest.param(90, marks=pytest.mark.quarter)])
def test_every_value_is_right_in_the_end_at_twice_the_requests_of_filling_at_most(tmp_path: Path, days: int) -> None:
    results = {}
    for policy in ("fill", "follow"):
        with DeloServer() as server:
            results[policy] = live_through(Installation(tmp_path / policy, server), policy, days)
    print(f"{days} days (values out of date, requests, cycles killed): {results}")
    assert results["follow"][0] == 0
    assert results["fill"][0] > 2 * days, "nothing was to be followed"
    assert results["follow"][1] <= 2 * results["fill"][1]
    assert results["follow"][2] > 2
