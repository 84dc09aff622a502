"""Filters, sorting and cursors, through real documents."""

import pytest

from tests.delo_server import DeloServer, make_rubric, mixed_rubrics, pending_rubrics
from tests.delo_server.factory import A_MONDAY, MAPPING
from tests.unit.delo_server.client import PENDING, PERIOD, Client


@pytest.fixture
def server():
    rubrics = [
        make_rubric(1, sstu="Дан ответ автору"),
        make_rubric(2, sstu="Дан ответ автору", pos=""),
        make_rubric(3, sstu="", pos=None),
        make_rubric(4, sstu=None, pos="Отклонено модератором"),
        make_rubric(5, sstu="Не поступило", kind_doc=1),
        make_rubric(6, sstu="Не определено", carries_pos=False, ins_date=A_MONDAY.replace(day=7)),
    ]
    with DeloServer(rubrics) as running:
        yield running


REF = "refRubric: {matches: {%s}}"
DOC = REF % "docRc: {matches: {%s}}"
API_NAME = DOC % "docgroupCl: {matches: {arDocgroups: {any: {arDescript: {matches: {apiName: {%s}}}}}}}"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("posStatusRub: {isNullOrEmpty: true}", [1, 2, 3, 5, 6]),
        ("posStatusRub: {isNullOrEmpty: false}", [4]),
        ("eosSstuStatus: {isNullOrEmpty: true}", [3, 4]),
        ('eosSstuStatus: {equal: {value: "Не поступило"}}', [5]),
        ('eosSstuStatus: {contains: {value: "Не "}}', [5, 6]),
        ('eosSstuStatus: {in: [{value: "Не поступило"}, {value: "Не определено"}]}', [5, 6]),
        ('eosSstuStatus: {notIn: [{value: "Дан ответ автору"}]}', [3, 4, 5, 6]),
        ("isnRefRubric: {in: [{value: 2}, {value: 4}, {value: 77}]}", [2, 4]),
        ("isnRefRubric: {in: []}", []),
        ("isnRefRubric: {equal: {value: 3}}", [3]),
        ("isnRefRubric: {notIn: [{value: 3}], in: [{value: 3}, {value: 4}]}", [4]),
        (DOC % "kindDoc: {in: [{value: 2}]}", [1, 2, 3, 4, 6]),
        (API_NAME % 'equal: {value: "POS_STATUS_RUB"}', [1, 2, 3, 4, 5]),
        (REF % 'insDate: {greaterOrEqual: {value: "2026-10-05T09:00:00.000001+08:00"}}', [6]),
        (REF % 'insDate: {lessOrEqual: {value: "2026-10-05T09:00:00+08:00"}}', [1, 2, 3, 4, 5]),
        ("eosSstuStatus: {isNullOrEmpty: false}, posStatusRub: {isNullOrEmpty: true}", [1, 2, 5, 6]),
    ],
)
def test_conditions_are_joined_by_and(client, condition, expected):
    assert client.filtered(condition) == expected


def test_the_pending_operation_finds_only_what_is_pending(client):
    assert client.isns() == [1, 2]


@pytest.mark.parametrize(("order", "expected"), [("Asc", [1, 2, 3, 4, 5, 6]), ("Desc", [6, 5, 4, 3, 2, 1])])
def test_order(client, order, expected):
    document = f"{{ arRubricValuesPg(orderby: [{{isnRefRubric: {order}}}]) {{ items {{ isnRefRubric }} }} }}"
    rows = client.data(document)["arRubricValuesPg"]["items"]
    assert [row["isnRefRubric"] for row in rows] == expected


def test_the_cursor_is_an_offset():
    with DeloServer(pending_rubrics(5)) as server:
        client = Client(server)
        first = client.page(first=2)
        assert first["totalCount"] == 5
        assert first["pageInfo"] == {"endCursor": "1", "hasNextPage": True}
        last = client.page(first=2, after="3")
        assert last["pageInfo"] == {"endCursor": "4", "hasNextPage": False}
        assert len(last["edges"]) == 1
        assert client.page(after="99")["pageInfo"] == {"endCursor": "99", "hasNextPage": False}


def test_rows_that_leave_the_filter_while_it_is_paged_are_skipped(client, server):
    first = client.isns(first=1)
    client.write(*first)
    assert client.isns(first=1, after="0") == []


@pytest.mark.parametrize("first", ["", "first: 500, "])
def test_a_page_ends_at_the_servers_own_limit(first):
    with DeloServer(pending_rubrics(30), max_page_size=12) as server:
        document = (
            f"{{ arRubricValuesPg({first}after: null) {{ items {{ isnRefRubric }} pageInfo {{ hasNextPage }} }} }}"
        )
        page = Client(server).data(document)["arRubricValuesPg"]
        assert len(page["items"]) == 12
        assert page["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize(("first", "after"), [(-1, "-1"), (1, "-2"), (1, "x"), (1, "")])
def test_a_bad_cursor_is_an_error_of_the_field(client, first, after):
    body = client.ask(PENDING, {"first": first, "after": after, **PERIOD}).json()
    assert body["data"] == {"arRubricValuesPg": None}
    assert body["errors"][0]["path"] == ["arRubricValuesPg"]


def test_a_node_tells_the_card(client):
    node = client.page()["edges"][0]["node"]
    assert node == {
        "isnRefRubric": 1,
        "eosSstuStatus": "Дан ответ автору",
        "posStatusRub": None,
        "refRubric": {"docRc": {"isnDoc": 500_000_001, "freeNum": "1-ОГ"}},
    }


def test_a_mixture_has_exactly_the_pending_ones_that_were_asked_for():
    rubrics = mixed_rubrics(2000, since=A_MONDAY, until=A_MONDAY.replace(day=20), pending=0.05)
    with DeloServer(rubrics) as server:
        nodes = [edge["node"] for edge in Client(server).page(first=1000)["edges"]]
    assert sum(node["eosSstuStatus"] in MAPPING for node in nodes) == 100
    assert len({rubric.document_isn for rubric in rubrics}) < 2000
    assert rubrics == mixed_rubrics(2000, since=A_MONDAY, until=A_MONDAY.replace(day=20), pending=0.05)
