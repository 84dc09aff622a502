"""Batches and their halving: one bad record costs its neighbours nothing but a few requests."""

from collections.abc import Collection, Sequence
from math import ceil, log2

from attrs import define, field
from baikaldoc_pos.config import Configuration, ConnectionConfig, ProcessingConfig, ServiceConfig
from baikaldoc_pos.delo import BatchRejected, CurrentRubrics
from baikaldoc_pos.journal import ChangeOutcome
from baikaldoc_pos.model import Answer, Change, Outcome, Period, Rubric
from baikaldoc_pos.sync.periods import CycleKind, CyclePlan
from baikaldoc_pos.sync.writer import CycleContext, CycleRun
from hypothesis import given
from hypothesis import strategies as st

from tests.clocks import NOW, ManualClock


def changes(count: int) -> tuple[Change, ...]:
    return tuple(Change(Rubric(isn, None, None, "Дан ответ автору", None), "Ответ") for isn in range(count))


@define
class PoisonedServer:
    """Rejects a batch with poison in it as a whole, and answers any other with each record's own ISN."""

    poison: Collection[int] = frozenset()
    sends: list[tuple[list[int], bool]] = field(factory=list)
    batch_size: int = 200

    def limit_batch(self, taken: int) -> None: ...

    def update(self, part: Sequence[Change], *, patient: bool, attempt: int) -> list[Answer]:
        isns = [change.rubric.isn for change in part]
        self.sends.append((isns, patient))
        if set(isns) & set(self.poison):
            raise BatchRejected(f"отказ {isns}", uncertain=False)
        return [Answer(Outcome.UPDATED, str(isn)) for isn in isns]

    def read_rubrics(self, isns: Sequence[int]) -> CurrentRubrics:
        return CurrentRubrics({isn: Rubric(isn, None, None, "Дан ответ автору", None) for isn in isns})


@define
class Notebook:
    """What the journal is asked for while changes are written; the id of a change is its rubric's ISN."""

    intents: list[int] = field(factory=list)
    settled: list[ChangeOutcome] = field(factory=list)
    settled_after: list[int] = field(factory=list)
    server: PoisonedServer = field(factory=PoisonedServer)

    def record_intents(self, cycle_id: int, planned: Sequence[Change]) -> list[int]:
        self.intents += [change.rubric.isn for change in planned]
        return [change.rubric.isn for change in planned]

    def checkpoint(self, name: str) -> None:
        return None

    def written_since(self, instant: object) -> int:
        return 0

    def retry_entries(self, isns: Collection[int]) -> dict[int, object]:
        return {}

    def settle(self, settled: Sequence[ChangeOutcome], again: object = (), cleared: object = ()) -> None:
        assert {each.change_id for each in settled} <= set(self.intents)
        self.settled += settled
        self.settled_after.append(len(self.server.sends))


def write(server: PoisonedServer, count: int) -> Notebook:
    processing = ProcessingConfig(status_mapping={}, utc_offset_hours=8)
    addresses = dict.fromkeys(("login_url", "logout_url", "graphql_endpoint"), "https://delo.example.org")
    configuration = Configuration(
        processing=processing, connection=ConnectionConfig(username="pos", **addresses), service=ServiceConfig()
    )
    journal, clock = Notebook(server=server), ManualClock()
    cycle_plan = CyclePlan(CycleKind.REGULAR, Period(NOW, NOW))
    run = CycleRun(CycleContext(server, journal, clock, configuration), 1, cycle_plan)
    run.stats.counts["updated"] = 1  # the server knows the mutation: it is not hopeless
    run.write(changes(count), read_at=clock.monotonic())
    return journal


POISONED = st.integers(1, 200).flatmap(lambda count: st.tuples(st.just(count), st.sets(st.integers(0, count - 1))))


@given(POISONED)
def test_every_record_is_answered_once_and_a_bad_one_alone_by_its_own_rejection(case):
    count, poison = case
    server = PoisonedServer(poison)
    settled = write(server, count).settled
    assert [each.change_id for each in settled] == list(range(count))
    for isn, each in enumerate(settled):
        if isn in poison:
            assert each.answer == Answer(Outcome.FAILED, f"отказ {[isn]}")
        else:
            assert each.answer == Answer(Outcome.UPDATED, str(isn))
    # Nothing that was answered is sent again.
    accepted = [isn for sent, _ in server.sends if not set(sent) & poison for isn in sent]
    assert len(accepted) == len(set(accepted))
    assert len(server.sends) <= 1 + 2 * len(poison) * ceil(log2(count))
    assert [patient for _, patient in server.sends] == [True] + [False] * (len(server.sends) - 1)


@given(st.integers(0, 300), st.integers(1, 60))
def test_batches_hold_everything_in_order(count, size):
    server = PoisonedServer(batch_size=size)
    write(server, count)
    assert [isn for sent, _ in server.sends for isn in sent] == list(range(count))
    assert all(1 <= len(sent) <= size for sent, _ in server.sends)
    assert len(server.sends) == ceil(count / size)
    assert all(patient for _, patient in server.sends)
