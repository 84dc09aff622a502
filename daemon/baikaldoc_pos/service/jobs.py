"""The two jobs of the service: a cycle, and keeping the session alive. What they raise is told here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from attrs import define, field

from baikaldoc_pos.assembly import gateway
from baikaldoc_pos.config import Configuration
from baikaldoc_pos.delo import RetryPolicy, RetryWait
from baikaldoc_pos.errors import (
    AccessDenied,
    BaikaldocError,
    CycleCrashed,
    DeloError,
    DeloUnavailable,
    JournalUnavailable,
    StopRequested,
    WritingPaused,
)
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import AlertJournal, Journal
from baikaldoc_pos.service.scheduler import Scheduler
from baikaldoc_pos.service.session import SessionManager
from baikaldoc_pos.service.state import StateHolder
from baikaldoc_pos.service.watchdog import SLICE_SECONDS, JobMonitor, ServiceClock
from baikaldoc_pos.state import CycleProgress, LastError, Phase, Wait
from baikaldoc_pos.sync import CycleContext, CycleReport, log_mapping_changes, run_cycle

log = EventLog(__name__)

FIRST_BACKOFF = timedelta(seconds=15)
# Rights are given by people: without them, cycles come ever less often, up to this.
LONGEST_DENIAL = timedelta(hours=6)


@define(eq=False)
class Jobs:
    """Runs jobs on whatever configuration is in force when they begin.

    :param configuration: called at the beginning of each job.
    :param may_write: raises WritingPaused, or JournalUnavailable where the lock is lost.
    :param scheduler: is asked for a job at another time than its usual one.
    :param finished: told of every cycle that has ended, after the state was changed.
    """

    _configuration: Callable[[], Configuration]
    _journal: Journal
    _may_write: Callable[[], None]
    _sessions: SessionManager
    _clock: ServiceClock
    _monitor: JobMonitor
    _state: StateHolder
    _scheduler: Scheduler
    _finished: Callable[[CycleReport], None]
    _unavailable_in_a_row: int = field(default=0, init=False)
    _denied_in_a_row: int = field(default=0, init=False)
    # The configuration whose changes of the mapping are logged.
    _mapping_of: Configuration | None = field(default=None, init=False)

    def cycle(self) -> None:
        """One cycle, on the configuration in force now."""
        with self._monitor.running("cycle"), suppress(StopRequested), self._session_locked():
            configuration = self._configuration()
            try:
                self._may_write()
                self._state.change(phase=Phase.WORKING, step=None, paused_until=None)
                self._record_result(self._run(configuration), configuration)
                self._journal.thin(configuration.service.retention)
            except WritingPaused as pause:
                self._report_pause(pause)
            except JournalUnavailable as fault:
                log.error(fault.event, **fault.fields)
                self._report_problem(fault)
            except Exception as defect:
                crash = CycleCrashed(type(defect).__name__)
                log.exception(crash.event, **crash.fields)
                self._report_problem(crash)
            finally:
                self._state.change(phase=Phase.IDLE, step=None, wait=None)

    def keep_alive(self) -> None:
        """Ask ДЕЛО something where nobody has for as long as configured, so that the session does not end."""
        with self._monitor.running("keep_alive"):
            # A cycle that runs keeps the session alive better than we could.
            if not self._sessions.lock.acquire(blocking=False):
                return
            try:
                self._keep_alive(self._configuration())
            except DeloUnavailable as fault:
                log.warning(fault.event, **fault.fields)
                self._report_problem(fault)
                self._scheduler.postpone(FIRST_BACKOFF)
            except DeloError as fault:
                log.error(fault.event, **fault.fields)
                self._report_problem(fault)
            except StopRequested:
                pass
            finally:
                self._sessions.lock.release()

    @contextmanager
    def _session_locked(self) -> Iterator[None]:
        """Hold the lock on the session. While the keep-alive has it, the cycle waits, which is no stall."""
        lock = self._sessions.lock
        if not lock.acquire(blocking=False):
            self._state.change(phase=Phase.WAITING)
            while not lock.acquire(timeout=SLICE_SECONDS):
                self._clock.check_stop()
                self._monitor.progress()
        try:
            self._clock.check_stop()
            yield
        finally:
            lock.release()

    def _run(self, configuration: Configuration) -> CycleReport:
        if configuration is not self._mapping_of:
            log_mapping_changes(self._journal, configuration.processing)
            self._mapping_of = configuration
        session = self._sessions.session(configuration)
        policy = RetryPolicy(configuration.processing.retry_attempts, told=self._report_wait)
        context = CycleContext(
            delo=gateway(session, configuration, self._clock, policy, self._journal),
            journal=self._journal,
            clock=self._clock,
            configuration=configuration,
            may_write=self._may_write,
            progress=self._report_progress,
        )
        return run_cycle(context)

    def _keep_alive(self, configuration: Configuration) -> None:
        session = self._sessions.session(configuration)
        quiet = timedelta(minutes=configuration.service.session.keep_alive_minutes)
        left = quiet - timedelta(seconds=session.idle_seconds)
        if left > timedelta(0):
            self._scheduler.keep_alive_after(left)
        elif session.signed_in:
            # In vain it brings a cycle forward, which has the patience.
            gateway(session, configuration, self._clock, RetryPolicy(attempts=0)).keep_alive()
            problem = self._state.present.problem
            if problem is not None and problem.event == DeloUnavailable.event:
                self._state.change(problem=None)

    def _report_progress(self, step: CycleProgress) -> None:
        self._monitor.progress()
        self._state.change(step=step)

    def _report_wait(self, waiting: RetryWait | None) -> None:
        wait = None
        if waiting is not None:
            at = None if waiting.seconds is None else self._clock.now() + timedelta(seconds=waiting.seconds)
            wait = Wait(waiting.fault.event, waiting.fault.fields, at)
        self._state.change(wait=wait)

    def _report_pause(self, pause: WritingPaused) -> None:
        log.info(pause.event, **pause.fields)
        self._state.change(paused_until=pause.until)

    def _record_result(self, report: CycleReport, configuration: Configuration) -> None:
        if report.error is None:
            self._unavailable_in_a_row = self._denied_in_a_row = 0
            self._state.change(problem=None, last_success=self._clock.now(), cycle_ended=True)
        elif isinstance(report.error, WritingPaused):
            self._report_pause(report.error)
        elif not isinstance(report.error, StopRequested):
            self._report_problem(report.error)
            if isinstance(report.error, DeloUnavailable):
                self._back_off(report.error, timedelta(minutes=configuration.service.schedule.interval_minutes))
            elif isinstance(report.error, AccessDenied):
                self._denied_in_a_row += 1
                interval = timedelta(minutes=configuration.service.schedule.interval_minutes)
                self._scheduler.cycle_after(min(interval * 2 ** min(self._denied_in_a_row, 20), LONGEST_DENIAL))
        self._finished(report)

    def _back_off(self, fault: DeloUnavailable, interval: timedelta) -> None:
        """ДЕЛО is away: try sooner than at the usual interval at first, then ever less often up to it."""
        backoff = FIRST_BACKOFF * 2 ** min(self._unavailable_in_a_row, 20)
        delay = max(backoff, timedelta(seconds=fault.retry_after or 0))
        self._unavailable_in_a_row += 1
        if delay < interval:
            self._scheduler.postpone(delay)

    def _report_problem(self, error: BaikaldocError) -> None:
        """Put the problem into the state, with the time since when it is the same; a new process asks the journal."""
        present, since = self._state.present, None
        if present.problem is not None and present.problem.event == error.event:
            since = present.problem.since
        elif not present.cycle_ended:
            with suppress(JournalUnavailable):
                since = AlertJournal.beside(self._journal).failing_since(error.event)
        problem = LastError(error.event, error.fields, since or self._clock.now())
        self._state.change(problem=problem, cycle_ended=True)
