"""The two jobs of the service: a cycle, and keeping the session alive. What they raise is told here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from baikaldoc_pos.assembly import gateway
from baikaldoc_pos.config import Configuration
from baikaldoc_pos.delo import RetryPolicy, Waiting
from baikaldoc_pos.errors import (
    BaikaldocError,
    DeloError,
    DeloUnavailable,
    JournalUnavailable,
    StopRequested,
    WritingPaused,
)
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import AlertJournal, Journal, PauseFile
from baikaldoc_pos.service.scheduler import Scheduler
from baikaldoc_pos.service.session import SessionManager
from baikaldoc_pos.service.state import StateHolder
from baikaldoc_pos.service.watchdog import SLICE_SECONDS, JobMonitor, ServiceClock
from baikaldoc_pos.state import CycleProgress, LastError, Phase, Wait
from baikaldoc_pos.sync import CycleContext, CycleReport, run_cycle

log = EventLog(__name__)

FIRST_BACKOFF = timedelta(seconds=15)


class Jobs:
    """Runs jobs on whatever configuration is in force when they begin.

    :param configuration: called at the beginning of each job.
    :param scheduler: is asked for a job at another time than its usual one.
    :param finished: told of every cycle that has ended, after the state was changed.
    """

    def __init__(
        self,
        configuration: Callable[[], Configuration],
        journal: Journal,
        pause: PauseFile,
        account: SessionManager,
        clock: ServiceClock,
        monitor: JobMonitor,
        state: StateHolder,
        scheduler: Scheduler,
        finished: Callable[[CycleReport], None],
    ) -> None:
        self._configuration = configuration
        self._journal = journal
        self._pause = pause
        self._account = account
        self._clock = clock
        self._monitor = monitor
        self._state = state
        self._scheduler = scheduler
        self._finished = finished
        self._unavailable_in_a_row = 0

    def cycle(self) -> None:
        """One cycle, on the configuration in force now."""
        with self._monitor.running("cycle"), suppress(StopRequested), self._turn():
            configuration = self._configuration()
            try:
                self._pause.check(self._clock.now())
                self._state.change(phase=Phase.WORKING, step=None, paused_until=None)
                self._told(self._run(configuration), configuration)
            except WritingPaused as pause:
                self._paused(pause)
            except JournalUnavailable as fault:
                log.error(fault.event, **fault.fields)
                self._fail(fault)
            except Exception as defect:
                log.exception("job.crashed", job="cycle", error=type(defect).__name__)
                self._state.change(problem=self._problem("job.crashed", {"job": "cycle", "error": str(defect)}))
            finally:
                self._state.change(phase=Phase.IDLE, step=None, wait=None)

    def keep_alive(self) -> None:
        """Ask ДЕЛО something where nobody has for as long as configured, so that the session does not end."""
        with self._monitor.running("keep_alive"):
            # A cycle that runs keeps the session alive better than we could.
            if not self._account.lock.acquire(blocking=False):
                return
            try:
                self._keep_alive(self._configuration())
            except DeloUnavailable as fault:
                log.warning(fault.event, **fault.fields)
                self._fail(fault)
                self._scheduler.postpone(FIRST_BACKOFF)
            except DeloError as fault:
                log.error(fault.event, **fault.fields)
                self._fail(fault)
            except StopRequested:
                pass
            finally:
                self._account.lock.release()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The turn to use the session. While the keep-alive has it, the cycle waits, which is no stall."""
        turn = self._account.lock
        if not turn.acquire(blocking=False):
            self._state.change(phase=Phase.WAITING)
            while not turn.acquire(timeout=SLICE_SECONDS):
                self._clock.check_stop()
                self._monitor.progress()
        try:
            self._clock.check_stop()
            yield
        finally:
            turn.release()

    def _run(self, configuration: Configuration) -> CycleReport:
        session = self._account.session(configuration)
        policy = RetryPolicy(configuration.processing.retry_attempts, told=self._retrying)
        means = CycleContext(
            delo=gateway(session, configuration, self._clock, policy),
            journal=self._journal,
            clock=self._clock,
            configuration=configuration,
            may_write=lambda: self._pause.check(self._clock.now()),
            progress=self._step,
        )
        return run_cycle(means)

    def _keep_alive(self, configuration: Configuration) -> None:
        session = self._account.session(configuration)
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

    def _step(self, step: CycleProgress) -> None:
        self._monitor.progress()
        self._state.change(step=step)

    def _retrying(self, waiting: Waiting | None) -> None:
        wait = None
        if waiting is not None:
            at = None if waiting.seconds is None else self._clock.now() + timedelta(seconds=waiting.seconds)
            wait = Wait(waiting.fault.event, waiting.fault.fields, at)
        self._state.change(wait=wait)

    def _paused(self, pause: WritingPaused) -> None:
        log.info(pause.event, **pause.fields)
        self._state.change(paused_until=pause.until)

    def _told(self, report: CycleReport, configuration: Configuration) -> None:
        if report.error is None:
            self._unavailable_in_a_row = 0
            self._state.change(problem=None, last_success=self._clock.now(), cycle_ended=True)
        elif isinstance(report.error, WritingPaused):
            self._paused(report.error)
        elif not isinstance(report.error, StopRequested):
            self._fail(report.error)
            if isinstance(report.error, DeloUnavailable):
                self._back_off(report.error, timedelta(minutes=configuration.service.schedule.interval_minutes))
        self._finished(report)

    def _back_off(self, fault: DeloUnavailable, interval: timedelta) -> None:
        """ДЕЛО is away: try sooner than at the usual interval at first, then ever less often up to it."""
        backoff = FIRST_BACKOFF * 2 ** min(self._unavailable_in_a_row, 20)
        delay = max(backoff, timedelta(seconds=fault.retry_after or 0))
        self._unavailable_in_a_row += 1
        if delay < interval:
            self._scheduler.postpone(delay)

    def _fail(self, error: BaikaldocError) -> None:
        self._state.change(problem=self._problem(error.event, dict(error.fields)), cycle_ended=True)

    def _problem(self, event: str, fields: dict[str, object]) -> LastError:
        """The problem, since when it has been the same one; before the process began, as the journal knows it."""
        present = self._state.present
        if present.problem is not None and present.problem.event == event:
            return LastError(event, fields, present.problem.since)
        since = None
        if not present.cycle_ended:
            with suppress(JournalUnavailable):
                since = AlertJournal.beside(self._journal).failing_since(event)
        return LastError(event, fields, since or self._clock.now())
