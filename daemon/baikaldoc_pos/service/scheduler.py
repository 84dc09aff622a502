"""The APScheduler that runs the jobs, set up so that nothing is dropped and nothing disappears.

By default APScheduler drops a job that is a second late and swallows what a job raises; here a late job runs, a run
that found the last one still busy is made up for when that ends, and errors are logged.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES, JobEvent
from apscheduler.executors.debug import DebugExecutor
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.service.watchdog import PULSE_SECONDS

log = EventLog(__name__)

CYCLE = "cycle"
KEEP_ALIVE = "keep_alive"
PULSE = "pulse"
ERRANDS = "errands"
ERRAND_SECONDS = 30.0


class Scheduler:
    """Runs the cycle and the keep-alive at their intervals, one instance of each at a time.

    :param planned: called with the instant of the next cycle whenever it may have changed.
    :param pulse_seconds: how often the scheduler's thread shows life.
    """

    def __init__(self, planned: Callable[[datetime | None], None], pulse_seconds: float = PULSE_SECONDS) -> None:
        self._planned = planned
        self._again = threading.Event()
        # Whether a cycle is running, and the lock under which that changes: see ``_was_busy``.
        self._cycling = False
        self._turning = threading.Lock()
        self._pulse, self._pulse_every = time.monotonic(), timedelta(seconds=pulse_seconds)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            # The pulse runs in the scheduler's own thread: it is that thread whose life it shows.
            executors={"default": ThreadPoolExecutor(2), PULSE: DebugExecutor(), ERRANDS: ThreadPoolExecutor(2)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_listener(self._ended, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
        self._scheduler.add_listener(self._was_busy, EVENT_JOB_MAX_INSTANCES)

    def start(
        self,
        cycle: Callable[[], None],
        keep_alive: Callable[[], None],
        cycle_every: timedelta,
        keep_alive_every: timedelta,
    ) -> None:
        """Start; the first cycle begins at once."""
        add = self._scheduler.add_job
        add(self._beat, _interval(self._pulse_every), id=PULSE, executor=PULSE)
        add(lambda: self._run_cycle(cycle), _interval(cycle_every), id=CYCLE, next_run_time=datetime.now(UTC))
        add(keep_alive, _interval(keep_alive_every), id=KEEP_ALIVE)
        self._scheduler.start()

    def add_background_job(self, name: str, errand: Callable[[], None]) -> None:
        """Something else that is done every few seconds, in threads that no cycle waits for."""
        trigger = _interval(timedelta(seconds=ERRAND_SECONDS))
        self._scheduler.add_job(errand, trigger, id=name, executor=ERRANDS, next_run_time=datetime.now(UTC))

    def background_now(self, name: str) -> None:
        """That job at once, where it is not running."""
        self._plan(name, datetime.now(UTC))

    @property
    def alive(self) -> bool:
        """Whether the scheduler's thread runs."""
        thread = self._scheduler._thread
        return thread is not None and thread.is_alive()

    @property
    def pulse_age(self) -> float:
        """Seconds since the scheduler's thread last showed life."""
        return time.monotonic() - self._pulse

    def reschedule(self, cycle_every: timedelta, keep_alive_every: timedelta) -> None:
        """New intervals, from now on."""
        self._scheduler.reschedule_job(CYCLE, trigger=_interval(cycle_every))
        self._scheduler.reschedule_job(KEEP_ALIVE, trigger=_interval(keep_alive_every))
        self._tell_next()

    def cycle_now(self) -> None:
        """A cycle at once; where one is running, another right after it."""
        self._run_cycle_at(datetime.now(UTC))

    def postpone(self, delay: timedelta) -> None:
        """The next cycle after this long, where none is planned sooner; the ones after it at the usual interval."""
        at, planned = datetime.now(UTC) + delay, self._scheduler.get_job(CYCLE)
        # Or a keep-alive that fails ever again would keep the cycle from ever running.
        if planned is None or planned.next_run_time is None or at < planned.next_run_time:
            self._run_cycle_at(at)

    def cycle_after(self, delay: timedelta) -> None:
        """The next cycle after this long, and none before; the ones after it at the usual interval again."""
        self._plan(CYCLE, datetime.now(UTC) + delay)
        self._tell_next()

    def keep_alive_after(self, delay: timedelta) -> None:
        """The next keep-alive after this long; the ones after it at the usual interval again."""
        self._plan(KEEP_ALIVE, datetime.now(UTC) + delay)

    def set_back(self, by: timedelta) -> None:
        """The wall clock was set back: every job is to run as soon as it was going to."""
        for job in self._scheduler.get_jobs():
            if job.next_run_time is not None:
                self._plan(job.id, job.next_run_time - by)
        self._tell_next()

    def shutdown(self) -> None:
        """Begin no further job; a running one is not waited for, and what it asks for afterwards is not planned."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _run_cycle_at(self, at: datetime) -> None:
        self._plan(CYCLE, at)
        self._tell_next()

    def _plan(self, job: str, at: datetime) -> None:
        with suppress(JobLookupError):  # a shutdown forgets every job
            self._scheduler.modify_job(job, next_run_time=at)

    def _run_cycle(self, cycle: Callable[[], None]) -> None:
        with self._turning:
            self._cycling = True
        try:
            cycle()
        finally:
            with self._turning:
                self._cycling = False

    def _beat(self) -> None:
        self._pulse = time.monotonic()

    def _ended(self, event: JobEvent) -> None:
        if event.job_id == PULSE:
            return
        if event.exception is not None:
            log.error("job.crashed", job=event.job_id, error=repr(event.exception), trace=event.traceback)
        if event.job_id == CYCLE:
            if self._again.is_set():
                self._again.clear()
                self.cycle_now()
            self._tell_next()

    def _was_busy(self, event: JobEvent) -> None:
        if event.job_id != CYCLE:
            return
        log.info("cycle.overlapped")
        with self._turning:
            if self._cycling:
                self._again.set()
                return
        # It has ended between APScheduler's look and this: nobody else would make up for the run.
        self.cycle_now()

    def _tell_next(self) -> None:
        job = self._scheduler.get_job(CYCLE)
        self._planned(job.next_run_time if job is not None else None)


class _Interval(IntervalTrigger):  # type: ignore[misc]
    """Knows no missed runs but one: APScheduler lists them all before it coalesces them, and a clock that is set
    forward by years would make that gigabytes.
    """

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        following: datetime | None = super().get_next_fire_time(previous_fire_time, now)
        return now + self.interval if following is not None and following <= now else following


def _interval(every: timedelta) -> IntervalTrigger:
    return _Interval(seconds=every.total_seconds(), timezone=UTC)
