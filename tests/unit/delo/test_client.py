"""Pages and answers as values: whatever JSON a server sends, it is rubrics, or a typed error; never a guess."""

from datetime import UTC, timedelta
from typing import Any

import pytest
from baikaldoc_pos.config import Attributes
from baikaldoc_pos.delo import Deadline, DeloClient, Documents, RetryPolicy
from baikaldoc_pos.delo.transport import Reply
from baikaldoc_pos.errors import DeloError, UnexpectedAnswer
from baikaldoc_pos.model import Period
from hypothesis import example, given
from hypothesis import strategies as st

from tests.clocks import NOW, ManualClock
from tests.installation import KNOWN
from tests.unit.delo.builders import JSON_VALUES, reply

WINDOW = Period(NOW - timedelta(days=1), NOW)
ISN = 128_000_001


class Session:
    """In place of a DeloSession: answers every query with the same body."""

    host = "delo:443"
    requests = 0

    def __init__(self, body: object) -> None:
        self.body = body
        self.operations: list[str] = []

    def query(self, payload: dict[str, Any], operation: str, *, repeat: bool = True) -> Reply:
        self.operations.append(operation)
        assert len(self.operations) < 100, "it does not end"
        return reply(200, self.body)


def gateway(body: object) -> DeloClient:
    clock = ManualClock()
    deadline = Deadline.after(clock, 60)
    return DeloClient(
        Session(body),
        Documents(Attributes(), (2,)),
        page_size=100,
        batch_size=50,
        policy=RetryPolicy(0),
        deadline=deadline,
        zone=UTC,
        profile=KNOWN,
    )


def node(**others: object) -> dict[str, object]:
    card = {"isnDoc": 5, "freeNum": "А-1/26"}
    return {
        "isnRefRubric": ISN,
        "eosSstuStatus": "Дан ответ автору",
        "posStatusRub": None,
        "refRubric": {"docRc": card},
    } | others


def page(*nodes: object, **others: object) -> dict[str, object]:
    info = {"endCursor": str(len(nodes) - 1), "hasNextPage": False}
    return {"totalCount": len(nodes), "edges": [{"node": each} for each in nodes], "pageInfo": info} | others


@pytest.mark.parametrize("isn", [2**63, -(2**63) - 1, 10**30])
def test_an_isn_that_the_journal_cannot_hold_is_no_isn(isn: int) -> None:
    reading = gateway(answer(page(node(), node(isnRefRubric=isn)))).read_pending(WINDOW)
    assert [rubric.isn for rubric in reading.rubrics] == [ISN]
    assert not reading.whole
    card = {"docRc": {"isnDoc": isn, "freeNum": "А-1/26"}}
    (rubric,) = gateway(answer(page(node(refRubric=card)))).read_pending(WINDOW).rubrics
    assert (rubric.document_isn, rubric.number) == (None, "А-1/26")


def answer(shown: object) -> dict[str, object]:
    return {"data": {"arRubricValuesPg": shown}}


def optional(**strategies: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({}, optional=strategies)


NODES = JSON_VALUES | optional(
    isnRefRubric=st.just(ISN) | JSON_VALUES,
    eosSstuStatus=st.just("Дан ответ автору") | JSON_VALUES,
    posStatusRub=st.sampled_from(["", None, "Отклонено модератором"]) | JSON_VALUES,
    refRubric=JSON_VALUES | optional(docRc=JSON_VALUES | optional(isnDoc=JSON_VALUES, freeNum=JSON_VALUES)),
)
PAGES = JSON_VALUES | optional(
    totalCount=st.integers(0, 3) | JSON_VALUES,
    edges=st.lists(optional(node=NODES) | JSON_VALUES, max_size=3) | JSON_VALUES,
    pageInfo=optional(endCursor=JSON_VALUES, hasNextPage=st.booleans() | JSON_VALUES) | JSON_VALUES,
)


@given(PAGES)
@example(page(totalCount=None) | {"pageInfo": {}})
@example({"pageInfo": {}})
@example({"pageInfo": {"endCursor": None}})
@example({"pageInfo": None, "edges": []})
@example(page({"isnRefRubric": ISN}))
@example(page({"isnRefRubric": ISN, "eosSstuStatus": "Дан ответ автору"}))
@example(page({name: value for name, value in node().items() if name != "posStatusRub"}))
@example(page(node(isnRefRubric=ISN + 0.5)))
@example(page(node(isnRefRubric=True)))
def test_any_page_is_rubrics_or_a_typed_error(shown):
    try:
        reading = gateway(answer(shown)).read_pending(WINDOW)
    except DeloError:
        return
    nodes = [edge.get("node") if isinstance(edge, dict) else None for edge in shown.get("edges") or ()]
    sent = [node for node in nodes if isinstance(node, dict) and type(node.get("isnRefRubric")) is int]
    for found in reading.rubrics:
        # What is no ISN is not made into one, and what is absent, or is no text, never counts as "no status".
        ours = [node for node in sent if node["isnRefRubric"] == found.isn and "posStatusRub" in node]
        assert ours
        assert found.pos_status or any(node["posStatusRub"] in {None, ""} for node in ours if _is_text(node))
    if reading.whole:
        assert len(sent) == len(nodes)
        assert {node["isnRefRubric"] for node in sent} == {found.isn for found in reading.rubrics}


def _is_text(node: dict[str, object]) -> bool:
    return isinstance(node["posStatusRub"], str | None)


def test_a_status_that_could_not_be_read_is_not_taken_for_none():
    """A null beside an error may stand for a decision of somebody's; writing over it would be the worst of faults."""
    rows = page(node(isnRefRubric=ISN + 1), node(), totalCount=2)
    failed = {"message": "timeout", "path": ["arRubricValuesPg", "edges", 1, "node", "posStatusRub"]}
    reading = gateway(answer(rows) | {"errors": [failed]}).read_pending(WINDOW)
    assert [rubric.isn for rubric in reading.rubrics] == [ISN + 1]
    assert not reading.whole


def test_what_failed_nobody_knows_where_makes_the_page_useless():
    with pytest.raises(UnexpectedAnswer):
        gateway(answer(page(node())) | {"errors": [{"message": "?", "path": ["arRubricValuesPg"]}]}).read_pending(
            WINDOW
        )


def test_a_remark_beside_a_whole_page_keeps_nothing_up():
    reading = gateway(answer(page(node())) | {"errors": [{"message": "устаревшее поле"}]}).read_pending(WINDOW)
    assert reading.whole
