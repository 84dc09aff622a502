"""The sections http and metrics."""

from pathlib import Path

import pytest
from baikaldoc_pos.config import TcpAddress, UnixAddress, load_configuration, warnings_of

from tests.unit.config.files import faults_of, places, valid, write


def with_service(**service: object) -> dict[str, object]:
    return valid() | {"service": service}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9318", TcpAddress("127.0.0.1", 9318)),
        ("[::1]:9318", TcpAddress("::1", 9318)),
        ("localhost:1", TcpAddress("localhost", 1)),
        ("unix:/run/baikaldoc-pos/http.sock", UnixAddress(Path("/run/baikaldoc-pos/http.sock"))),
        (None, None),
    ],
)
def test_addresses(tmp_path, text, address):
    http = load_configuration(write(tmp_path, with_service(http={"listen": text})), {}).service.http
    assert http.listen == address
    assert text is None or str(http.listen) == text


@pytest.mark.parametrize(
    "text",
    [
        *("9318", ":9318", "host", "host:0", "host:65536", "host:http", "http://host:1", "::1:9318", "unix:", "unix:x"),
        *("a b:1", "user@host:1", "unix:/" + "x" * 200, "хост:1", "host:1 "),
    ],
)
def test_not_addresses(tmp_path, text):
    assert places(faults_of(tmp_path, with_service(http={"listen": text}))) == {
        ("service", "http.listen", "wrong_value")
    }


def test_names_are_compared_without_case_and_faults_are_told_one_by_one(tmp_path):
    http = {"allowedHosts": ["Pos.Example.org", "10.1.2.3"]}
    assert load_configuration(write(tmp_path, with_service(http=http)), {}).service.http.allowed_hosts == (
        "pos.example.org",
        "10.1.2.3",
    )
    http = {"allowedHosts": ["good", "bad:80", 5, ""]}
    assert places(faults_of(tmp_path, with_service(http=http))) == {
        ("service", f"http.allowedHosts[{n}]", "wrong_type") for n in (1, 2, 3)
    }


def test_the_textfile(tmp_path):
    good = with_service(metrics={"textfile": "/var/lib/node_exporter/pos.prom"})
    assert load_configuration(write(tmp_path, good), {}).service.metrics.textfile == Path(
        "/var/lib/node_exporter/pos.prom"
    )
    for bad in ("pos.prom", "/var/lib/pos.txt", "/var/lib/"):
        assert places(faults_of(tmp_path, with_service(metrics={"textfile": bad}))) == {
            ("service", "metrics.textfile", "wrong_value")
        }


@pytest.mark.parametrize(
    ("listen", "open_"), [("127.0.0.1:1", False), ("localhost:1", False), ("[::1]:1", False), ("0.0.0.0:1", True)]
)
def test_a_page_open_to_the_network_is_told(tmp_path, listen, open_):
    configuration = load_configuration(write(tmp_path, with_service(http={"listen": listen})), {})
    problems = [notice.problem for notice in warnings_of(configuration, tmp_path)]
    assert ("config.notice.http_open" in problems) == open_
