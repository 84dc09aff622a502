"""The watchdog under a real systemd: pings are earned; what is stuck is restarted, its stacks in the journal."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.delo_server import PASSWORD, DeloServer, Drip, Hang
from tests.systemd.box import SystemdBox
from tests.systemd.service import UNIT, Service, new_rubric, recent_rubrics, wrong_or_missing

pytestmark = pytest.mark.systemd

# Put before the package by PYTHONPATH: a cycle's thread that waits for ever, once.
WEDGE = """
import os, threading
from baikaldoc_pos.service import jobs

def wedged_for_ever(means):
    if not os.path.exists("/var/lib/baikaldoc-pos/wedged"):
        open("/var/lib/baikaldoc-pos/wedged", "w").close()
        threading.Event().wait()
    return original(means)

original = jobs.run_cycle
jobs.run_cycle = wedged_for_ever
"""

# As WEDGE: something that nobody has thought of.
BROKEN = f"""
from baikaldoc_pos.service import daemon

def broken(self):
    raise RuntimeError("a defect of ours, beside {PASSWORD}")

daemon.Daemon._refresh_state = broken
"""


@pytest.fixture
def server() -> Iterator[DeloServer]:
    with DeloServer(recent_rubrics(60)) as running:
        yield running


def test_stopped_process_is_restarted_with_its_stacks_in_the_journal(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    before = service.pid
    service.send("STOP")
    service.wait(lambda: service.pid not in {0, before}, "a watchdog restart")
    told = box.messages(UNIT)
    assert "Watchdog timeout" in told
    assert "most recent call first" in told
    service.wait(lambda: service.finished_cycles() == 2, "a cycle of the next process")
    assert server.sign_ins == 1


@pytest.mark.slow
def test_process_that_was_frozen_for_a_moment_goes_on(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    service.drop_in("WatchdogSec=30", "slow")
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    before = service.pid
    for _ in range(3):
        service.send("STOP")
        # What is tried is that time passes: the loop's wait for a signal has to be over by then.
        time.sleep(1.5)
        service.send("CONT")
        finished = service.finished_cycles()
        service.send("USR1")
        service.wait(lambda done=finished: service.finished_cycles() > done, "a cycle afterwards")
    assert service.pid == before
    assert server.sign_ins == 1


def test_defect_that_ends_the_service_is_among_the_errors(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    box.write("/usr/local/lib/wedge/sitecustomize.py", BROKEN)
    service.drop_in("Environment=PYTHONPATH=/usr/local/lib/wedge\nRestart=no", "wedge")
    service.systemctl("start", check=False)
    box.wait_for(UNIT, ActiveState="failed")
    assert box.show(UNIT, "ExecMainStatus") == "70"
    told = box.messages(UNIT, "-p", "err")
    assert "дефект программы" in told
    assert "a defect of ours" in told
    assert PASSWORD not in told


@pytest.mark.slow
def test_wedged_job_is_restarted_with_its_stacks_in_the_journal(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server, limits={"stuckMinutes": 0.05, "requestSeconds": 1})
    box.write("/usr/local/lib/wedge/sitecustomize.py", WEDGE)
    service.drop_in("Environment=PYTHONPATH=/usr/local/lib/wedge", "wedge")
    service.start()
    service.wait(lambda: service.restarts >= 1, "a watchdog restart")
    told = box.messages(UNIT)
    assert "не продвигается" in told
    assert "wedged_for_ever" in told
    service.wait(lambda: not wrong_or_missing(server), "the next process to do the work")


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Hang(), Drip("headers", 0.2)], ids=["hangs", "drips"])
def test_slow_or_dead_delo_never_costs_a_restart(box: SystemdBox, server: DeloServer, fault: Hang | Drip) -> None:
    limits = {"requestSeconds": 2, "stuckMinutes": 0.05, "cycleMinutes": 0.02}
    service = Service(box, server, limits=limits, schedule={"intervalMinutes": 0.02})
    server.faults.add(fault, times=None)
    service.start()
    service.wait(lambda: service.finished_cycles() >= 3, "cycles that fail")
    server.go_down()
    seen = service.finished_cycles()
    service.wait(lambda: service.finished_cycles() >= seen + 2, "cycles that fail")
    assert service.restarts == 0
    server.faults.clear()
    server.come_up()
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")
    assert service.restarts == 0


@pytest.mark.slow
def test_rejected_credentials_are_tried_once_in_twenty_cycles(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server, schedule={"intervalMinutes": 0.01})
    service.connection["password"] = "wrong"
    service.save()
    service.start()
    service.wait(lambda: service.finished_cycles() >= 20, "twenty cycles", timeout=40)
    assert server.failed_sign_ins == 1
    assert "отклонило вход" in service.status
    # A reload says that somebody has looked at it.
    service.connection["password"] = "Не-пароль-1"
    service.save()
    service.systemctl("reload")
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")
    assert server.failed_sign_ins == 1


@pytest.mark.slow
def test_a_hundred_cycles_leave_no_trace_in_memory_threads_and_files(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server, schedule={"intervalMinutes": 0.001})
    service.start()
    service.wait(lambda: service.finished_cycles() >= 30, "thirty cycles", timeout=60)
    early = _usage(box, service.pid)
    isn = 500_000_000
    while service.finished_cycles() < 130:
        isn += 1
        server.store.add(new_rubric(isn))
        service.wait(lambda isn=isn: server.store[isn].pos, "the new rubric's status")
    late = _usage(box, service.pid)
    # Each of the two pools of jobs makes its second worker the first time that two of its jobs meet.
    assert late["threads"] <= early["threads"] + 2
    # The journal's pool opens a second connection the first time that two threads need one: three files.
    assert late["files"] <= early["files"] + 3
    assert late["kilobytes"] < early["kilobytes"] * 1.1
    assert service.restarts == 0


def _usage(box: SystemdBox, pid: int) -> dict[str, int]:
    """The least of several looks: a request in flight has a thread and files of its own."""
    looks = [_look(box, pid) for _ in range(10)]
    return {what: min(look[what] for look in looks) for what in looks[0]}


def _look(box: SystemdBox, pid: int) -> dict[str, int]:
    status = dict(line.split(":", 1) for line in box.read(f"/proc/{pid}/status").splitlines() if ":" in line)
    return {
        "threads": int(status["Threads"]),
        "kilobytes": int(status["VmRSS"].split()[0]),
        "files": len(box.run("ls", f"/proc/{pid}/fd").stdout.split()),
    }
