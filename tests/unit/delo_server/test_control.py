"""Another process runs the stand-in and drives it."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.delo_server import DeloServer, Hang, Refused, Reset, Sign, make_rubric, pending_rubrics
from tests.delo_server.control import Control
from tests.unit.delo_server.client import KEEP_ALIVE, Client


@pytest.fixture
def control(server):
    with Control(server) as running:
        yield running


def post(control: Control, what: str, value: object = None) -> requests.Response:
    return requests.post(f"{control.url}/control/{what}", json=value, timeout=5)


def get(control: Control, what: str):
    answer = requests.get(f"{control.url}/control/{what}", timeout=5)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_state_rubrics_writes_and_log(control, client, isn):
    client.write(isn, value="Отклонено модератором")
    state = get(control, "state")
    assert (state["up"], state["requests"], state["writes"], state["open_seats"]) == (True, 2, 1, 1)
    assert state["operations"] == {"Batch": 1}
    rubrics = {rubric["isn"]: rubric for rubric in get(control, "rubrics")}
    assert rubrics[isn]["pos"] == "Отклонено модератором"
    assert get(control, "writes")[0]["value"] == "Отклонено модератором"
    assert [request["kind"] for request in get(control, "log")] == ["login", "query"]


def test_rubrics_are_added(control, server):
    rubric = make_rubric(5, sstu="Не поступило")
    entry = {name: getattr(rubric, name) for name in ("isn", "document_isn", "number", "sstu", "pos")}
    assert post(control, "rubrics", [{**entry, "ins_date": rubric.ins_date.isoformat()}]).status_code == 200
    assert server.store[5] == rubric


def test_faults_are_scripted(control, server, client):
    body = {"fault": {"kind": "Replace", "status": 503, "headers": [["Retry-After", "5"]], "body": "Нет"}, "times": 2}
    assert post(control, "script", body).status_code == 200
    assert post(control, "script", {"fault": {"kind": "Reset", "execute": True}, "on": "write"}).status_code == 200
    assert get(control, "state")["scripted"] == ["Replace", "Reset"]
    assert server.faults.waiting[1].fault == Reset(execute=True)
    answers = [client.ask(KEEP_ALIVE) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert (answers[0].headers["Retry-After"], answers[0].content.decode()) == ("5", "Нет")
    post(control, "clear")
    assert get(control, "state")["scripted"] == []


def test_switches_and_rules_are_set(control, server, client, isn):
    switches = {"stuck_cursor": True, "poison": [isn], "writes": {str(isn): {"kind": "Refused", "message": "Нет"}}}
    assert post(control, "faults", switches).status_code == 200
    assert server.faults.poison == {isn}
    assert server.faults.writes == {isn: Refused("Нет")}
    assert client.page()["pageInfo"]["hasNextPage"]
    assert post(control, "sessions", {"sign": "302", "seat_limit": 1, "reject": True}).status_code == 200
    assert (server.sessions.sign, server.sessions.seat_limit) == (Sign.REDIRECT, 1)
    assert post(control, "max_page_size", 7).status_code == 200
    assert len(client.isns()) == 7


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("faults", {"stuck_cursor": True, "unknown": 1}),
        ("faults", {"stuck_cursor": True, "poison": 5}),
        ("faults", [1]),
        ("faults", {"clear": 1}),
        ("sessions", {"clock": 1}),
        ("script", {"fault": {"kind": "Reset", "exekute": True}}),
        ("script", {"fault": {"kind": "Unknown"}}),
        ("script", {"fault": {"kind": "Reset"}, "on": "sometimes"}),
        ("nothing", None),
    ],
)
def test_what_cannot_be_done_is_refused_whole(control, server, what, value):
    assert post(control, what, value).status_code == 400
    assert not server.faults.stuck_cursor
    assert server.faults.waiting == ()


def test_down_and_up_and_expire(control, server, client):
    post(control, "down")
    with pytest.raises(requests.ConnectionError):
        client.ask(KEEP_ALIVE)
    assert get(control, "state")["up"] is False
    post(control, "up")
    assert client.ask(KEEP_ALIVE).status_code == 200
    post(control, "expire")
    assert client.ask(KEEP_ALIVE).status_code == 434


def test_what_hangs_is_released(control, server, client):
    server.faults.add(Hang())
    connection = client.raw()
    server.wait_until(lambda: not server.faults.waiting)
    post(control, "release")
    assert connection.recv(1) == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_by_hand(number):
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.delo_server", "--rubrics", "40", "--pending", "0.5", "--password", "п"],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        addresses = json.loads(process.stdout.readline())
        login = f"{addresses['url']}/CoreHost/identity/api/login"
        answer = requests.post(login, json={"user": "pos-service", "password": "п"}, timeout=5)
        assert answer.status_code == 200
        state = requests.get(f"{addresses['control']}/control/state", timeout=5).json()
        assert (state["rubrics"], state["sign_ins"]) == (40, {"pos-service": 1})
        process.send_signal(number)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.stdout.close()


def test_a_port_is_nobody_elses_while_the_server_is_down():
    with DeloServer(pending_rubrics(1)) as server:
        server.go_down()
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((server.host, server.port))
        server.come_up()
        assert Client(server).ask(KEEP_ALIVE).status_code == 200
