"""Over real HTTP: who is answered, with which headers, and what the health check says."""

import logging
import socket
import threading
from datetime import timedelta
from urllib.parse import quote

import pytest
from attrs import evolve
from baikaldoc_pos.config import TcpAddress, UnixAddress
from baikaldoc_pos.model import UnmappedStatus
from baikaldoc_pos.monitoring import StatusSite

from tests.system.web.conftest import NOW, SETTINGS
from tests.system.web.history import rubric, with_trouble

PAGES = ("/", "/search", "/search?q=1", "/healthz", "/metrics", "/nothing-here")


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_security_headers_and_no_banner(client, path):
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Server" not in answer.headers
    assert "bottle" not in answer.text.lower()


@pytest.mark.parametrize("path", PAGES)
def test_only_get_and_head_are_answered(client, path):
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "FOO"):
        assert client.get(path, method).status_code == 405


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics"])
def test_head_is_get_without_the_body(client, path):
    answer = client.get(path, "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9318", "[::1]:1", "pos.example.org", "POS.example.org:443"])
def test_own_hosts_are_answered(client, host):
    assert client.get("/", Host=host).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_foreign_hosts_are_refused(client, path):
    for host in ("evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost@evil", "a b"):
        answer = client.get(path, Host=host)
        assert answer.status_code == 421
        assert "Статус" not in answer.text


@pytest.mark.parametrize(("path", "status"), [("/", b" 421 "), ("/metrics", b" 421 "), ("/healthz", b" 200 ")])
def test_without_a_host_only_a_probe_is_answered(client, path, status):
    with socket.create_connection(("127.0.0.1", client.site.port), 5) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        assert status in connection.recv(4096)


def test_all_is_well(client):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"level": "green", "state": "Следующий цикл: 12:06.", "reasons": []}
    assert client.get("/healthz?lang=en").json()["state"] == "Next cycle: 12:06."


def test_what_waits_is_told_and_is_no_failure(client, service):
    with_trouble(service.journal, NOW)
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert [reason["event"] for reason in answer.json()["reasons"]] == ["health.retries", "health.unmapped"]


def test_a_service_that_does_not_work_is_unhealthy(client, service):
    service.fares(last_success=NOW - timedelta(hours=2))
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["level"] == "red"
    assert [reason["event"] for reason in answer.json()["reasons"]] == ["health.late"]


def test_a_journal_that_is_gone_is_told_on_every_page(client, service, tmp_path):
    (tmp_path / "state" / "journal.sqlite3").rename(tmp_path / "elsewhere")
    assert client.get("/healthz").json()["reasons"][0]["event"] == "journal.unavailable"
    for path in ("/", "/search?q=1", "/healthz"):
        assert client.get(path).status_code == 503
    assert client.get("/metrics").status_code == 200


def test_metrics_are_passed_on_as_they_are(client):
    answer = client.get("/metrics")
    assert (answer.content, answer.headers["Content-Type"]) == (b"up 1\n", "text/plain; version=0.0.4")


def test_a_long_query_is_refused(client):
    assert client.get("/search?q=" + "1" * 200).status_code == 400
    assert client.get("/search?q=" + "1" * 5000).status_code == 414


@pytest.mark.parametrize("character", ["1", "Ж", "№", "𝛀", "🙂"])
def test_a_query_of_a_hundred_characters_of_any_script_is_answered_and_a_longer_one_told_so(client, character):
    assert client.get(f"/search?lang=en&q={quote(character * 100)}").status_code == 200
    answer = client.get(f"/search?lang=en&q={quote(character * 101)}")
    assert answer.status_code == 400
    assert "The query is longer than 100 characters" in answer.text


@pytest.mark.parametrize("path", ["/%ff", "/search%ff?q=1", "/%D0", "/healthz%ff", "/nothing-here"])
def test_an_address_that_there_is_not_is_told(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Такой страницы нет" in answer.text


def test_an_unknown_language_is_the_configured_one(client):
    assert '<html lang="ru">' in client.get("/?lang=xx").text
    assert '<html lang="en">' in client.get("/?lang=en").text


def test_nothing_listens_where_no_address_is_set(service):
    site = StatusSite(evolve(SETTINGS, listen=None), service.sources())
    site.start()
    assert site.port is None
    site.stop()


def test_a_taken_port_is_logged_and_the_service_goes_on(client, service, caplog):
    taken = StatusSite(evolve(SETTINGS, listen=TcpAddress("127.0.0.1", client.site.port)), service.sources())
    with caplog.at_level(logging.ERROR):
        taken.start()
    assert [record.event for record in caplog.records] == ["http.not_listening"]
    taken.stop()
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("address", [TcpAddress("192.0.2.1", 9318), TcpAddress("no.such.host.invalid", 9318)])
def test_an_address_of_another_host_is_logged(service, caplog, address):
    site = StatusSite(evolve(SETTINGS, listen=address), service.sources())
    with caplog.at_level(logging.ERROR):
        site.start()
    assert [record.event for record in caplog.records] == ["http.not_listening"]


def test_a_site_that_stopped_frees_its_port_and_its_threads(client, service):
    assert client.get("/").status_code == 200
    port = client.site.port
    with socket.create_connection(("127.0.0.1", port), 5) as idle:
        idle.sendall(b"GET /nothing-here HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(65536).startswith(b"HTTP/1.1 404")
        client.site.stop()
        assert b"HTTP" not in b"".join(iter(lambda: idle.recv(65536), b""))
    for thread in threading.enumerate():
        if thread.name.startswith(("http", "waitress")):
            thread.join(5)
            assert not thread.is_alive()
    again = StatusSite(evolve(SETTINGS, listen=TcpAddress("127.0.0.1", port)), service.sources())
    again.start()
    assert again.port == port
    again.stop()


def ask_unix(path) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_a_unix_socket(service, tmp_path):
    path = tmp_path / "http.sock"
    left_behind = socket.socket(socket.AF_UNIX)
    left_behind.bind(str(path))
    left_behind.close()
    site = StatusSite(evolve(SETTINGS, listen=UnixAddress(path)), service.sources())
    site.start()
    assert b" 200 OK" in ask_unix(path)
    assert path.stat().st_mode & 0o777 == 0o660
    site.stop()
    assert not path.exists()


def test_a_unix_socket_in_use_and_another_file_are_left_alone(service, tmp_path, caplog):
    path, file = tmp_path / "http.sock", tmp_path / "file"
    file.write_text("precious")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        for where in (path, file):
            site = StatusSite(evolve(SETTINGS, listen=UnixAddress(where)), service.sources())
            site.start()
            site.stop()
    assert [record.event for record in caplog.records if record.levelno >= logging.ERROR] == ["http.not_listening"] * 2
    assert path.exists()
    assert file.read_text() == "precious"


def test_what_comes_from_outside_is_escaped(client, service):
    evil = "<script>alert(1)</script>\"'&\u202e"
    service.sentence["ru"] = evil
    service.journal.remember_unmapped([rubric(77, evil, evil)], NOW)
    assert service.reader.unmapped_summary() == [UnmappedStatus(evil, 1, (evil,))]
    for path in ("/", "/search?q=77", f"/search?q={evil}"):
        page = client.get(path).text
        assert "<script" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "\u202e" not in page
