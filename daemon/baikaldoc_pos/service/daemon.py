"""Being a daemon: start, a loop that acts on signals and earns the watchdog's pings, and a clean end.

Signals are blocked in every thread and taken by the loop one at a time, so nothing ever happens inside a handler.
SIGTERM and SIGINT end the service (a second one at once), SIGHUP reloads, SIGUSR1 asks for a cycle now.
"""

import faulthandler
import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import datetime, timedelta
from typing import TypeVar

from baikaldoc_pos.assembly import open_journal
from baikaldoc_pos.config import Configuration, Paths
from baikaldoc_pos.delo import RequestReport
from baikaldoc_pos.errors import JournalUnavailable, StopRequested
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import Journal, JournalReader, PauseFile, StateLock, holder_of
from baikaldoc_pos.service.context import ActiveConfig, ServiceContext, WallClock, intervals
from baikaldoc_pos.service.jobs import Jobs
from baikaldoc_pos.service.monitoring import Monitoring
from baikaldoc_pos.service.reload import Reload, runtime_directory
from baikaldoc_pos.service.scheduler import Scheduler
from baikaldoc_pos.service.session import SessionManager
from baikaldoc_pos.service.shutdown import Shutdown, own_unit, retry_until_possible, wait_tick
from baikaldoc_pos.service.state import StateHolder, status_line
from baikaldoc_pos.service.systemd import SIGNALS, Notifier, ping_seconds, take_signal
from baikaldoc_pos.service.watchdog import (
    PULSE_SECONDS,
    HealthSnapshot,
    JobMonitor,
    JournalFault,
    ServiceClock,
    Watchdog,
    disk_is_full,
)
from baikaldoc_pos.state import HealthProblem, Phase, ServiceState
from baikaldoc_pos.sync import CycleReport

log = EventLog(__name__)
T = TypeVar("T")
# How often the loop looks at what no signal tells: a pause, the clock, files that fail.
LOOK_SECONDS = 5.0


class Daemon:
    """The service from start to end.

    :param configuration: the one to begin with.
    """

    def __init__(self, context: ServiceContext, configuration: Configuration) -> None:
        self._context = context
        self._in_force = ActiveConfig(configuration)
        self._stop = threading.Event()
        self._monitor = JobMonitor()
        self._clock = ServiceClock(self._stop, self._monitor)
        self._wall_clock = WallClock(self._clock)
        self._notifier = Notifier()
        self._state = StateHolder(self._announce, lambda: self._in_force.masker)
        self._sessions = SessionManager(
            self._clock, self._observe, runtime_directory(context.environ), context.paths.state
        )
        self._ping_seconds = ping_seconds(context.environ)
        # The pulse is younger than two pings as long as the scheduler's thread lives.
        self._scheduler = Scheduler(self._planned, min(PULSE_SECONDS, self._ping_seconds or PULSE_SECONDS))
        self._reloads = Reload(context, self._in_force, self._sessions, self._scheduler, self._state, self._clock)
        self._pause = PauseFile(context.paths.state)
        self._reporting: Monitoring | None = None

    def run(self) -> int:
        """Serve until a signal ends it; returns the exit code.

        :raises StateLocked: another process works on the state directory.
        :raises JournalUnavailable: at the start, where it is not the disk that is full; later it costs the ping.
        :raises BookmarkUnreadable: the earlier script's bookmark cannot be taken over.
        """
        faulthandler.enable()
        paths, zone = self._context.paths, self._in_force.configuration.processing.zone
        self._state.announce()
        with ExitStack() as open_:

            def opened(make: Callable[[], AbstractContextManager[T]]) -> T:
                return retry_until_possible(
                    lambda: open_.enter_context(make()), paths.state, self._notifier, self._in_force.text
                )

            # It may be raised while the start waits.
            with suppress(StopRequested):
                lock = opened(lambda: self._lock(paths))
                journal = opened(lambda: open_journal(paths, zone, self._clock))
                reporting = opened(lambda: self._report(journal))
                self._start(journal, reporting, lock)
                self._serve(journal, reporting)
            return self._leave()

    def _lock(self, paths: Paths) -> StateLock:
        """The lock on the state directory, free to be taken; a ``once`` that has it will end, and is waited for."""
        lock = StateLock(paths.state, "run", self._clock)
        while (holder := holder_of(paths.state))[1] == "once":
            wait_tick(self._notifier, self._in_force.text.text("state.waiting_for_once", pid=holder[0]))
        return lock

    def _report(self, journal: Journal) -> Monitoring:
        self._reporting = Monitoring(
            self._context.paths,
            journal,
            configuration=lambda: self._in_force.configuration,
            state=lambda: self._state.present,
            log_failures=self._context.log_failures,
            clock=self._clock,
            progress=self._monitor.progress,
            unit=own_unit(),
        )
        return self._reporting

    def _start(self, journal: Journal, reporting: Monitoring, lock: StateLock) -> None:
        def may_write() -> None:
            lock.check()
            self._pause.check(self._clock.now())

        def finished(report: CycleReport) -> None:
            reporting.cycle_finished(report)
            self._scheduler.background_now("mail")

        log.info("service.started", pid=os.getpid(), config=str(self._context.paths.config))
        jobs = Jobs(
            lambda: self._in_force.configuration,
            journal,
            may_write,
            self._sessions,
            self._clock,
            self._monitor,
            self._state,
            self._scheduler,
            finished,
        )
        self._reloads.publish_start()
        self._state.change(phase=Phase.IDLE, last_success=_last_success(self._context.paths, self._clock.now()))
        self._scheduler.start(jobs.cycle, jobs.keep_alive, *intervals(self._in_force.configuration))

        def review() -> None:
            reporting.review()
            self._scheduler.background_now("mail")

        self._scheduler.add_background_job("review", self._background("review", review))
        self._scheduler.add_background_job("mail", self._background("mail", reporting.deliver))
        self._notifier.ready()
        self._state.announce()

    def _background(self, name: str, job: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            with self._monitor.running(name), suppress(StopRequested):
                job()

        return run

    def _serve(self, journal: Journal, reporting: Monitoring) -> None:
        """The loop: one signal at a time, and a ping whenever one is due and earned."""

        def unhealthy(problems: Sequence[HealthProblem]) -> None:
            self._state.change(health_problems=tuple(problems))
            self._scheduler.background_now("review")

        watchdog = Watchdog(self._notifier, self._ping_seconds, lambda: self._health_snapshot(journal), unhealthy)
        acts = {signal.SIGHUP: lambda: self._reload(reporting), signal.SIGUSR1: self._scheduler.cycle_now}
        tick = min(LOOK_SECONDS, self._ping_seconds or LOOK_SECONDS)
        while True:
            received = take_signal(SIGNALS, tick)
            if received is not None:
                log.info("signal.received", signal=received.name)
                if received not in acts:
                    return
                acts[received]()
            self._handle_clock_step()
            self._refresh_state()
            watchdog.ping()

    def _handle_clock_step(self) -> None:
        """Plan anew where the wall clock was set back: no job, not even the pulse, would run before it is reached."""
        step = self._wall_clock.set_back()
        if step:
            log.warning("clock.set_back", seconds=round(step.total_seconds()))
            self._scheduler.set_back(step)

    def _refresh_state(self) -> None:
        """Keep the state true in what no job would notice: a pause, files and an address that fail."""
        try:
            pause = self._pause.current(self._clock.now())
        except JournalUnavailable:
            return
        seen = {
            "paused_until": pause.until if pause is not None else None,
            "page_fault": self._reporting.page_fault if self._reporting is not None else None,
            "failing_files": tuple(str(failure.path) for failure in self._context.log_failures()),
        }
        if any(getattr(self._state.present, name) != value for name, value in seen.items()):
            self._state.change(**seen)

    def _health_snapshot(self, journal: Journal) -> HealthSnapshot:
        fault = None
        try:
            journal.check_writable()
        except JournalUnavailable as unavailable:
            reason = str(unavailable.fields["reason"])
            fault = JournalFault(reason, disk_is_full(unavailable, self._context.paths.state))
        return HealthSnapshot(
            scheduler_alive=self._scheduler.alive,
            pulse_age=self._scheduler.pulse_age,
            stalled=self._monitor.ages(),
            stall_limit=timedelta(minutes=self._in_force.configuration.service.limits.stuck_minutes).total_seconds(),
            journal_fault=fault,
        )

    def _reload(self, reporting: Monitoring) -> None:
        self._notifier.reloading()
        if self._reloads.reload():
            reporting.reload()
            self._refresh_state()
        self._reloads.publish_result()
        self._notifier.ready()
        self._state.announce()

    def _announce(self, state: ServiceState) -> None:
        self._notifier.status(status_line(state, self._in_force.text))

    def _leave(self) -> int:
        self._stop.set()
        self._notifier.stopping()
        self._state.change(phase=Phase.STOPPING)
        self._scheduler.shutdown()
        Shutdown(self._context, self._in_force, self._sessions, self._state, self._notifier).leave()
        log.info("service.stopped")
        return 0

    def _planned(self, at: datetime | None) -> None:
        self._state.change(next_cycle=at)

    def _observe(self, report: RequestReport) -> None:
        self._monitor.progress()
        if self._reporting is not None:
            self._reporting.observe(report)


def _last_success(paths: Paths, now: datetime) -> datetime | None:
    reader = JournalReader.open(paths.state)
    if reader is None:
        return None
    with reader:
        return reader.last_success(now)
