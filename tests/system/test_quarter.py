"""A region's life, from a seed: appeals come, clerks set, extend, answer, correct and take back, people choose by hand,
answers are lost, the service is down for days. At the end each value is the mapping's or a person's.
"""

import random
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import define, field

from tests.clocks import ManualClock
from tests.delo_server import HAND_SET, MAPPING, DeloServer, Reset, make_rubric
from tests.installation import Installation
from tests.system.accounts import done

ISN = 128_000_001
INTERIM = ("Находится на рассмотрении", "Рассмотрение продлено")
FINAL = tuple(status for status in MAPPING if status not in INTERIM)
DAYS, STEP = 20, timedelta(hours=8)


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


def live_through(installation: Installation, clock: ManualClock, policy: str) -> tuple[int, int]:
    """How many values are wrong at the end, and how many requests it took."""
    installation.processing["updatePolicy"] = policy
    region, server = Region(installation, random.Random(11)), installation.server
    for step in range(int(timedelta(days=DAYS) / STEP)):
        region.live(clock)
        if step % 10 == 3:
            server.faults.add(Reset(execute=True), on="write")
        if not 20 <= step < 35:  # five days down
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
    return len(wrong), server.traffic.requests


@pytest.mark.full_server
def test_every_value_is_right_in_the_end_at_twice_the_requests_of_filling_at_most(tmp_path: Path) -> None:
    results = {}
    for policy in ("fill", "follow"):
        with DeloServer() as server:
            installation = Installation(tmp_path / policy, server)
            results[policy] = live_through(installation, ManualClock(), policy)
    assert results["follow"][0] == 0
    assert results["fill"][0] > 20, "nothing was to be followed"
    assert results["follow"][1] <= 2 * results["fill"][1]
