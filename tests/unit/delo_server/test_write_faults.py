"""Faults of single writes and of pages."""

import pytest

from tests.delo_server import AliasError, MissingKey, NullData, NullPayload, Refused, WrongEcho
from tests.delo_server.fault_kinds import WriteFault
from tests.unit.delo_server.client import KEEP_ALIVE, UPDATE

VALUE = "Назначен исполнитель"


@pytest.fixture
def batch(server, client):
    """Writes three rubrics, the middle one under a fault; the answer and what the middle one has then."""

    def write(fault: WriteFault):
        isns = [rubric.isn for rubric in server.store.rubrics()[:3]]
        server.faults.writes[isns[1]] = fault
        body = client.write(*isns, value=VALUE).json()
        # Whatever befalls one, its neighbours are done.
        for n in (0, 2):
            assert body["data"][f"a{n}"]["success"] is True
            assert server.store[isns[n]].pos == VALUE
        return body, server.store[isns[1]].pos

    return write


@pytest.mark.parametrize("stores", [False, True])
class TestStoresOrNot:
    def test_error_with_the_alias_as_path(self, batch, stores):
        body, stored = batch(AliasError("Сбой", stores=stores))
        assert body["data"]["a1"] is None
        (error,) = body["errors"]
        assert (error["message"], error["path"]) == ("Сбой", ["a1"])
        assert stored == (VALUE if stores else None)

    def test_null_without_an_error(self, batch, stores):
        body, stored = batch(NullPayload(stores=stores))
        assert body["data"]["a1"] is None
        assert "errors" not in body
        assert stored == (VALUE if stores else None)

    def test_refusal_with_words(self, batch, stores):
        body, stored = batch(Refused("Нет прав", "E1", "стек", stores=stores))
        answer = body["data"]["a1"]
        assert (answer["success"], answer["data"]) == (False, None)
        assert (answer["message"], answer["messageCode"], answer["systemMessage"]) == ("Нет прав", "E1", "стек")
        assert stored == (VALUE if stores else None)

    def test_success_without_data(self, batch, stores):
        body, stored = batch(NullData(stores=stores))
        assert body["data"]["a1"]["success"] is True
        assert body["data"]["a1"]["data"] is None
        assert stored == (VALUE if stores else None)

    def test_no_key_at_all(self, batch, stores):
        body, stored = batch(MissingKey(stores=stores))
        assert list(body["data"]) == ["a0", "a2"]
        assert stored == (VALUE if stores else None)


@pytest.mark.parametrize(("stores", "expected"), [("echoed", "Иной"), ("asked", VALUE), ("nothing", None)])
def test_wrong_echo(batch, stores, expected):
    body, stored = batch(WrongEcho("Иной", stores))
    assert body["data"]["a1"]["success"] is True
    assert body["data"]["a1"]["data"]["posStatusRub"] == "Иной"
    assert stored == expected


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_poisonous_record_costs_the_whole_document(server, client, status):
    good, bad = (rubric.isn for rubric in server.store.rubrics()[:2])
    server.faults.poison = {bad}
    server.faults.poison_status = status
    answer = client.write(good, bad)
    assert answer.status_code == status
    assert "data" not in answer.json()
    assert server.store.writes == ()
    inline = (
        f'mutation {{ updateArRubricValue(input: {{data: {{isnRefRubric: {bad}, posStatusRub: "x"}}}}) {{ success }} }}'
    )
    assert "data" not in client.ask(inline).json()
    assert client.write(good).json()["data"]["a0"]["success"] is True
    assert bad in client.isns()


def test_errors_without_a_path_beside_data(server, client, isn):
    server.faults.extra_errors = ["Предупреждение"]
    body = client.ask(UPDATE, {"input": {"data": {"isnRefRubric": isn, "posStatusRub": VALUE}}}).json()
    assert body["errors"] == [{"message": "Предупреждение"}]
    assert body["data"]["updateArRubricValue"]["success"] is True


def test_stuck_cursor(server, client):
    server.faults.stuck_cursor = True
    for after in ("-1", "4"):
        assert client.page(first=5, after=after)["pageInfo"] == {"endCursor": after, "hasNextPage": True}


def test_the_filter_on_pos_status_is_ignored(server, client, isn):
    server.store.change(isn, pos="Отклонено модератором")
    assert isn not in client.isns()
    server.faults.ignore_pos_filter = True
    assert isn in client.isns()


def test_rows_are_repeated(server, client):
    server.faults.repeat_rows = 2
    first, second = client.isns(first=10), client.isns(first=10, after="9")
    assert first[10:] == first[:2]
    assert second[:2] == first[8:10]
    assert len(set(first + second)) == 20


def test_null_edges_nodes_and_isns(server, client, isn):
    server.faults.null_isns = {isn + 1}
    server.faults.null_nodes = {isn}
    edges = client.page()["edges"]
    assert edges[0] == {"node": None}
    assert edges[1]["node"]["isnRefRubric"] is None
    assert edges[2]["node"]["isnRefRubric"] == isn + 2
    server.faults.null_edges = True
    assert client.page()["edges"] is None


def test_clearing_makes_everything_right_again(server, client, isn):
    server.faults.writes[isn] = Refused()
    server.faults.reject_documents = "Нет"
    server.faults.poison.add(isn)
    server.faults.clear()
    assert client.ask(KEEP_ALIVE).json()["data"]
    assert client.write(isn).json()["data"]["a0"]["success"] is True
