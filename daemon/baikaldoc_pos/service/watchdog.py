"""When the watchdog is pinged: what systemd asks for, and the facts that a ping has to be earned by. Pure."""

import os
from collections.abc import Mapping, Sequence

from attrs import frozen

from baikaldoc_pos.state import HealthProblem

PINGS_PER_PERIOD = 3
# The scheduler's own thread runs a job this often; being late by more than the tolerance, it is dead or stuck.
PULSE_SECONDS = 1.0
PULSE_TOLERANCE_SECONDS = 30.0
JOURNAL_FAULT = "watchdog.journal_fault"
DISK_FULL = "watchdog.disk_full"
JOURNAL_AILMENTS = frozenset({JOURNAL_FAULT, DISK_FULL})


def ping_seconds(environ: Mapping[str, str], pid: int | None = None) -> float | None:
    """How often to ping: a third of WATCHDOG_USEC; None where systemd does not watch this process."""
    try:
        period = int(environ["WATCHDOG_USEC"]) / 1_000_000
        watched = int(environ.get("WATCHDOG_PID", "0"))
    except (KeyError, ValueError):
        return None
    if period <= 0 or watched not in {0, os.getpid() if pid is None else pid}:
        return None
    return period / PINGS_PER_PERIOD


@frozen
class JournalFault:
    """Why the journal cannot be written.

    :param disk_full: there is no space left for it, which is over by itself and not by a restart.
    """

    reason: str
    disk_full: bool = False


@frozen
class HealthSnapshot:
    """What is known of the service's health at one moment; ages in seconds.

    :param scheduler_alive: whether the scheduler's thread runs.
    :param pulse_age: since the scheduler last ran its pulse.
    :param stalled: names of running jobs, each with the seconds since its last progress.
    :param stall_limit: how long a job may go without progress.
    :param journal_fault: why the journal cannot be written, where it cannot.
    """

    scheduler_alive: bool
    pulse_age: float
    stalled: Mapping[str, float]
    stall_limit: float
    journal_fault: JournalFault | None = None


def health_problems(
    vitals: HealthSnapshot, pulse_tolerance: float = PULSE_TOLERANCE_SECONDS
) -> Sequence[HealthProblem]:
    """Everything that is wrong. The ping is earned where nothing of it is mended by a restart."""
    found = []
    if not vitals.scheduler_alive:
        found.append(HealthProblem("watchdog.scheduler_dead", {}))
    elif vitals.pulse_age > pulse_tolerance:
        found.append(HealthProblem("watchdog.scheduler_late", {"seconds": round(vitals.pulse_age)}))
    for job, age in vitals.stalled.items():
        if age > vitals.stall_limit:
            found.append(HealthProblem("watchdog.job_stalled", {"job": job, "seconds": round(age)}))
    if vitals.journal_fault is not None:
        fields = {"reason": vitals.journal_fault.reason}
        if vitals.journal_fault.disk_full:
            found.append(HealthProblem(DISK_FULL, fields, restart_helps=False))
        else:
            found.append(HealthProblem(JOURNAL_FAULT, fields))
    return found
