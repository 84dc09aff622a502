"""Faults of the wire, as a client on a real socket sees them."""

import json
import socket
import ssl
import subprocess
import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import requests

from tests.delo_server import (
    EMPTY_BODY,
    HTML_ERROR,
    INVALID_JSON,
    JSON_LIST,
    JSON_NULL,
    WRONG_CHARSET,
    CloseAfter,
    Delay,
    DeloServer,
    Drip,
    Endless,
    Hang,
    Replace,
    Reset,
    Truncate,
    pending_rubrics,
)
from tests.delo_server.factory import FIRST_ISN
from tests.delo_server.messages import JSON
from tests.unit.delo_server.client import KEEP_ALIVE, Client, everything, until_silence


@pytest.mark.parametrize("execute", [False, True])
def test_reset(server, client, isn, execute):
    server.faults.add(Reset(execute=execute), on="write")
    with pytest.raises(requests.ConnectionError, match="reset"):
        client.write(isn)
    assert len(server.store.writes) == execute
    assert client.write(isn).status_code == 200


@pytest.mark.parametrize("execute", [False, True])
def test_hang(server, client, isn, execute):
    hanging = server.faults.add(Hang(execute=execute), on="write")
    with pytest.raises(requests.ReadTimeout):
        client.write(isn, timeout=0.2)
    assert hanging.hits == 1
    assert len(server.store.writes) == execute


@pytest.mark.parametrize("how", ["release", "clear"])
def test_what_hangs_can_be_released(server, client, how):
    server.faults.add(Hang())
    connection = client.raw()
    server.wait_until(lambda: not server.faults.waiting)
    getattr(server.faults, how)()
    assert everything(connection) == b""


@pytest.mark.parametrize("part", ["headers", "body"])
def test_drip(server, client, part):
    server.faults.add(Drip(part, interval_seconds=0.001))
    assert client.ask(KEEP_ALIVE).json()["data"]["arRubricValuesPg"]["totalCount"] == 20
    server.faults.add(Drip(part, interval_seconds=60))
    connection = client.raw()
    seen = until_silence(connection)
    assert (b"\r\n\r\n" in seen) == (part == "body")
    assert b"data" not in seen


@pytest.mark.parametrize("chunked", [False, True])
def test_truncated_body(server, client, isn, chunked):
    server.faults.add(Truncate(chunked=chunked))
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        client.write(isn)
    assert len(server.store.writes) == 1


def test_a_kept_connection_fails_the_next_request(server, client, isn):
    client.http.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=1, max_retries=0))
    server.faults.add(CloseAfter())
    assert client.ask(KEEP_ALIVE).status_code == 200
    with pytest.raises(requests.ConnectionError):
        client.write(isn)
    assert server.store.writes == ()
    assert client.write(isn).status_code == 200


def test_a_connection_is_closed_at_once_without_a_word(server, client):
    server.faults.add(CloseAfter(on_next=False))
    received = everything(client.raw())
    assert received.endswith(b"}")
    assert b"connection: close" not in received.lower()


@pytest.mark.parametrize("declared", [False, True])
def test_endless_body(server, client, declared):
    server.faults.add(Endless(declared=declared))
    with client.ask(KEEP_ALIVE, stream=True) as answer:
        assert ("Content-Length" in answer.headers) == declared
        assert len(answer.raw.read(3_000_000)) == 3_000_000


def test_statuses_and_retry_after(server, client):
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    for status, wait in ((429, 7), (503, at), (500, None), (502, None), (504, None)):
        server.faults.add(Replace.by_status(status, wait))
    answers = [client.ask(KEEP_ALIVE) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [429, 503, 500, 502, 504]
    assert answers[0].headers["Retry-After"] == "7"
    assert parsedate_to_datetime(answers[1].headers["Retry-After"]) == at
    assert "Retry-After" not in answers[2].headers
    assert client.ask(KEEP_ALIVE).status_code == 200


@pytest.mark.parametrize("execute", [False, True])
def test_an_answer_may_be_lost_behind_an_error_page(server, client, isn, execute):
    server.faults.add(Replace.by_status(504, execute=execute))
    assert client.write(isn).status_code == 504
    assert len(server.store.writes) == execute


def test_bodies_that_are_no_answer(server, client):
    for fault in (JSON_LIST, JSON_NULL, EMPTY_BODY, INVALID_JSON, WRONG_CHARSET, HTML_ERROR):
        server.faults.add(fault)
    answers = [client.ask(KEEP_ALIVE) for _ in range(6)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].json() == []
    assert answers[1].json() is None
    assert answers[2].content == b""
    with pytest.raises(requests.JSONDecodeError):
        answers[3].json()
    with pytest.raises(UnicodeDecodeError):
        json.loads(answers[4].content)
    assert answers[4].headers["Content-Type"] == JSON
    assert answers[5].text.startswith("<!DOCTYPE html>")


def test_a_script_waits_for_its_requests(server, client, isn):
    server.faults.add(Replace.by_status(500), operation="Batch", skip=1, times=2)
    forever = server.faults.add(Replace.by_status(502), on="logout", times=None)
    assert [client.write(isn).status_code for _ in range(4)] == [200, 500, 500, 200]
    assert client.ask(KEEP_ALIVE).status_code == 200
    assert [client.sign_out().status_code for _ in range(3)] == [502] * 3
    assert forever.hits == 3
    assert server.sessions.open_seats == 1
    server.faults.clear()
    assert client.sign_out().status_code == 200


def test_delays(server, client):
    server.faults.add(Delay(0.3))
    began = time.monotonic()
    client.ask(KEEP_ALIVE)
    assert time.monotonic() - began >= 0.3
    server.faults.delay_seconds = 60
    with pytest.raises(requests.ReadTimeout):
        client.ask(KEEP_ALIVE, timeout=0.1)


def test_going_down_and_coming_up_on_the_same_port(server, client):
    url = server.url
    silent = client.raw()
    server.wait_until(lambda: server.traffic.kinds["query"] == 1)
    server.go_down()
    assert not server.is_up
    with pytest.raises(requests.ConnectionError, match="refused"):
        Client(server, sign_in=False).ask(KEEP_ALIVE)
    everything(silent)  # it was cut
    for _ in range(3):
        server.come_up()
        assert client.ask(KEEP_ALIVE).status_code == 200
        server.go_down()
    server.come_up()
    assert server.url == url


def test_going_down_in_the_middle_of_a_request():
    before = set(threading.enumerate())
    with DeloServer(pending_rubrics(1)) as server:
        client = Client(server)

        def crash(_):
            server.go_down()
            time.sleep(0.1)  # its thread outlives the connection, and yet not the server

        server.on_execute(crash)
        with pytest.raises(requests.ConnectionError):
            client.write(FIRST_ISN)
        assert not server.is_up
    assert set(threading.enumerate()) <= before


def test_the_end_is_quick_and_leaves_no_thread_behind():
    before = set(threading.enumerate())
    with DeloServer(pending_rubrics(5)) as server:
        client = Client(server)
        faults = (
            Hang(),
            Hang(execute=True),
            Delay(600),
            Drip("body", 600),
            Drip("headers", 600),
            Endless(),
            CloseAfter(),
        )
        for fault in faults:
            server.faults.add(fault)
        connections = [client.raw() for _ in faults]
        connections.append(socket.create_connection((server.host, server.port)))
        server.wait_until(lambda: server.requests == 1 + len(faults) and server.traffic.connections == 9)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert set(threading.enumerate()) <= before
    for connection in connections:
        connection.close()


def test_a_hook_that_fails_is_not_hushed_up():
    server = DeloServer()
    server.on_request(lambda _: {}["нет"])
    server.come_up()
    with pytest.raises(requests.ConnectionError):
        Client(server)
    with pytest.raises(ExceptionGroup) as caught:
        server.__exit__(None, None, None)
    assert isinstance(caught.value.exceptions[0], KeyError)


def test_many_clients_at_once(server):
    isns = [rubric.isn for rubric in server.store.rubrics()]

    def work(isn: int) -> None:
        client = Client(server)
        for _ in range(5):
            client.write(isn)

    threads = [threading.Thread(target=work, args=(isn,)) for isn in isns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.store.writes) == 100
    assert server.sign_ins == 20
    assert server.requests == 120


@pytest.fixture
def certificate(tmp_path):
    path = tmp_path / "delo.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", tmp_path / "only.crt"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + (tmp_path / "only.crt").read_text())
    return path


def test_tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with DeloServer(pending_rubrics(1), tls=context) as server:
        client = Client(server, sign_in=False)
        with pytest.raises(requests.exceptions.SSLError):
            client.sign_in()
        client.http.verify = str(certificate)
        assert "Secure" in client.sign_in().headers["Set-Cookie"]
        assert client.write(FIRST_ISN).json()["data"]["a0"]["success"] is True
        server.faults.add(Reset())
        with pytest.raises(requests.ConnectionError):
            client.ask(KEEP_ALIVE)
        server.faults.add(Endless())
        with client.ask(KEEP_ALIVE, stream=True) as answer:
            answer.raw.read(10)
            # A client that never begins its handshake keeps nobody waiting.
            silent = socket.create_connection((server.host, server.port))
            assert client.ask(KEEP_ALIVE).status_code == 200
            began = time.monotonic()
            server.close()
            assert time.monotonic() - began < 1
            silent.close()
