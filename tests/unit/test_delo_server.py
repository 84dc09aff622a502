"""The stand-in is as strict as ДЕЛО, and its faults do what their names say: system tests would not notice it laxer."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.delo_server import (
    PASSWORD,
    USER,
    DeloServer,
    Drip,
    Hang,
    Replace,
    Reset,
    Truncate,
    make_rubric,
    pending_rubrics,
)
from tests.delo_server.factory import A_MONDAY

OPERATIONS = Path(__file__).parents[2] / "schema" / "operations"
PENDING, KEEP_ALIVE = (
    (OPERATIONS / f"{name}.graphql").read_text(encoding="utf-8") for name in ("pending_rubrics", "keep_alive")
)
PERIOD = {"since": "2026-10-01T00:00:00+08:00", "until": "2026-10-31T00:00:00+08:00"}
PAGE = "arRubricValuesPg(first: 1) { totalCount items { isnRefRubric } }"


class Client:
    def __init__(self, server: DeloServer) -> None:
        self.server = server
        self.http = requests.Session()
        self.http.trust_env = False

    def post(self, url: str, payload: object, timeout: float = 5) -> requests.Response:
        return self.http.post(url, json=payload, timeout=timeout, allow_redirects=False)

    def sign_in(self, password: str = PASSWORD) -> int:
        return self.post(self.server.login_url, {"user": USER, "password": password}).status_code

    def ask(self, document: str, timeout: float = 5, **variables: object) -> requests.Response:
        return self.post(self.server.graphql_url, {"query": document, "variables": variables}, timeout)

    def rows(self, after: int, first: int = 2) -> list[int]:
        page = self.ask(PENDING, first=first, after=str(after), **PERIOD).json()["data"]["arRubricValuesPg"]
        return [edge["node"]["isnRefRubric"] for edge in page["edges"]]

    def write(self, isn: int, value: str = "Назначен исполнитель", timeout: float = 5) -> requests.Response:
        given = f"isnRefRubric: {isn}, posStatusRub: {json.dumps(value)}"
        return self.ask(f"mutation {{ updateArRubricValue(input: {{data: {{{given}}}}}) {{ success }} }}", timeout)


@pytest.fixture
def server() -> Iterator[DeloServer]:
    with DeloServer(pending_rubrics(20)) as running:
        yield running


@pytest.fixture
def client(server: DeloServer) -> Iterator[Client]:
    client = Client(server)
    assert client.sign_in() == 200
    yield client
    client.http.close()


@pytest.mark.parametrize(
    "document",
    [
        "{ arRubricValuesPg(",
        "{ arRubricValuesPg { total } }",
        "query Q($f: ArRubricValueFilter) { arRubricValuesPg(filter: $f) { totalCount } }",
        "query Q($n: Int) { arRubricValuesPg { totalCount } }",
        f"{{ ...F }} fragment F on Query {{ {PAGE} }}",
        f"{{ ... on Query {{ {PAGE} }} }}",
        "{ arRubricValuesPg(orderby: [{isnRefRubric: ASC}]) { totalCount } }",
        "mutation { updateArRubricValue(input: {data: {posStatusRub: 1}}) { success } }",
    ],
)
def test_an_invalid_document_is_refused_as_a_whole(client, document):
    answer = client.ask(document)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"]
    assert "data" not in answer.json()


@pytest.mark.parametrize(("name", "value"), [("first", 2**31), ("first", "1"), ("since", "2026-10-01T00:00:00")])
def test_a_variable_that_does_not_fit_is_refused(client, name, value):
    assert client.ask(PENDING, **{"first": 1, "after": "-1", **PERIOD, name: value}).status_code == 400


REF = "refRubric: {matches: {%s}}"
DOC = REF % "docRc: {matches: {%s}}"
API_NAME = DOC % "docgroupCl: {matches: {arDocgroups: {any: {arDescript: {matches: {apiName: {%s}}}}}}}"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("posStatusRub: {isNullOrEmpty: false}", [4]),
        ("eosSstuStatus: {isNullOrEmpty: false}, posStatusRub: {isNullOrEmpty: true}", [1, 2, 5, 6]),
        ("isnRefRubric: {notIn: [{value: 3}], in: [{value: 3}, {value: 4}, {value: 77}]}", [4]),
        ("isnRefRubric: {in: []}", []),
        (DOC % "kindDoc: {in: [{value: 2}]}", [1, 2, 3, 4, 6]),
        (API_NAME % 'equal: {value: "POS_STATUS_RUB"}', [1, 2, 3, 4, 5]),
        (REF % 'insDate: {greaterOrEqual: {value: "2026-10-05T09:00:00.000001+08:00"}}', [6]),
        (REF % 'insDate: {lessOrEqual: {value: "2026-10-05T09:00:00+08:00"}}', [1, 2, 3, 4, 5]),
    ],
)
def test_filters(server, client, condition, expected):
    server.store.remove(*(rubric.isn for rubric in server.store.rubrics()))
    server.store.add(
        make_rubric(1, sstu="Дан ответ автору"),
        make_rubric(2, sstu="Дан ответ автору", pos=""),
        make_rubric(3, sstu="", pos=None),
        make_rubric(4, sstu=None, pos="Отклонено модератором"),
        make_rubric(5, sstu="Не поступило", kind_doc=1),
        make_rubric(6, sstu="Не определено", carries_pos=False, ins_date=A_MONDAY.replace(day=7)),
    )
    answer = client.ask(f"{{ arRubricValuesPg(filter: {{{condition}}}) {{ items {{ isnRefRubric }} }} }}").json()
    assert [row["isnRefRubric"] for row in answer["data"]["arRubricValuesPg"]["items"]] == expected


def test_the_cursor_is_an_offset_into_what_the_filter_finds_now(client):
    first, second, third, _ = client.rows(-1, 4)
    assert client.rows(0) == [second, third]
    client.write(first)
    assert client.rows(0, 1) == [third], "the second row is passed by"


def test_sessions_seats_and_locks(server, client):
    assert client.sign_in("неверный") == 401
    server.sessions.lock_after = 1
    assert client.sign_in() == 401
    server.sessions.lock_after, server.sessions.seat_limit = None, 1
    assert Client(server).sign_in() == 403
    cookies = client.http.cookies.copy()
    client.post(server.logout_url, {})
    client.http.cookies = cookies
    assert client.ask(KEEP_ALIVE).status_code == 434
    assert server.sessions.open_seats == 0


@pytest.mark.parametrize(
    ("fault", "executed"),
    [
        (Reset(), False),
        (Reset(execute=True), True),
        (Hang(), False),
        (Hang(execute=True), True),
        (Truncate(), True),
        (Truncate(chunked=True), True),
        (Drip("headers", interval_seconds=60), True),
        (Drip("body", interval_seconds=60), True),
        (Replace.by_status(504), False),
        (Replace.by_status(504, execute=True), True),
    ],
)
def test_whether_a_write_is_executed_whose_answer_is_lost(server, client, fault, executed):
    isn = server.store.rubrics()[0].isn
    scripted = server.faults.add(fault, on="write")
    try:
        assert client.write(isn, timeout=0.2).status_code == 504
    except requests.RequestException:
        assert not isinstance(fault, Replace)
    server.wait_until(lambda: scripted.hits == 1 and len(server.store.writes) >= executed)
    assert len(server.store.writes) == executed
    assert client.write(isn).status_code == 200


def test_a_hook_that_fails_is_not_hushed_up():
    server = DeloServer()
    server.on_request(lambda _: {}["нет"])
    server.come_up()
    with pytest.raises(requests.ConnectionError):
        Client(server).sign_in()
    with pytest.raises(ExceptionGroup) as caught:
        server.__exit__(None, None, None)
    assert isinstance(caught.value.exceptions[0], KeyError)
