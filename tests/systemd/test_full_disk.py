"""A full disk under the service, which no restart mends: it lives on, writes nothing, and goes on by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.delo_server import DeloServer
from tests.mail_server import MailServer, text_of
from tests.systemd.box import SystemdBox
from tests.systemd.service import UNIT, Service, new_rubric, recent_rubrics, wrong_or_missing

pytestmark = pytest.mark.systemd

STATE = "/var/lib/baikaldoc-pos"
WATCHDOG_SECONDS = 3
START_SECONDS = 4


@pytest.fixture
def server() -> Iterator[DeloServer]:
    with DeloServer(recent_rubrics(5)) as running:
        yield running


@pytest.fixture
def service(box: SystemdBox, server: DeloServer) -> Service:
    """The service with a small disk of its own for its state."""
    box.run("sh", "-ec", f"mkdir -p {STATE}; mount -t tmpfs -o size=3m tmpfs {STATE}; chown baikaldoc-pos: {STATE}")
    made = Service(box, server, schedule={"intervalMinutes": 0.02})
    made.drop_in(f"WatchdogSec={WATCHDOG_SECONDS}\nTimeoutStartSec={START_SECONDS}", "times")
    return made


def fill(box: SystemdBox) -> None:
    box.run("sh", "-c", f"cat /dev/zero > {STATE}/filling", check=False)


def seconds_since(microseconds: str) -> float:
    """By the clock of systemd, in whose eyes it may have taken too long."""
    return time.monotonic() - int(microseconds) / 1_000_000


def test_full_disk_costs_no_restart_and_the_work_goes_on_once_there_is_space(
    box: SystemdBox, server: DeloServer, service: Service
) -> None:
    service.start()
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")
    fill(box)
    server.store.add(new_rubric(200_000_001))
    service.wait(lambda: "нет места" in service.status, "STATUS= to say that the disk is full")
    assert "нет места" in box.messages(UNIT, "-p", "err")
    # How a reload went is known all the same.
    service.processing["batchSize"] = 0
    service.save()
    assert service.systemctl("reload", check=False).returncode != 0
    service.processing["batchSize"] = 20
    service.save()
    service.systemctl("reload")
    full_since = box.journal(UNIT, "--grep", "нет места")[0]["__MONOTONIC_TIMESTAMP"]
    service.wait(lambda: seconds_since(full_since) > 2 * WATCHDOG_SECONDS, "longer than systemd would wait for a ping")
    assert service.restarts == 0
    assert server.store[200_000_001].pos is None, "written without the journal"
    box.run("rm", f"{STATE}/filling")
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")
    service.wait(lambda: "нет места" not in service.status, "STATUS= to say that all is well")
    assert service.restarts == 0


@pytest.mark.slow
def test_start_on_a_full_disk_waits_for_space(box: SystemdBox, server: DeloServer, service: Service) -> None:
    fill(box)
    box.run("systemctl", "start", "--no-block", UNIT)
    service.wait(lambda: "нет места" in service.status, "STATUS= to say that the disk is full")
    service.wait(
        lambda: seconds_since(box.show(UNIT, "ExecMainStartTimestampMonotonic")) > START_SECONDS + 1,
        "longer than a start may take",
    )
    assert box.show(UNIT, "ActiveState") == "activating"
    box.run("rm", f"{STATE}/filling")
    box.wait_for(UNIT, ActiveState="active")
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")
    assert service.restarts == 0


@pytest.mark.slow
def test_start_that_waits_for_space_can_be_stopped(box: SystemdBox, server: DeloServer, service: Service) -> None:
    fill(box)
    box.run("systemctl", "start", "--no-block", UNIT)
    service.wait(lambda: "нет места" in service.status, "STATUS= to say that the disk is full")
    service.systemctl("stop")
    assert box.show(UNIT, "Result") == "success"


@pytest.mark.slow
def test_people_are_told_of_a_full_disk_and_that_it_is_over(
    box: SystemdBox, server: DeloServer, service: Service
) -> None:
    with MailServer() as mailbox:
        service.service["alerts"] = {
            "recipients": ["admin@example.org"],
            "sender": "pos@example.org",
            "host": "127.0.0.1",
            "port": mailbox.port,
            "security": "none",
        }
        service.save()
        service.start()
        service.wait(lambda: not wrong_or_missing(server), "every status to be set")
        fill(box)
        service.wait(lambda: mailbox.mails, "the mail about the journal", timeout=60)
        assert STATE in text_of(mailbox.mails[0])
        box.run("rm", f"{STATE}/filling")
        service.wait(lambda: len(mailbox.mails) == 2, "the mail that it is over", timeout=60)
    assert mailbox.mails[1]["In-Reply-To"] == mailbox.mails[0]["Message-ID"]
