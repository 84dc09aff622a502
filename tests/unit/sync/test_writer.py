"""Batches and their halving: one bad record costs its neighbours nothing but a few requests."""

from collections.abc import Collection, Sequence
from math import ceil, log2

import pytest
from attrs import define, field
from baikaldoc_pos.delo import BatchRejected
from baikaldoc_pos.errors import DeloUnavailable
from baikaldoc_pos.model import Answer, Change, Outcome, Rubric
from baikaldoc_pos.sync.writer import send_apart
from hypothesis import given
from hypothesis import strategies as st


def changes(count: int) -> tuple[Change, ...]:
    return tuple(Change(Rubric(isn, None, None, "Дан ответ автору", None), "Ответ") for isn in range(count))


def isns(part: Sequence[Change]) -> list[int]:
    return [change.rubric.isn for change in part]


@define
class PoisonedServer:
    """Refuses a batch with poison in it as a whole, and answers any other with each record's own ISN."""

    poison: Collection[int] = frozenset()
    sends: list[tuple[list[int], bool]] = field(factory=list)

    def send(self, part: Sequence[Change], *, patient: bool = True) -> list[Answer]:
        self.sends.append((isns(part), patient))
        if set(isns(part)) & set(self.poison):
            raise BatchRejected(f"отказ {isns(part)}", uncertain=False)
        return [Answer(Outcome.UPDATED, str(isn)) for isn in isns(part)]


POISONED = st.integers(1, 200).flatmap(lambda count: st.tuples(st.just(count), st.sets(st.integers(0, count - 1))))


@given(POISONED)
def test_every_record_is_answered_once_and_in_order(case):
    count, poison = case
    server = PoisonedServer(poison)
    told = list(send_apart(server.send, changes(count)))
    assert [isn for part, _ in told for isn in isns(part)] == list(range(count))
    for part, outcome in told:
        if isinstance(outcome, BatchRejected):
            assert len(part) == 1, "a good record was given up with its neighbours"
            assert set(isns(part)) <= poison
            assert outcome.message == f"отказ {isns(part)}", "not this record's own rejection"
        else:
            assert [answer.message for answer in outcome] == [str(isn) for isn in isns(part)]
    assert {isn for part, outcome in told if isinstance(outcome, BatchRejected) for isn in isns(part)} == poison


@given(POISONED)
def test_the_number_of_requests_is_bounded(case):
    count, poison = case
    server = PoisonedServer(poison)
    list(send_apart(server.send, changes(count)))
    assert len(server.sends) <= 1 + 2 * len(poison) * ceil(log2(count))
    # Nothing that was answered is sent again.
    accepted = [isn for sent, _ in server.sends if not set(sent) & poison for isn in sent]
    assert len(accepted) == len(set(accepted))


@given(st.integers(1, 200), st.booleans())
def test_a_good_batch_is_one_request(count, patient):
    server = PoisonedServer()
    ((part, answers),) = send_apart(server.send, changes(count), patient=patient)
    assert len(part) == len(answers) == count
    assert server.sends == [(list(range(count)), patient)]


@given(POISONED.filter(lambda case: case[1]))
def test_only_the_first_request_is_patient(case):
    count, poison = case
    server = PoisonedServer(poison)
    list(send_apart(server.send, changes(count)))
    assert [patient for _, patient in server.sends] == [True] + [False] * (len(server.sends) - 1)


def test_parts_are_told_as_they_end():
    server = PoisonedServer({3})
    told = send_apart(server.send, changes(4))
    assert isns(next(told)[0]) == [0, 1]
    assert [sent for sent, _ in server.sends] == [[0, 1, 2, 3], [0, 1]], "sent on before the first part was settled"


def test_an_outage_is_no_rejection():
    def send(part: Sequence[Change], *, patient: bool = True) -> list[Answer]:
        raise DeloUnavailable("refused", "delo")

    with pytest.raises(DeloUnavailable):
        list(send_apart(send, changes(8)))
