"""The watchdog's pings, and what they have to be earned by: jobs that get on, and a journal that can be written.

A full disk costs no ping: no restart mends that, and it is over by itself once there is space.
"""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from attrs import frozen

from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.service.systemd import Notifier
from baikaldoc_pos.state import HealthProblem

log = EventLog(__name__)

SLICE_SECONDS = 1.0
# The scheduler's own thread runs a job this often; being late by more than the tolerance, it is dead or stuck.
PULSE_SECONDS = 5.0
PULSE_TOLERANCE_SECONDS = 30.0
JOURNAL_FAULT = "watchdog.journal_fault"
DISK_FULL = "watchdog.disk_full"
JOURNAL_AILMENTS = frozenset({JOURNAL_FAULT, DISK_FULL})
# What SQLite says of ENOSPC; a quota that is used up, or too little space for its -shm, is "disk I/O error" to it.
_SAID = "database or disk is full"
_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT})
# A transaction takes several pages, each of which is written to -wal first.
PROBE_BYTES = 64 * 1024


class JobMonitor:
    """The running jobs with the time of their last progress. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[int, tuple[str, float]] = {}

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """The calling thread does this job while the context lasts."""
        thread = threading.get_ident()
        with self._lock:
            self._jobs[thread] = (name, time.monotonic())
        try:
            yield
        finally:
            with self._lock:
                del self._jobs[thread]

    def progress(self) -> None:
        """The calling thread's job has got on; nothing where it does no job."""
        thread = threading.get_ident()
        with self._lock:
            if thread in self._jobs:
                self._jobs[thread] = (self._jobs[thread][0], time.monotonic())

    def ages(self) -> Mapping[str, float]:
        """The running jobs, each with the seconds since its last progress."""
        now = time.monotonic()
        with self._lock:
            return {name: now - at for name, at in self._jobs.values()}


class ServiceClock(SystemClock):
    """The real clock; a job that waits on purpose (back-off, Retry-After) is getting on."""

    def __init__(self, stop: threading.Event, monitor: JobMonitor) -> None:
        super().__init__(stop)
        self._monitor = monitor

    def pause(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:
            super().pause(min(left, SLICE_SECONDS))
            self._monitor.progress()


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
    snapshot: HealthSnapshot, pulse_tolerance: float = PULSE_TOLERANCE_SECONDS
) -> Sequence[HealthProblem]:
    """Everything that is wrong. The ping is earned where nothing of it is mended by a restart."""
    found = []
    if not snapshot.scheduler_alive:
        found.append(HealthProblem("watchdog.scheduler_dead", {}))
    elif snapshot.pulse_age > pulse_tolerance:
        found.append(HealthProblem("watchdog.scheduler_late", {"seconds": round(snapshot.pulse_age)}))
    for job, age in snapshot.stalled.items():
        if age > snapshot.stall_limit:
            found.append(HealthProblem("watchdog.job_stalled", {"job": job, "seconds": round(age)}))
    if snapshot.journal_fault is not None:
        fields = {"reason": snapshot.journal_fault.reason}
        if snapshot.journal_fault.disk_full:
            found.append(HealthProblem(DISK_FULL, fields, restart_helps=False))
        else:
            found.append(HealthProblem(JOURNAL_FAULT, fields))
    return found


class Watchdog:
    """Pings the service manager where that is due and earned, and tells what is wrong.

    :param seconds: how often a ping is due; None where the unit has no watchdog.
    :param look: what is known of the service's health now.
    :param changed: is given what is wrong whenever that is something else than before.
    """

    def __init__(
        self,
        notifier: Notifier,
        seconds: float | None,
        look: Callable[[], HealthSnapshot],
        changed: Callable[[Sequence[HealthProblem]], None],
    ) -> None:
        self._notifier = notifier
        self._seconds = seconds
        self._look = look
        self._changed = changed
        self._pinged_at = -float("inf")
        self._known: set[str] = set()

    def ping(self) -> None:
        """Look whether a ping is due, and whether it is earned."""
        if self._seconds is None or time.monotonic() - self._pinged_at < self._seconds * 0.9:
            return
        found = health_problems(self._look(), pulse_tolerance=self._seconds * 2)
        if not any(problem.restart_helps for problem in found):
            self._notifier.watchdog()
            self._pinged_at = time.monotonic()
        events = {problem.event for problem in found}
        if events != self._known:
            self._known = events
            for problem in found:
                log.error(problem.event, **problem.fields)
            self._changed(found)


def is_held(fault: JournalUnavailable) -> bool:
    """Whether another process had the journal for so long that it could not be opened."""
    return "database is locked" in str(fault.fields["reason"])


def disk_is_full(fault: JournalUnavailable, directory: Path) -> bool:
    """Whether there is no room in the journal's directory for what could not be written."""
    return _SAID in str(fault.fields["reason"]) or not has_room(directory)


def has_room(directory: Path) -> bool:
    """Whether something can be written there; True where something else than space is wrong."""
    try:
        with TemporaryFile(dir=directory, buffering=0) as probe:
            probe.write(bytes(PROBE_BYTES))
            os.fsync(probe.fileno())
    except OSError as refusal:
        return refusal.errno not in _ERRNOS
    return True
