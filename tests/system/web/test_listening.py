"""An address that is taken is tried again, and told of once; a crowd of half requests keeps no probe out."""

import logging
import socket
from contextlib import ExitStack

import pytest
import requests

from tests.mail_server import free_port


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.event for record in caplog.records if record.event.startswith("http.")]


def occupy(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def test_a_busy_address_is_told_once_and_served_when_it_is_free(installed, caplog):
    port = installed.configuration.service.http.listen.port
    with occupy(port), installed.start() as reporting, caplog.at_level(logging.INFO):
        for _ in range(3):
            reporting.review()
        assert told(caplog) == ["http.not_listening"]
        assert reporting.page_fault == {"address": f"127.0.0.1:{port}", "reason": "Address already in use"}
    with installed.start() as reporting:
        assert reporting.page_fault is None


def test_the_page_comes_back_by_itself(installed, caplog):
    listener = occupy(installed.configuration.service.http.listen.port)
    with installed.start() as reporting, caplog.at_level(logging.INFO):
        listener.close()
        reporting.review()
        reporting.review()
        assert installed.get("/healthz").status_code == 200
        installed.fares(
            page_fault={"address": "127.0.0.1", "reason": "Address already in use"}
        )  # the state is a moment behind
        assert "уже занят" not in installed.get("/").text
        assert told(caplog) == ["http.not_listening", "http.listening"]
        assert reporting.page_fault is None


def test_a_reload_tries_at_once_and_tells_of_it_anew(installed, caplog):
    listener = occupy(installed.configuration.service.http.listen.port)
    with installed.start() as reporting, caplog.at_level(logging.INFO):
        reporting.reload()
        assert told(caplog) == ["http.not_listening"] * 2
        listener.close()
        reporting.reload()
        assert installed.get("/healthz").status_code == 200


def test_a_reload_onto_a_busy_address_is_a_fault_until_it_is_free(reported):
    port = free_port()
    with occupy(port):
        reported.configure(http={"listen": f"127.0.0.1:{port}"})
        reported.reporting.reload()
        assert reported.reporting.page_fault == {"address": f"127.0.0.1:{port}", "reason": "Address already in use"}
    reported.reporting.review()
    assert reported.reporting.page_fault is None
    assert reported.get("/healthz").status_code == 200
    reported.configure()
    reported.reporting.reload()
    assert reported.reporting.page_fault is None


def test_a_review_after_the_end_serves_nothing(installed):
    with installed.start() as reporting:
        pass
    reporting._serve()
    with pytest.raises(requests.ConnectionError):
        installed.get("/healthz")


@pytest.mark.parametrize("count", [60, 400])
def test_a_crowd_of_half_requests_does_not_keep_a_probe_out(reported, count):
    address = ("127.0.0.1", reported.configuration.service.http.listen.port)
    with ExitStack() as open_connections:
        for _ in range(count):
            idle = open_connections.enter_context(socket.create_connection(address, 10))
            idle.sendall(b"GET / HTTP/1.1\r\nHost: localh")
        assert reported.get("/healthz").status_code == 200  # within its ten seconds


def test_a_server_that_ends_while_it_is_still_being_told_to(installed):
    """Its loop may wake, and end, before whoever wakes it has finished doing so."""
    with installed.start() as reporting:
        assert installed.get("/healthz").status_code == 200
        running = reporting._site._running
        pull = running._server.trigger._physical_pull

        def pull_slowly():
            pull()
            running._thread.join(10)
            assert not running._thread.is_alive()
            pull()

        running._server.trigger._physical_pull = pull_slowly
