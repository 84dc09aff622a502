"""A cycle costs what is pending, not what there is."""

import pytest

from tests.bench import measures
from tests.installation import Installation
from tests.system.accounts import expected


def test_of_10000_rubrics_those_that_wait_cost_few_requests_and_bytes() -> None:
    ours, everything = measures.our_cycle(), measures.reading_everything()
    assert ours.rubrics == 500
    assert everything.rubrics > 9000
    assert everything.requests > 90
    assert ours.requests <= 25
    assert ours.answers < everything.answers / 10


@pytest.mark.full_server
def test_a_cycle_with_nothing_to_do_costs_three_requests(installation: Installation) -> None:
    installation.server.store.add(*measures.ten_thousand())
    installation.cycle()
    installation.server.traffic.reset()
    report = installation.cycle()
    assert report.counts.updated == 0
    assert installation.server.requests == 3
    assert installation.server.store.pos_statuses() == expected(measures.ten_thousand())


def test_one_bad_record_costs_a_dozen_requests() -> None:
    assert measures.halving(0) == 1
    assert measures.halving(1) <= 14
    assert measures.halving(2) <= 2 * 12
