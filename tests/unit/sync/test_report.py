"""What a cycle counts, and how unmapped statuses are told."""

from attrs import evolve
from baikaldoc_pos.model import Rubric, UnmappedStatus
from baikaldoc_pos.sync.planner import Decision, Plan
from baikaldoc_pos.sync.report import EXAMPLES, CycleStats

UNMAPPED = Rubric(isn=1, document_isn=None, number="1-ОГ", sstu_status=" Возвращено ", pos_status=None)


def unmapped(*rubrics: Rubric) -> tuple[UnmappedStatus, ...]:
    stats = CycleStats()
    stats.passed_over(Plan(others={Decision.UNMAPPED: rubrics}))
    return stats.unmapped


def test_unmapped_statuses_are_told_by_numbers_and_where_there_are_none_by_isns() -> None:
    nameless = [evolve(UNMAPPED, isn=2, number=None), evolve(UNMAPPED, isn=3, number=" ")]
    (status,) = unmapped(*nameless, UNMAPPED)
    assert status == UnmappedStatus("Возвращено", 3, ("1-ОГ", "ISN 2", "ISN 3"))


def test_examples_are_few_and_the_most_frequent_status_is_first() -> None:
    many = [evolve(UNMAPPED, isn=isn, number=f"{isn}-ОГ") for isn in range(10)]
    first, second = unmapped(evolve(UNMAPPED, isn=99, sstu_status="Иное"), *many)
    assert (first.status, first.count, len(first.examples)) == ("Возвращено", 10, EXAMPLES)
    assert (second.status, second.count) == ("Иное", 1)
