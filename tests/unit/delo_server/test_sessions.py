"""Signing in and out, expiry, seats, and every sign of being signed out."""

import pytest
import requests

from tests.delo_server import PASSWORD, USER, Delay, DeloServer, Refusal, Sign
from tests.unit.delo_server.client import KEEP_ALIVE, Client


def test_a_session_from_sign_in_to_sign_out(server):
    client = Client(server, sign_in=False)
    assert client.ask(KEEP_ALIVE).status_code == 434
    answer = client.sign_in()
    assert answer.status_code == 200
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert client.ask(KEEP_ALIVE).status_code == 200
    assert server.sessions.open_seats == 1
    cookies = client.http.cookies.copy()
    assert client.sign_out().status_code == 200
    assert (server.sessions.open_seats, server.sessions.sign_outs, server.sign_ins) == (0, 1, 1)
    client.http.cookies = cookies
    assert client.ask(KEEP_ALIVE).status_code == 434
    assert client.http.post(server.logout_url, timeout=5).status_code == 200  # no body, no session: 200 still
    assert server.sessions.sign_outs == 1


def test_every_sign_in_takes_a_seat(server):
    for _ in range(3):
        Client(server)
    assert server.sessions.open_seats == 3
    assert server.sessions.sign_ins == {USER: 3}


@pytest.mark.parametrize("path", ["/CoreHost/gql/query/", "/CoreHost/Gql/Query", "/corehost/gql/query"])
def test_paths_are_known_in_any_case_and_with_a_slash(server, client, path):
    assert client.post(server.url + path, {"query": KEEP_ALIVE}).json()["data"]


@pytest.mark.parametrize("refusal", Refusal)
def test_a_wrong_password_is_refused_without_a_cookie(server, refusal):
    server.sessions.refusal = refusal
    answer = Client(server, sign_in=False).sign_in("неверный")
    assert answer.status_code == int(refusal)
    assert "Set-Cookie" not in answer.headers
    assert server.sessions.failed_sign_ins == {USER: 1}
    assert (server.sign_ins, server.sessions.open_seats) == (0, 0)


def test_credentials_can_be_rejected_from_now_on(server, client):
    server.sessions.reject = True
    assert client.ask(KEEP_ALIVE).status_code == 200
    assert client.sign_in().status_code == 401


def test_an_account_is_locked_after_failures_in_a_row(server):
    server.sessions.lock_after = 2
    client = Client(server, sign_in=False)
    client.sign_in("неверный")
    assert client.sign_in().status_code == 200
    client.sign_in("неверный")
    assert client.sign_in().status_code == 200
    client.sign_in("неверный")
    client.sign_in("неверный")
    assert client.sign_in(PASSWORD).status_code == 401


def test_seats_run_out(server, client):
    server.sessions.seat_limit = 1
    other = Client(server, sign_in=False)
    answer = other.sign_in()
    assert answer.status_code == 403
    assert "лицензий" in answer.json()["message"]
    assert server.failed_sign_ins == 0
    client.sign_out()
    assert other.sign_in().status_code == 200


@pytest.mark.parametrize("sign", [Sign.STATUS_434, Sign.STATUS_401, Sign.STATUS_403])
def test_signed_out_is_a_status(server, client, sign):
    server.sessions.sign = sign
    server.expire_sessions()
    assert client.ask(KEEP_ALIVE).status_code == int(sign)
    assert server.sessions.open_seats == 0


def test_signed_out_is_a_redirect_to_a_page(server, client):
    server.sessions.sign = Sign.REDIRECT
    server.expire_sessions()
    answer = client.ask(KEEP_ALIVE)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/CoreHost/auth/login?ReturnUrl=%2FCoreHost%2Fgql%2Fquery"
    followed = client.ask(KEEP_ALIVE, allow_redirects=True)
    assert followed.status_code == 200
    assert followed.headers["Content-Type"].startswith("text/html")


def test_signed_out_is_a_page_with_status_200(server, client):
    server.sessions.sign = Sign.LOGIN_PAGE
    server.expire_sessions()
    answer = client.ask(KEEP_ALIVE)
    assert answer.status_code == 200
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_session_ends_after_so_many_queries(server, client):
    server.sessions.expire_after_queries = 2
    assert [client.ask(KEEP_ALIVE).status_code for _ in range(3)] == [200, 200, 434]
    client.sign_in()
    assert client.ask(KEEP_ALIVE).status_code == 200


def test_an_idle_session_ends_by_the_given_clock():
    now = [0.0]
    with DeloServer(clock=lambda: now[0]) as server:
        server.sessions.idle_seconds = 1200
        client = Client(server)
        for moment in (1200, 2400):
            now[0] = moment
            assert client.ask(KEEP_ALIVE).status_code == 200
        now[0] = 3601
        assert server.sessions.open_seats == 0
        assert client.ask(KEEP_ALIVE).status_code == 434


def test_signing_in_works_and_nothing_else_does(server, client):
    server.sessions.accept_nothing = True
    assert client.sign_in().status_code == 200
    assert client.ask(KEEP_ALIVE).status_code == 434


def test_a_slow_sign_in(server):
    server.faults.add(Delay(30), on="login")
    with pytest.raises(requests.ReadTimeout):
        Client(server, sign_in=False).post(server.login_url, {}, timeout=0.2)
    assert Client(server).ask(KEEP_ALIVE).status_code == 200


def test_sessions_outlive_a_time_of_being_down(server, client):
    server.go_down()
    server.come_up()
    assert client.ask(KEEP_ALIVE).status_code == 200
