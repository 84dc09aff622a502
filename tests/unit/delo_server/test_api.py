"""The stand-in is as strict as ДЕЛО: documents are checked, filters and sessions count, writes stay as they came."""

import pytest
import requests

from tests.delo_server import PASSWORD, USER, DeloServer, Lack, Refusal, Reject, Sign, make_rubric, mixed_rubrics
from tests.delo_server.application import signed_out
from tests.delo_server.factory import A_MONDAY, MAPPING
from tests.unit.delo_server.client import KEEP_ALIVE, PENDING, PERIOD, Client, update

PAGE = "arRubricValuesPg(first: 1) { totalCount items { isnRefRubric } }"


@pytest.mark.parametrize(
    "document",
    [
        "{ arRubricValuesPg(",
        "{ arRubricValuesPg { total } }",
        "query Q($f: ArRubricValueFilter) { arRubricValuesPg(filter: $f) { totalCount } }",
        "query Q($n: Int) { arRubricValuesPg(first: $n, first: 2) { totalCount } }",
        "query Q($n: Int) { arRubricValuesPg { totalCount } }",
        f"{{ ...F }} fragment F on Query {{ {PAGE} }}",
        f"{{ ... on Query {{ {PAGE} }} }}",
        "{ arRubricValuesPg(orderby: [{isnRefRubric: ASC}]) { totalCount } }",
        "mutation { updateArRubricValue(input: {data: {posStatusRub: 1}}) { success } }",
    ],
)
@pytest.mark.parametrize("status", [400, 200])
def test_an_invalid_document_is_refused_as_a_whole(server, client, document, status):
    server.faults.validation_status = status
    answer = client.ask(document)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["message"]
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    ("name", "value"),
    [("first", 2**31), ("first", "1"), ("first", None), ("since", "2026-10-01T00:00:00"), ("since", "вчера")],
)
def test_a_variable_that_does_not_fit_is_refused(client, name, value):
    answer = client.ask(PENDING, {"first": 1, "after": "-1", **PERIOD, name: value})
    assert answer.status_code == 400
    assert "data" not in answer.json()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"query": 5}', b"null"])
def test_a_body_without_a_document_is_refused(server, client, body):
    answer = client.http.post(server.graphql_url, data=body, headers={"Content-Type": "application/json"}, timeout=5)
    assert answer.status_code == 400
    assert client.http.post(server.graphql_url, data=b"{}", timeout=5).status_code == 415


@pytest.mark.parametrize("value", ['кавычка " и \\', "две\nстроки", "", "😀 \u2028"])
def test_a_write_overwrites_what_stood_there_byte_for_byte(server, client, isn, value):
    server.store.change(isn, pos="Передано")
    payload = client.data(update(isn, value))
    assert payload["updateArRubricValue"]["success"] is True
    assert payload["updateArRubricValue"]["data"] == {"isnRefRubric": isn, "posStatusRub": value}
    assert server.store[isn].pos == value
    (write,) = server.store.writes
    assert (write.isn, write.value, write.previous) == (isn, value, "Передано")


def test_a_batch_is_executed_in_order_and_each_alias_answers_for_itself(server, client):
    isns = [rubric.isn for rubric in server.store.rubrics()][::-1]
    data = client.write(*isns[:3], 404, *isns[3:]).json()["data"]
    assert [write.isn for write in server.store.writes] == isns
    assert (data["a3"]["success"], data["a3"]["message"]) == (False, "Запись не найдена")
    assert all(data[f"a{n}"]["success"] for n in range(21) if n != 3)


@pytest.mark.parametrize(
    ("lack", "refused"),
    [
        (Lack.POS_STATUS_FILTER, "{ arRubricValuesPg(filter: {posStatusRub: {isNullOrEmpty: true}}) { totalCount } }"),
        (Lack.ISN_FILTER, "{ arRubricValuesPg(filter: {isnRefRubric: {equal: {value: 1}}}) { totalCount } }"),
        (Lack.ORDER, "{ arRubricValuesPg(orderby: [{isnRefRubric: Asc}]) { totalCount } }"),
        ("ArRubricValue.posStatusRub", "{ arRubricValuesPg { items { posStatusRub } } }"),
    ],
)
def test_a_server_may_lack_things(server, client, lack, refused):
    assert client.ask(refused).status_code == 200
    server.faults.lacks.add(lack)
    assert client.ask(refused).status_code == 400
    assert client.ask(KEEP_ALIVE).status_code == 200


def test_any_document_can_be_refused_as_a_whole(server, client, isn):
    server.faults.add(Reject("Нет", 500), on="write")
    answer = client.write(isn)
    assert (answer.status_code, answer.json()) == (500, {"errors": [{"message": "Нет"}]})
    assert server.store.writes == ()


REF = "refRubric: {matches: {%s}}"
DOC = REF % "docRc: {matches: {%s}}"
API_NAME = DOC % "docgroupCl: {matches: {arDocgroups: {any: {arDescript: {matches: {apiName: {%s}}}}}}}"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("posStatusRub: {isNullOrEmpty: true}", [1, 2, 3, 5, 6]),
        ("posStatusRub: {isNullOrEmpty: false}", [4]),
        ("eosSstuStatus: {isNullOrEmpty: false}, posStatusRub: {isNullOrEmpty: true}", [1, 2, 5, 6]),
        ("isnRefRubric: {in: [{value: 2}, {value: 4}, {value: 77}]}", [2, 4]),
        ("isnRefRubric: {in: []}", []),
        ("isnRefRubric: {notIn: [{value: 3}], in: [{value: 3}, {value: 4}]}", [4]),
        (DOC % "kindDoc: {in: [{value: 2}]}", [1, 2, 3, 4, 6]),
        (API_NAME % 'equal: {value: "POS_STATUS_RUB"}', [1, 2, 3, 4, 5]),
        (REF % 'insDate: {greaterOrEqual: {value: "2026-10-05T09:00:00.000001+08:00"}}', [6]),
        (REF % 'insDate: {lessOrEqual: {value: "2026-10-05T09:00:00+08:00"}}', [1, 2, 3, 4, 5]),
    ],
)
def test_filters(condition, expected):
    rubrics = [
        make_rubric(1, sstu="Дан ответ автору"),
        make_rubric(2, sstu="Дан ответ автору", pos=""),
        make_rubric(3, sstu="", pos=None),
        make_rubric(4, sstu=None, pos="Отклонено модератором"),
        make_rubric(5, sstu="Не поступило", kind_doc=1),
        make_rubric(6, sstu="Не определено", carries_pos=False, ins_date=A_MONDAY.replace(day=7)),
    ]
    with DeloServer(rubrics) as server:
        client = Client(server)
        assert client.filtered(condition) == expected
        assert client.isns() == [1, 2], "the operation finds only what waits"


def test_the_cursor_is_an_offset_into_what_the_filter_finds_now(server, client):
    first = client.page(first=2)
    assert first["totalCount"] == 20
    assert first["pageInfo"] == {"endCursor": "1", "hasNextPage": True}
    assert client.page(first=2, after="18")["pageInfo"] == {"endCursor": "19", "hasNextPage": False}
    isns = client.isns(first=20)
    client.write(isns[0])
    assert client.isns(first=1, after="0") == [isns[2]], "the second row is passed by"
    server.max_page_size = 7
    assert len(client.isns(first=500)) == 7


def test_a_mixture_has_exactly_the_pending_ones_that_were_asked_for():
    rubrics = mixed_rubrics(2000, since=A_MONDAY, until=A_MONDAY.replace(day=20), pending=0.05)
    with DeloServer(rubrics) as server:
        nodes = [edge["node"] for edge in Client(server).page(first=1000)["edges"]]
    assert sum(node["eosSstuStatus"] in MAPPING for node in nodes) == 100


def test_a_session_from_sign_in_to_sign_out(server):
    client = Client(server, sign_in=False)
    assert client.ask(KEEP_ALIVE).status_code == 434
    client.sign_in()
    Client(server)
    assert client.ask(KEEP_ALIVE).status_code == 200
    assert (server.sessions.open_seats, server.sessions.sign_ins) == (2, {USER: 2})
    cookies = client.http.cookies.copy()
    assert client.sign_out().status_code == 200
    client.http.cookies = cookies
    assert client.ask(KEEP_ALIVE).status_code == 434
    assert (server.sessions.open_seats, server.sessions.sign_outs) == (1, 1)


@pytest.mark.parametrize("refusal", Refusal)
def test_a_wrong_password_takes_no_seat_and_may_lock_the_account(server, refusal):
    server.sessions.refusal = refusal
    server.sessions.lock_after = 2
    client = Client(server, sign_in=False)
    answer = client.sign_in("неверный")
    assert answer.status_code == int(refusal)
    assert "Set-Cookie" not in answer.headers
    assert (server.sessions.failed_sign_ins, server.sessions.open_seats) == ({USER: 1}, 0)
    client.sign_in("неверный")
    assert "Set-Cookie" not in client.sign_in(PASSWORD).headers


def test_seats_run_out(server, client):
    server.sessions.seat_limit = 1
    other = Client(server, sign_in=False)
    assert other.sign_in().status_code == 403
    assert server.failed_sign_ins == 0
    client.sign_out()
    assert other.sign_in().status_code == 200


@pytest.mark.parametrize("sign", Sign)
def test_a_session_that_has_expired_is_told_by_the_given_sign(server, client, sign):
    server.sessions.sign = sign
    server.expire_sessions()
    answer = client.ask(KEEP_ALIVE)
    if sign is Sign.LOGIN_PAGE:
        assert (answer.status_code, answer.text[:9]) == (200, "<!DOCTYPE")
    else:
        assert answer.status_code == signed_out(sign).status
    assert server.sessions.open_seats == 0
    if sign is Sign.REDIRECT:
        assert client.ask(KEEP_ALIVE, allow_redirects=True).headers["Content-Type"].startswith("text/html")


def test_an_idle_session_ends_by_the_given_clock():
    now = [0.0]
    with DeloServer(clock=lambda: now[0]) as server:
        server.sessions.idle_seconds = 1200
        client = Client(server)
        for moment in (1200, 2400):
            now[0] = moment
            assert client.ask(KEEP_ALIVE).status_code == 200
        now[0] = 3601
        assert client.ask(KEEP_ALIVE).status_code == 434


def test_requests_are_logged_with_all_they_carried_and_counted(server, client, isn):
    client.write(isn, value="Значение")
    request = server.log[-1]
    assert (request.kind, request.operation, request.is_mutation) == ("query", "Batch", True)
    assert request.variables["i0"]["data"] == {"isnRefRubric": isn, "posStatusRub": "Значение"}
    assert server.traffic.operations == {"Batch": 1}
    before = server.bytes_sent
    assert server.bytes_sent - before < len(client.ask(KEEP_ALIVE).content) < server.bytes_sent - before


def test_a_hook_that_fails_is_not_hushed_up():
    server = DeloServer()
    server.on_request(lambda _: {}["нет"])
    server.come_up()
    with pytest.raises(requests.ConnectionError):
        Client(server)
    with pytest.raises(ExceptionGroup) as caught:
        server.__exit__(None, None, None)
    assert isinstance(caught.value.exceptions[0], KeyError)
