"""Sixty rubrics that wait, one of them bad: what the tests of writing have in common."""

from tests.installation import Installation
from tests.system.accounts import (
    done,
    expected,
)

FIRST = 128_000_001
BAD = FIRST + 23
COUNT = 60
TARGET = "Отправлен ответ заявителю"


def requests_for_writes(installation: Installation) -> int:
    return installation.server.traffic.operations["UpdateRubrics"]


def assert_neighbours_done(installation: Installation, *bad: int) -> None:
    """All but these have their status, each written exactly once."""
    store = installation.server.store
    wanted = expected(store.rubrics())
    rest = {isn: pos for isn, pos in store.pos_statuses().items() if isn not in bad}
    assert rest == {isn: wanted.get(isn) or store[isn].pos for isn in rest}
    assert all(rest.values())
    assert sorted(row.rubric_isn for row in done(installation) if row.rubric_isn not in bad) == sorted(rest)
    assert all(len(values) == 1 for isn, values in store.written().items() if isn not in bad)
