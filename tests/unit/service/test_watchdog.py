"""When a ping is due, and what keeps it from being earned."""

import pytest
from attrs import evolve
from baikaldoc_pos.service.systemd import ping_seconds
from baikaldoc_pos.service.watchdog import HealthSnapshot, JournalFault, health_problems

WELL = HealthSnapshot(scheduler_alive=True, pulse_age=0.5, stalled={"cycle": 10.0}, stall_limit=60.0)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 20.0),
        ({"WATCHDOG_USEC": "60000000"}, 20.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, None),
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_a_third_of_what_systemd_asks_of_this_process(environ: dict[str, str], expected: float | None) -> None:
    assert ping_seconds(environ, pid=7) == expected


@pytest.mark.parametrize(
    ("change", "event", "restart_helps"),
    [
        ({"scheduler_alive": False}, "watchdog.scheduler_dead", True),
        ({"pulse_age": 31.0}, "watchdog.scheduler_late", True),
        ({"stalled": {"keep_alive": 1.0, "cycle": 61.0}}, "watchdog.job_stalled", True),
        ({"journal_fault": JournalFault("read-only file system")}, "watchdog.journal_fault", True),
        ({"journal_fault": JournalFault("disk is full", disk_full=True)}, "watchdog.disk_full", False),
    ],
)
def test_each_problem_is_named_and_costs_the_ping_where_a_restart_helps(change, event, restart_helps) -> None:
    assert not health_problems(WELL)
    (problem,) = health_problems(evolve(WELL, **change))
    assert (problem.event, problem.restart_helps) == (event, restart_helps)
