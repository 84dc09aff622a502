"""Being a daemon: start, a loop that acts on signals and earns the watchdog's pings, and a clean end.

Signals are blocked in every thread and taken by the loop one at a time, so nothing ever happens inside a handler.
SIGTERM and SIGINT end the service (a second one at once), SIGHUP reloads, SIGUSR1 asks for a cycle now.
"""

import faulthandler
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import datetime, timedelta
from typing import NoReturn, TypeVar

from attrs import frozen

from baikaldoc_pos.assembly import open_journal, tell_notices
from baikaldoc_pos.config import Configuration, Paths, differences, load_configuration, render, secrets_of
from baikaldoc_pos.delo import RequestReport
from baikaldoc_pos.errors import ConfigurationInvalid, CredentialsRejected, JournalUnavailable, StopRequested
from baikaldoc_pos.events import Catalogue, EventLog
from baikaldoc_pos.journal import Journal, JournalReader, PauseFile, StateLock, holder_of
from baikaldoc_pos.logs import FileFailure
from baikaldoc_pos.logs.masking import Masker
from baikaldoc_pos.reconcile import CycleKind
from baikaldoc_pos.service.account import Account
from baikaldoc_pos.service.jobs import Jobs
from baikaldoc_pos.service.leaving import own_unit, restart_is_pending
from baikaldoc_pos.service.notify import Notifier
from baikaldoc_pos.service.progress import JobMonitor, ServiceClock
from baikaldoc_pos.service.reloading import ReloadFile, ReloadResult, runtime_directory
from baikaldoc_pos.service.reporting import Reporting
from baikaldoc_pos.service.scheduler import Scheduler
from baikaldoc_pos.service.signals import SIGNALS, STOPS
from baikaldoc_pos.service.starting import EXTENSION_SECONDS, TICK_SECONDS, once_there_is_room, wait_a_moment
from baikaldoc_pos.service.state import Phase, ServiceState, StateHolder
from baikaldoc_pos.service.status_line import status_line
from baikaldoc_pos.service.storage import disk_is_full
from baikaldoc_pos.service.wall_clock import WallClock
from baikaldoc_pos.service.watchdog import JournalFault, Vitals, ailments, ping_seconds

log = EventLog(__name__)
T = TypeVar("T")

# How much longer than one request's deadline the end of a running job is waited for.
DRAIN_GRACE_SECONDS = 5.0
DRAIN_TICK_SECONDS = 0.2


@frozen
class Surroundings:
    """What the process was started with.

    :param reconfigure_logging: puts a new configuration's language, level and secrets into force.
    :param log_failures: what of the log files cannot be written now.
    """

    paths: Paths
    environ: Mapping[str, str]
    reconfigure_logging: Callable[[Configuration], None]
    log_failures: Callable[[], Sequence[FileFailure]]


class Daemon:
    """The service from start to end.

    :param configuration: the one to begin with.
    """

    def __init__(self, surroundings: Surroundings, configuration: Configuration) -> None:
        self._surroundings = surroundings
        self._configuration = configuration
        self._stop = threading.Event()
        self._monitor = JobMonitor()
        self._clock = ServiceClock(self._stop, self._monitor)
        self._wall_clock = WallClock(self._clock)
        self._notifier = Notifier()
        self._text = _catalogue(configuration)
        self._masker = Masker(secrets_of(configuration))
        self._state = StateHolder(self._announce, lambda: self._masker)
        self._account = Account(self._clock, self._observe, runtime_directory(surroundings.environ))
        self._scheduler = Scheduler(self._planned)
        self._reload_file = ReloadFile.of(surroundings.paths.state, surroundings.environ)
        self._reloads = 0
        self._pause = PauseFile(surroundings.paths.state)
        self._reporting: Reporting | None = None
        self._ping_seconds = ping_seconds(surroundings.environ)
        self._pinged_at = -float("inf")

    def run(self) -> int:
        """Serve until a signal ends it; returns the exit code.

        :raises StateLocked: another process works on the state directory.
        :raises JournalUnavailable: at the start, where it is not the disk that is full; later it costs the ping.
        :raises BookmarkUnreadable: the earlier script's bookmark cannot be taken over.
        """
        faulthandler.enable()
        paths, zone = self._surroundings.paths, self._configuration.processing.zone
        self._notifier.status(status_line(self._state.present, self._text))
        with ExitStack() as open_:

            def opened(make: Callable[[], AbstractContextManager[T]]) -> T:
                return once_there_is_room(lambda: open_.enter_context(make()), paths.state, self._notifier, self._text)

            opened(lambda: self._lock(paths))
            journal = opened(lambda: open_journal(paths, zone, self._clock))
            reporting = opened(lambda: self._report(journal))
            self._start(journal, reporting)
            self._serve(journal, reporting)
            return self._leave()

    def _lock(self, paths: Paths) -> StateLock:
        """The lock on the state directory, free to be taken; a ``once`` that has it will end, and is waited for."""
        lock = StateLock(paths.state, "run", self._clock)
        while (holder := holder_of(paths.state))[1] == "once":
            wait_a_moment(self._notifier, self._text.text("state.waiting_for_once", pid=holder[0]))
        return lock

    def _report(self, journal: Journal) -> Reporting:
        self._reporting = Reporting(
            self._surroundings.paths,
            journal,
            configuration=lambda: self._configuration,
            state=lambda: self._state.present,
            log_failures=self._surroundings.log_failures,
            clock=self._clock,
            progress=self._monitor.progress,
            unit=own_unit(),
        )
        return self._reporting

    def _start(self, journal: Journal, reporting: Reporting) -> None:
        log.info("service.started", pid=os.getpid(), config=str(self._surroundings.paths.config))
        self._warn(self._configuration)
        jobs = Jobs(
            lambda: self._configuration,
            journal,
            self._pause,
            self._account,
            self._clock,
            self._monitor,
            self._state,
            self._scheduler,
            reporting.cycle_finished,
        )
        self._publish_reload(faults=0)
        self._state.change(phase=Phase.IDLE, last_success=_last_success(self._surroundings.paths))
        self._scheduler.start(jobs.cycle, jobs.keep_alive, *_intervals(self._configuration))
        self._scheduler.add_errand("review", self._errand("review", reporting.review))
        self._scheduler.add_errand("mail", self._errand("mail", reporting.deliver))
        self._notifier.ready(status_line(self._state.present, self._text))

    def _errand(self, name: str, errand: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            with self._monitor.running(name), suppress(StopRequested):
                errand()

        return run

    def _serve(self, journal: Journal, reporting: Reporting) -> None:
        """The loop: one signal at a time, and a ping whenever one is due and earned."""
        acts = {signal.SIGHUP: lambda: self._reload(reporting), signal.SIGUSR1: self._scheduler.cycle_now}
        tick = min(TICK_SECONDS, self._ping_seconds or TICK_SECONDS)
        while True:
            received = signal.sigtimedwait(SIGNALS, tick)
            if received is not None:
                log.info("signal.received", signal=signal.Signals(received.si_signo).name)
                if received.si_signo not in acts:
                    return
                acts[signal.Signals(received.si_signo)]()
            self._keep_time()
            self._look_around()
            self._ping(journal)

    def _keep_time(self) -> None:
        """Plan anew where the wall clock was set back: no job, not even the pulse, would run before it is reached."""
        step = self._wall_clock.set_back()
        if step:
            log.warning("clock.set_back", seconds=round(step.total_seconds()))
            self._scheduler.set_back(step)

    def _look_around(self) -> None:
        """Keep the state true in what no job would notice: a pause, files and an address that fail."""
        try:
            pause = self._pause.current(self._clock.now())
        except JournalUnavailable:
            return
        seen = {
            "paused_until": pause.until if pause is not None else None,
            "page_fault": self._reporting.page_fault if self._reporting is not None else None,
            "failing_files": tuple(str(failure.path) for failure in self._surroundings.log_failures()),
        }
        if any(getattr(self._state.present, name) != value for name, value in seen.items()):
            self._state.change(**seen)

    def _ping(self, journal: Journal) -> None:
        if self._ping_seconds is None or time.monotonic() - self._pinged_at < self._ping_seconds * 0.9:
            return
        found = tuple(ailments(self._vitals(journal), pulse_tolerance=self._ping_seconds * 2))
        if not any(ailment.restart_helps for ailment in found):
            self._notifier.watchdog()
            self._pinged_at = time.monotonic()
        known = {ailment.event for ailment in self._state.present.ailments}
        if {ailment.event for ailment in found} != known:
            for ailment in found:
                log.error(ailment.event, **ailment.fields)
            self._state.change(ailments=found)

    def _vitals(self, journal: Journal) -> Vitals:
        fault = None
        try:
            journal.check_writable()
        except JournalUnavailable as unavailable:
            reason = str(unavailable.fields["reason"])
            fault = JournalFault(reason, disk_is_full(unavailable, self._surroundings.paths.state))
        return Vitals(
            scheduler_alive=self._scheduler.alive,
            pulse_age=self._scheduler.pulse_age,
            stalled=self._monitor.ages(),
            stall_limit=timedelta(minutes=self._configuration.service.limits.stuck_minutes).total_seconds(),
            journal_fault=fault,
        )

    def _reload(self, reporting: Reporting) -> None:
        """Take the new configuration whole or not at all; a running job goes on with the one it began with."""
        self._notifier.reloading()
        paths = self._surroundings.paths
        try:
            fresh = load_configuration(paths.config, self._surroundings.environ)
        except ConfigurationInvalid as invalid:
            faults = tuple(render(fault, self._text) for fault in invalid.faults)
            log.error("reload.rejected", count=len(faults))
            for line in faults:
                log.error("config.fault", text=line)
            self._state.change(rejected_faults=faults, rejected_since=self._clock.now())
            self._end_reload(faults=len(faults))
            return
        changed = differences(self._configuration, fresh)
        before, self._configuration = self._configuration, fresh
        self._text = _catalogue(fresh)
        self._masker = self._masker.with_secrets(secrets_of(fresh))
        self._surroundings.reconfigure_logging(fresh)
        self._forgive(before, fresh)
        if _intervals(before) != _intervals(fresh):
            self._scheduler.reschedule(*_intervals(fresh))
        if before.connection != fresh.connection:
            # The next job signs the old session out; there is no reason to wait for it.
            self._scheduler.cycle_now()
        if changed:
            log.info("reload.finished", changed=changed)
        else:
            log.info("reload.unchanged")
        self._warn(fresh)
        self._state.change(rejected_faults=(), rejected_since=None)
        reporting.reload()
        self._look_around()
        self._end_reload(faults=0)

    def _forgive(self, before: Configuration, fresh: Configuration) -> None:
        """Let a rejected account be tried again, but not with a password that cannot have been corrected.

        systemd fills CREDENTIALS_DIRECTORY at a start only: each reload would send the old password once more, until
        ДЕЛО locks the account.
        """
        kept = fresh.connection.password_path is None and _credentials(before) == _credentials(fresh)
        if not kept:
            self._account.forgive()
        elif (problem := self._state.present.problem) is not None and problem.event == CredentialsRejected.event:
            log.warning("reload.credential_kept")
        else:
            log.info("reload.credential_kept")

    def _end_reload(self, faults: int) -> None:
        self._reloads += 1
        self._publish_reload(faults)
        self._notifier.ready(status_line(self._state.present, self._text))

    def _publish_reload(self, faults: int) -> None:
        try:
            self._reload_file.write(ReloadResult(os.getpid(), self._reloads, faults))
        except OSError as fault:
            log.warning("reload.not_published", reason=str(fault.strerror))

    def _leave(self) -> int:
        """End: no new batch, the one in flight is recorded, the session is signed out or handed over."""
        self._stop.set()
        self._state.change(phase=Phase.STOPPING)
        self._notifier.stopping(status_line(self._state.present, self._text))
        self._scheduler.shutdown()
        self._await(lambda seconds: self._account.turn.acquire(timeout=seconds))
        if self._is_followed():
            log.info("session.handed_over")
            self._account.leave()
        else:
            signing_out = threading.Thread(
                target=self._account.sign_out_for_good, args=(self._configuration,), name="sign-out", daemon=True
            )
            signing_out.start()
            self._await(lambda seconds: ended(signing_out, seconds))
        log.info("service.stopped")
        return 0

    def _is_followed(self) -> bool:
        """Whether another process takes the session up: a restart, and not one that ends at its configuration."""
        paths, environ, unit = self._surroundings.paths, self._surroundings.environ, own_unit()
        if runtime_directory(environ) is None or unit is None or not restart_is_pending(unit):
            return False
        try:
            load_configuration(paths.config, environ)
        except ConfigurationInvalid:
            return False
        return True

    def _await(self, done: Callable[[float], bool]) -> None:
        """Wait for what the end needs, as long as a request may take; a second stop signal leaves at once."""
        limit = self._configuration.service.limits.request_seconds + DRAIN_GRACE_SECONDS
        deadline = time.monotonic() + limit
        while not done(DRAIN_TICK_SECONDS):
            self._notifier.extend_timeout(EXTENSION_SECONDS)
            if signal.sigtimedwait(STOPS, 0) is not None:
                self._leave_at_once("service.left_at_once")
            if time.monotonic() > deadline:
                self._leave_at_once("service.job_did_not_end")

    @staticmethod
    def _leave_at_once(event: str) -> NoReturn:
        """What is in flight is settled by the next start: its intent is in the journal."""
        log.warning(event)
        logging.shutdown()
        os._exit(0)

    def _warn(self, configuration: Configuration) -> None:
        tell_notices(configuration, self._surroundings.paths.config, self._text)

    def _announce(self, state: ServiceState) -> None:
        self._notifier.status(status_line(state, self._text))

    def _planned(self, at: datetime | None) -> None:
        self._state.change(next_cycle=at)

    def _observe(self, report: RequestReport) -> None:
        self._monitor.progress()
        if self._reporting is not None:
            self._reporting.observe(report)


def ended(thread: threading.Thread, seconds: float) -> bool:
    """Whether a thread ends within that time."""
    thread.join(seconds)
    return not thread.is_alive()


def _last_success(paths: Paths) -> datetime | None:
    reader = JournalReader.open(paths.state)
    if reader is None:
        return None
    with reader:
        return reader.last_success(CycleKind.REGULAR)


def _catalogue(configuration: Configuration) -> Catalogue:
    return Catalogue(configuration.service.language, configuration.processing.zone)


def _credentials(configuration: Configuration) -> tuple[object, ...]:
    """What is sent at signing in, and where to."""
    connection = configuration.connection
    return connection.login_url, connection.username, connection.password, connection.app


def _intervals(configuration: Configuration) -> tuple[timedelta, timedelta]:
    """How often a cycle, and how often the keep-alive."""
    service = configuration.service
    return (
        timedelta(minutes=service.schedule.interval_minutes),
        timedelta(minutes=service.session.keep_alive_minutes),
    )
