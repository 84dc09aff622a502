"""``kill -9`` at any moment: after the next run every change made in ДЕЛО stands in the journal exactly once."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from baikaldoc_pos.model import Outcome, Period

from tests.clocks import ManualClock
from tests.delo_server import HAND_SET, Hang, Request, StoredRubric, pending_rubrics
from tests.installation import Installation
from tests.system import runner
from tests.system.accounts import DONE, assert_accounted, assert_reconciled, expected, outcomes, retries

COUNT = 400
KILLS = 8
BATCH = 20
SOON = 20.0


@pytest.fixture
def root(installation: Installation, tmp_path: Path) -> Path:
    installation.processing |= {"pagination": {"pageSize": 400}, "batchSize": BATCH}
    installation.save()
    installation.know_server()
    return tmp_path


def recent_rubrics(count: int) -> list[StoredRubric]:
    """The runner has the real clock."""
    now = datetime.now(UTC)
    return pending_rubrics(count, since=now - timedelta(days=20), until=now - timedelta(days=1))


def reconciled(rubrics: list[StoredRubric]) -> dict[int, str | None]:
    now = datetime.now(UTC)
    return expected(rubrics, Period(now - timedelta(days=29), now))


def run_to_its_end(root: Path) -> None:
    process = runner.start(root)
    process.join(60)
    assert process.exitcode == 0


def kill_somewhere(installation: Installation, root: Path, moment: random.Random, writes: int) -> bool:
    """Kill a cycle within a batch's time after so many writes, or else while it signs in, settles and reads."""
    server = installation.server
    process = runner.start(root)
    if moment.random() < 0.25:
        requests = server.requests + moment.randint(1, 4)
        server.wait_until(lambda: server.requests >= requests or not process.is_alive(), SOON)
    else:
        server.wait_until(lambda: len(server.store.writes) >= writes or not process.is_alive(), SOON)
    process.join(moment.uniform(0, 0.06))
    process.kill()
    process.join()
    return process.exitcode == -9


def test_kills_at_random_moments_of_a_run_lose_nothing_and_double_nothing(
    installation: Installation, root: Path
) -> None:
    rubrics = recent_rubrics(COUNT)
    server = installation.server
    server.store.add(*rubrics)
    server.faults.delay_seconds = 0.005
    moment = random.Random(1)
    killed = [
        kill_somewhere(installation, root, moment, writes=place * COUNT // (KILLS + 3) + moment.randrange(BATCH))
        for place in range(1, KILLS + 1)
    ]
    assert all(killed), "some run had ended before it could be killed"

    run_to_its_end(root)
    assert_reconciled(installation, reconciled(rubrics))
    rows = installation.history()
    done = Counter(row.rubric_isn for row in rows if row.outcome in DONE)
    assert len(done) == COUNT
    assert set(done.values()) == {1}
    others = {row.outcome for row in rows if row.outcome not in DONE}
    assert others <= {Outcome.NOT_DONE}
    settled = [row for row in rows if row.outcome in {Outcome.CONFIRMED, Outcome.NOT_DONE}]
    assert len(settled) >= BATCH, "no kill has hit a batch in flight"
    assert retries(installation) == {}
    with installation.journal() as journal:
        cycles = journal.last_cycles(100)
        assert [
            cycle for cycle in cycles if cycle.finished_at is None and cycle.error_event != "cycle.interrupted"
        ] == []
    # Running again finds nothing to do.
    writes = len(server.store.writes)
    run_to_its_end(root)
    assert len(server.store.writes) == writes


def kill_in_a_batch(installation: Installation, root: Path, *, execute: bool) -> list[int]:
    """Kill a cycle while its only batch is with the server; returns the batch's rubrics."""
    server = installation.server
    scripted = server.faults.add(Hang(execute), on="write")
    process = runner.start(root)
    executed = BATCH if execute else 0
    server.wait_until(lambda: bool(scripted.hits) and len(server.store.writes) == executed, SOON)
    process.kill()
    process.join()
    server.faults.release()
    isns = [row.rubric_isn for row in installation.history()]
    assert len(isns) == BATCH
    return isns


@pytest.fixture
def one_batch(installation: Installation) -> list[StoredRubric]:
    rubrics = recent_rubrics(BATCH)
    installation.server.store.add(*rubrics)
    return rubrics


def later() -> ManualClock:
    return ManualClock(datetime.now(UTC) + timedelta(minutes=1))


@pytest.mark.full_server
def test_what_was_executed_before_the_kill_is_confirmed(
    installation: Installation, root: Path, one_batch: list[StoredRubric]
) -> None:
    isns = kill_in_a_batch(installation, root, execute=True)
    report = installation.cycle(later())
    assert (report.counts.confirmed, report.counts.updated) == (BATCH, 0)
    assert all(outcomes(installation, isn) == [Outcome.CONFIRMED] for isn in isns)
    assert len(installation.server.store.writes) == BATCH
    assert_reconciled(installation, reconciled(one_batch))


@pytest.mark.full_server
def test_what_was_not_executed_before_the_kill_is_done_by_the_next_cycle(
    installation: Installation, root: Path, one_batch: list[StoredRubric]
) -> None:
    isns = kill_in_a_batch(installation, root, execute=False)
    report = installation.cycle(later())
    assert (report.counts.confirmed, report.counts.updated) == (0, BATCH)
    assert all(outcomes(installation, isn) == [Outcome.NOT_DONE, Outcome.UPDATED] for isn in isns)
    assert_reconciled(installation, reconciled(one_batch))
    assert retries(installation) == {}


@pytest.mark.full_server
def test_what_somebody_set_meanwhile_is_theirs(
    installation: Installation, root: Path, one_batch: list[StoredRubric]
) -> None:
    isns = kill_in_a_batch(installation, root, execute=False)
    installation.server.store.change(isns[7], pos=HAND_SET)
    installation.server.store.remove(isns[8])
    installation.cycle(later())
    assert installation.server.store[isns[7]].pos == HAND_SET
    assert outcomes(installation, isns[7]) == [Outcome.OVERTAKEN]
    assert outcomes(installation, isns[8]) == [Outcome.NOT_DONE]
    assert_accounted(installation)


@pytest.mark.full_server
@pytest.mark.parametrize("look", [1, 3])
def test_what_the_server_executes_only_after_the_restart_is_accounted_for(
    installation: Installation, root: Path, one_batch: list[StoredRubric], look: int
) -> None:
    """A busy ДЕЛО takes up the batch of the killed process when the next one has begun to look after it."""
    server = installation.server
    kill_in_a_batch(installation, root, execute=False)
    wanted = reconciled(one_batch)
    looks = 0

    def execute_late(request: Request) -> None:
        nonlocal looks
        looks += request.operation in {"RubricsByIsn", "UpdateRubrics"}
        if looks == look and not server.store.writes:
            for isn, pos in wanted.items():
                server.store.write(isn, pos, "of the killed one")

    server.on_request(execute_late)
    report = installation.cycle(later())
    assert report.error is None
    assert_reconciled(installation, wanted)
    assert retries(installation) == {}
