"""What really arrives on systemd's socket."""

import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from baikaldoc_pos.service.systemd import Notifier


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        path = tmp_path / "notify"
        listening.bind(str(path))
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield listening


def received(manager: socket.socket) -> dict[str, str]:
    lines = manager.recv(65536).decode("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize(
    ("status", "arrives"),
    [
        ("Последний успешный цикл: 12:30 — «всё» 🙂", "Последний успешный цикл: 12:30 — «всё» 🙂"),
        ("a\0b \ud800 \x1b[31m", "a\ufffdb \ufffd \ufffd[31m"),
        ("раз\nREADY=1\r\n два", "раз READY=1 два"),
    ],
)
def test_nothing_in_a_status_makes_systemd_ignore_it(manager: socket.socket, status: str, arrives: str) -> None:
    Notifier().status(status)
    assert received(manager) == {"STATUS": arrives}


def test_status_fits_into_what_systemd_accepts_whatever_the_server_said(manager: socket.socket) -> None:
    Notifier().status("ы" * 2200)
    datagram = manager.recv(65536)
    assert len(datagram) <= 4096 - 1, "systemd ignores the whole of it"
    said = datagram.decode("utf-8").removeprefix("STATUS=")
    assert said == "ы" * (len(said) - 1) + "…"
    assert len(said) > 900


@pytest.mark.timeout(20)
def test_nobody_is_held_up_where_nobody_reads_and_the_latest_arrives_afterwards(manager: socket.socket) -> None:
    notifier = Notifier()
    for number in range(2000):  # more than any queue holds
        notifier.status(str(number))
    notifier.ready()
    while select.select([manager], [], [], 0)[0]:
        manager.recv(65536)
    notifier.watchdog()
    assert [received(manager) for _ in range(3)] == [{"STATUS": "1999"}, {"READY": "1"}, {"WATCHDOG": "1"}]


def test_a_manager_that_is_gone_is_no_error(manager: socket.socket) -> None:
    notifier = Notifier()
    manager.close()
    notifier.ready()
