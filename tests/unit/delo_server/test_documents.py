"""Documents that ДЕЛО would not understand are refused; good ones are executed."""

import pytest

from tests.delo_server import Lack, Reject
from tests.unit.delo_server.client import KEEP_ALIVE, PENDING, PERIOD, UPDATE

PAGE = "arRubricValuesPg(first: 1) { totalCount items { isnRefRubric } }"


@pytest.mark.parametrize(
    "document",
    [
        "{ arRubricValuesPg(",
        "{ arRubricValuesPg { total } }",
        "query Q($f: ArRubricValueFilter) { arRubricValuesPg(filter: $f) { totalCount } }",
        "query Q($o: [ArRubricValueSort!]) { arRubricValuesPg(orderby: $o) { totalCount } }",
        "query Q($v: [IntValue!]) { arRubricValuesPg(filter: {isnRefRubric: {in: $v}}) { totalCount } }",
        "query Q($b: Boolean) { arRubricValuesPg(filter: {posStatusRub: {isNullOrEmpty: $b}}) { totalCount } }",
        "query Q($n: Int) { arRubricValuesPg(first: $n, first: 2) { totalCount } }",
        "query Q($n: Int) { arRubricValuesPg { totalCount } }",
        f"{{ ...F }} fragment F on Query {{ {PAGE} }}",
        f"{{ ... on Query {{ {PAGE} }} }}",
        "{ arRubricValuesPg { __typename } }",
        "{ __schema { types { name } } }",
        '{ __type(name: "Query") { name } }',
        "{ arRubricValuesPg(orderby: [{isnRefRubric: ASC}]) { totalCount } }",
        "mutation { updateArRubricValue(input: {data: {posStatusRub: 1}}) { success } }",
    ],
)
@pytest.mark.parametrize("status", [400, 200])
def test_an_invalid_document_is_refused_as_a_whole(server, client, document, status):
    server.faults.validation_status = status
    answer = client.ask(document)
    assert answer.status_code == status
    body = answer.json()
    assert body["errors"][0]["message"]
    assert "data" not in body


@pytest.mark.parametrize(
    ("name", "value"),
    [("first", 2**31), ("first", "1"), ("first", None), ("since", "2026-10-01T00:00:00"), ("since", "вчера")],
)
def test_a_variable_that_does_not_fit_is_refused(client, name, value):
    answer = client.ask(PENDING, {"first": 1, "after": "-1", **PERIOD, name: value})
    assert answer.status_code == 400
    assert "data" not in answer.json()


def test_instants_carry_their_offset(client):
    document = "{ arRubricValuesPg(first: 1) { items { refRubric { insDate } } } }"
    (row,) = client.data(document)["arRubricValuesPg"]["items"]
    assert row["refRubric"]["insDate"] == "2026-10-05T01:00:00+00:00"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"query": 5}', b"null"])
def test_a_body_without_a_document_is_refused(server, client, body):
    answer = client.http.post(server.graphql_url, data=body, headers={"Content-Type": "application/json"}, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_a_body_that_is_not_called_json_is_refused(server, client):
    assert client.http.post(server.graphql_url, data=b"{}", timeout=5).status_code == 415


@pytest.mark.parametrize("value", ['кавычка " и \\', "две\nстроки", "", "😀 \u2028"])
def test_a_write_stores_the_value_byte_for_byte_and_echoes_it(server, client, isn, value):
    data = client.data(UPDATE, {"input": {"data": {"isnRefRubric": isn, "posStatusRub": value}}})
    payload = data["updateArRubricValue"]
    assert payload["success"] is True
    assert payload["data"] == {"isnRefRubric": isn, "posStatusRub": value}
    assert server.store[isn].pos == value
    (write,) = server.store.writes
    assert (write.isn, write.value, write.previous) == (isn, value, None)
    assert write.session in server.sessions.open_ids


def test_a_write_overwrites_whatever_stood_there(server, client, isn):
    server.store.change(isn, pos="Передано в вышестоящую организацию")
    client.write(isn, value="Назначен исполнитель")
    assert server.store[isn].pos == "Назначен исполнитель"
    assert server.store.writes[0].previous == "Передано в вышестоящую организацию"


def test_a_batch_is_executed_in_order_and_each_alias_answers_for_itself(server, client):
    isns = [rubric.isn for rubric in server.store.rubrics()][::-1]
    data = client.write(*isns[:3], 404, *isns[3:]).json()["data"]
    assert [write.isn for write in server.store.writes] == isns
    assert data["a3"]["success"] is False
    assert data["a3"]["message"] == "Запись не найдена"
    assert data["a2"]["clientMutationId"] == "c2"
    assert all(data[f"a{n}"]["success"] for n in range(21) if n != 3)


@pytest.mark.parametrize(
    ("lack", "refused"),
    [
        (Lack.POS_STATUS_FILTER, "{ arRubricValuesPg(filter: {posStatusRub: {isNullOrEmpty: true}}) { totalCount } }"),
        (Lack.ISN_FILTER, "{ arRubricValuesPg(filter: {isnRefRubric: {equal: {value: 1}}}) { totalCount } }"),
        (Lack.ISN_ORDER, "{ arRubricValuesPg(orderby: [{isnRefRubric: Asc}]) { totalCount } }"),
        (Lack.ORDER, "{ arRubricValuesPg(orderby: [{isnRefRubric: Asc}]) { totalCount } }"),
        ("ArRubricValue.posStatusRub", "{ arRubricValuesPg { items { posStatusRub } } }"),
    ],
)
def test_a_server_may_lack_things(server, client, lack, refused):
    assert client.ask(refused).status_code == 200
    server.faults.lacks.add(lack)
    answer = client.ask(refused)
    assert answer.status_code == 400
    assert str(lack).split(".")[-1] in answer.json()["errors"][0]["message"]
    assert client.ask(KEEP_ALIVE).status_code == 200


def test_a_server_may_lack_the_mutation(server, client, isn):
    server.faults.lacks.add("Mutation.updateArRubricValue")
    assert client.write(isn).status_code == 400
    assert server.store.writes == ()


@pytest.mark.parametrize("status", [200, 400, 500])
def test_any_document_can_be_refused_as_a_whole(server, client, isn, status):
    server.faults.add(Reject("Нет", status), on="write")
    assert client.ask(KEEP_ALIVE).json()["data"]
    answer = client.write(isn)
    assert (answer.status_code, answer.json()) == (status, {"errors": [{"message": "Нет"}]})
    assert server.store.writes == ()
    server.faults.reject_documents = "Вовсе нет"
    assert client.ask(KEEP_ALIVE).json() == {"errors": [{"message": "Вовсе нет"}]}


def test_requests_are_logged_with_all_they_carried(server, client, isn):
    client.write(isn, value="Секретное значение")
    request = server.log[-1]
    assert (request.kind, request.operation, request.is_mutation) == ("query", "Batch", True)
    assert "Секретное" not in request.document
    assert request.variables["i0"]["data"] == {"isnRefRubric": isn, "posStatusRub": "Секретное значение"}
    assert "DeloSession" in request.cookies
    assert request.headers["content-type"] == "application/json"
    assert server.traffic.kinds == {"login": 1, "query": 1}
    assert server.traffic.operations == {"Batch": 1}


def test_the_bytes_that_were_sent_are_counted(server, client):
    before = server.bytes_sent
    answer = client.ask(KEEP_ALIVE)
    assert server.bytes_sent - before > len(answer.content)


def test_a_hook_can_change_the_store_between_pages(server, client, isn):
    def taken_away(request):
        if request.variables.get("after") == "9":
            server.store.remove(isn)

    server.on_execute(taken_away)
    seen = client.isns(first=10) + client.isns(first=10, after="9")
    assert len(seen) == 19
    assert isn in seen
