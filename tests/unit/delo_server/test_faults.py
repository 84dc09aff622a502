"""A fault does what its name says and nothing else: whether a write is executed is what so many tests rest on."""

import json
import socket
import threading
import time

import pytest
import requests

from tests.delo_server import (
    EMPTY_BODY,
    HTML_ERROR,
    INVALID_JSON,
    JSON_LIST,
    WRONG_CHARSET,
    AliasError,
    CloseAfter,
    Delay,
    DeloServer,
    Drip,
    Endless,
    Hang,
    MissingKey,
    NullData,
    NullPayload,
    Refused,
    Replace,
    Reset,
    Truncate,
    WrongEcho,
    pending_rubrics,
)
from tests.delo_server.control import Control
from tests.delo_server.factory import FIRST_ISN
from tests.unit.delo_server.client import KEEP_ALIVE, Client, everything

VALUE = "Назначен исполнитель"


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
    ],
)
def test_an_answer_that_is_lost(server, client, isn, fault, executed):
    scripted = server.faults.add(fault, on="write")
    with pytest.raises(requests.RequestException):
        client.write(isn, timeout=0.2)
    server.wait_until(lambda: scripted.hits == 1 and len(server.store.writes) >= executed)
    assert len(server.store.writes) == executed
    assert client.write(isn).status_code == 200


@pytest.mark.parametrize("execute", [False, True])
def test_an_answer_may_be_lost_behind_an_error_page(server, client, isn, execute):
    server.faults.add(Replace.by_status(504, 7, execute=execute))
    answer = client.write(isn)
    assert (answer.status_code, answer.headers["Retry-After"]) == (504, "7")
    assert len(server.store.writes) == execute


def test_a_kept_connection_fails_the_next_request(server, client, isn):
    client.http.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=1, max_retries=0))
    server.faults.add(CloseAfter())
    assert client.ask(KEEP_ALIVE).status_code == 200
    with pytest.raises(requests.ConnectionError):
        client.write(isn)
    assert server.store.writes == ()
    server.faults.add(CloseAfter(on_next=False))
    assert everything(client.raw()).endswith(b"}")


@pytest.mark.parametrize("declared", [False, True])
def test_endless_body(server, client, declared):
    server.faults.add(Endless(declared=declared))
    with client.ask(KEEP_ALIVE, stream=True) as answer:
        assert len(answer.raw.read(3_000_000)) == 3_000_000


def is_json(content: bytes) -> bool:
    try:
        json.loads(content.decode())
    except ValueError:
        return False
    return True


def test_bodies_that_are_no_answer(server, client):
    for fault in (JSON_LIST, EMPTY_BODY, INVALID_JSON, WRONG_CHARSET, HTML_ERROR):
        server.faults.add(fault)
    listed, *others = [client.ask(KEEP_ALIVE) for _ in range(5)]
    assert listed.json() == []
    for answer in others:
        assert answer.status_code == 200
        assert not is_json(answer.content)


def test_a_script_waits_for_its_requests(server, client, isn):
    server.faults.add(Replace.by_status(500), operation="Batch", skip=1, times=2)
    forever = server.faults.add(Replace.by_status(502), on="logout", times=None)
    assert [client.write(isn).status_code for _ in range(4)] == [200, 500, 500, 200]
    assert [client.sign_out().status_code for _ in range(3)] == [502] * 3
    assert forever.hits == 3
    server.faults.clear()
    assert client.sign_out().status_code == 200


@pytest.mark.parametrize("stores", [False, True])
@pytest.mark.parametrize("fault", [AliasError, NullPayload, Refused, NullData, MissingKey])
def test_a_fault_of_one_write_costs_no_neighbour(server, client, fault, stores):
    isns = [rubric.isn for rubric in server.store.rubrics()[:3]]
    server.faults.writes[isns[1]] = fault(stores=stores)
    body = client.write(*isns, value=VALUE).json()
    assert [server.store[isn].pos for isn in isns] == [VALUE, VALUE if stores else None, VALUE]
    assert body["data"]["a0"]["success"] is body["data"]["a2"]["success"] is True
    payload = body["data"].get("a1")
    assert [error["path"] for error in body.get("errors", ())] == ([["a1"]] if fault is AliasError else [])
    assert ("a1" in body["data"]) == (fault is not MissingKey)
    if fault in {Refused, NullData}:
        assert (payload["success"], payload["data"]) == (fault is NullData, None)
    else:
        assert payload is None


@pytest.mark.parametrize(("stores", "expected"), [("echoed", "Иной"), ("asked", VALUE), ("nothing", None)])
def test_wrong_echo(server, client, isn, stores, expected):
    server.faults.writes[isn] = WrongEcho("Иной", stores)
    payload = client.write(isn, value=VALUE).json()["data"]["a0"]
    assert (payload["success"], payload["data"]["posStatusRub"]) == (True, "Иной")
    assert server.store[isn].pos == expected


def test_a_poisonous_record_costs_the_whole_document(server, client):
    good, bad = (rubric.isn for rubric in server.store.rubrics()[:2])
    server.faults.poison = {bad}
    assert "data" not in client.write(good, bad).json()
    assert server.store.writes == ()
    assert client.write(good).json()["data"]["a0"]["success"] is True
    assert bad in client.isns()


def test_faults_of_pages(server, client, isn):
    server.faults.stuck_cursor = True
    assert client.page(first=5, after="4")["pageInfo"] == {"endCursor": "4", "hasNextPage": True}
    server.faults.stuck_cursor = False
    server.store.change(isn + 5, pos="Отклонено модератором")
    assert isn + 5 not in client.isns()
    server.faults.ignore_pos_filter = True
    assert isn + 5 in client.isns()
    server.faults.null_isns, server.faults.null_nodes = {isn + 1}, {isn}
    edges = client.page()["edges"]
    assert edges[0] == {"node": None}
    assert [edges[n]["node"]["isnRefRubric"] for n in (1, 2)] == [None, isn + 2]
    server.faults.null_edges = True
    assert client.page()["edges"] is None


def test_going_down_in_the_middle_of_a_request_and_coming_up_on_the_same_port():
    with DeloServer(pending_rubrics(1)) as server:
        client, url = Client(server), server.url
        server.on_execute(lambda _: server.go_down())
        with pytest.raises(requests.ConnectionError):
            client.write(FIRST_ISN)
        assert not server.is_up
        server.on_execute(None)
        with pytest.raises(requests.ConnectionError, match="refused"):
            Client(server, sign_in=False).ask(KEEP_ALIVE)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((server.host, server.port))
        server.come_up()
        assert server.url == url
        assert client.ask(KEEP_ALIVE).status_code == 200, "sessions outlive it"


def test_the_end_is_quick_and_leaves_no_thread_behind():
    before = set(threading.enumerate())
    with DeloServer(pending_rubrics(5)) as server:
        client = Client(server)
        faults = (Hang(), Hang(execute=True), Delay(600), Drip("body", 600), Drip("headers", 600), Endless())
        for fault in faults:
            server.faults.add(fault)
        connections = [client.raw() for _ in faults]
        connections.append(socket.create_connection((server.host, server.port)))
        server.wait_until(lambda: server.requests == 1 + len(faults))
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert set(threading.enumerate()) <= before
    for connection in connections:
        connection.close()


def test_another_process_can_drive_it(server, client, isn):
    with Control(server) as control:

        def post(what: str, value: object = None) -> int:
            return requests.post(f"{control.url}/control/{what}", json=value, timeout=5).status_code

        body = {"kind": "Replace", "status": 503, "headers": [["Retry-After", "5"]], "body": "Нет"}
        assert post("script", {"fault": body}) == 200
        assert client.ask(KEEP_ALIVE).headers["Retry-After"] == "5"
        assert post("faults", {"poison": [isn], "writes": {str(isn + 1): {"kind": "Refused"}}}) == 200
        assert (server.faults.poison, server.faults.writes) == ({isn}, {isn + 1: Refused()})
        assert post("faults", {"stuck_cursor": True, "unknown": 1}) == 400
        assert not server.faults.stuck_cursor, "what cannot be done is refused whole"
        assert post("down") == 200
        state = requests.get(f"{control.url}/control/state", timeout=5).json()
        assert (state["up"], state["open_seats"]) == (False, 1)
