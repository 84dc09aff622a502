"""The scheduler: one cycle at a time, none lost, nothing swallowed. Real threads, awaited by events."""

import logging
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobEvent
from baikaldoc_pos.service.scheduler import PULSE, Scheduler
from baikaldoc_pos.service.watchdog import PULSE_SECONDS

OFTEN, NEVER = timedelta(seconds=0.05), timedelta(days=1)
SECONDS = 10


@pytest.fixture
def planned() -> list[datetime | None]:
    return []


@pytest.fixture
def scheduler(planned: list[datetime | None]) -> Iterator[Scheduler]:
    scheduler = Scheduler(planned.append)
    yield scheduler
    scheduler.shutdown()


def nothing() -> None:
    pass


def test_cycle_asked_for_while_one_runs_is_run_right_after_it(scheduler: Scheduler) -> None:
    running, go_on, ran = threading.Event(), threading.Event(), []

    def cycle() -> None:
        ran.append(len(ran))
        running.set()
        go_on.wait(SECONDS)

    scheduler.start(cycle, nothing, NEVER, NEVER)
    assert running.wait(SECONDS)
    running.clear()
    scheduler.cycle_now()
    assert not running.wait(0.3), "two cycles at a time"
    go_on.set()
    assert running.wait(SECONDS), "the cycle that was asked for was dropped"


def test_cycle_that_ends_just_when_another_is_found_too_early_leaves_none_out(scheduler: Scheduler) -> None:
    """APScheduler tells of the busy job when that has ended already."""
    runs = threading.Semaphore(0)
    scheduler.start(runs.release, nothing, NEVER, NEVER)
    assert runs.acquire(timeout=SECONDS)
    scheduler._was_busy(JobEvent(EVENT_JOB_MAX_INSTANCES, "cycle", None))
    assert runs.acquire(timeout=SECONDS), "the cycle was dropped"


def test_what_a_job_raises_is_logged_with_its_traceback(scheduler: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    twice = threading.Semaphore(0)

    def cycle() -> None:
        twice.release()
        raise SystemExit("surprise")

    with caplog.at_level(logging.ERROR, "baikaldoc_pos"):
        scheduler.start(cycle, nothing, OFTEN, NEVER)
        for _ in range(2):
            assert twice.acquire(timeout=SECONDS), "the scheduler died of it"
    crashed = [record for record in caplog.records if record.getMessage() == "job.crashed"]
    assert "surprise" in crashed[0].fields["error"]  # type: ignore[attr-defined]
    assert "raise SystemExit" in crashed[0].fields["trace"]  # type: ignore[attr-defined]


def test_after_a_step_back_of_the_wall_clock_jobs_run_as_soon_as_they_were_going_to(scheduler: Scheduler) -> None:
    runs, kept_alive = threading.Semaphore(0), threading.Event()
    # By a clock that was set back by a day less a moment, they are a day away.
    scheduler.start(runs.release, kept_alive.set, NEVER, NEVER)
    assert runs.acquire(timeout=SECONDS)
    scheduler.set_back(NEVER - timedelta(seconds=0.1))
    assert runs.acquire(timeout=SECONDS)
    assert kept_alive.wait(SECONDS)


def test_put_off_never_makes_a_cycle_later_than_it_is_planned(scheduler: Scheduler) -> None:
    runs = threading.Semaphore(0)
    scheduler.start(runs.release, nothing, timedelta(seconds=0.3), NEVER)
    assert runs.acquire(timeout=SECONDS)
    scheduler.postpone(timedelta(hours=1))
    assert runs.acquire(timeout=SECONDS)


def test_what_a_job_asks_for_after_the_shutdown_is_no_defect(caplog: pytest.LogCaptureFixture) -> None:
    running, go_on, told = threading.Event(), threading.Event(), threading.Semaphore(0)

    def cycle() -> None:
        running.set()
        go_on.wait(SECONDS)
        # As at the end of a cycle that found ДЕЛО away, and after a keep-alive.
        scheduler.postpone(timedelta(seconds=15))
        scheduler.keep_alive_after(timedelta(seconds=15))

    scheduler = Scheduler(lambda at: at is None and told.release())
    scheduler.start(cycle, nothing, NEVER, NEVER)
    assert running.wait(SECONDS)
    scheduler.cycle_now()
    assert scheduler._again.wait(SECONDS), "the second cycle is to follow the first"
    scheduler.shutdown()
    go_on.set()
    # By the job itself, by the cycle that was to follow, and by the job's end.
    for _ in range(3):
        assert told.acquire(timeout=SECONDS)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_pulse_shows_that_the_scheduler_lives() -> None:
    scheduler = Scheduler(lambda at: None)
    assert not scheduler.alive
    scheduler.start(nothing, nothing, NEVER, NEVER)
    assert scheduler.alive
    assert scheduler.pulse_age < SECONDS
    scheduler.shutdown()
    assert not scheduler.alive


def test_a_clock_that_is_set_forward_by_years_makes_no_list_of_all_that_was_missed(scheduler: Scheduler) -> None:
    scheduler.start(nothing, nothing, NEVER, NEVER)
    pulse = scheduler._scheduler.get_job(PULSE)
    planned = pulse.next_run_time
    now = planned + timedelta(days=1100)
    assert pulse._get_run_times(now) == [planned]
    assert pulse.trigger.get_next_fire_time(planned, now) == now + timedelta(seconds=PULSE_SECONDS)
    soon = planned + timedelta(seconds=0.3)
    assert pulse.trigger.get_next_fire_time(planned, soon) == planned + timedelta(seconds=PULSE_SECONDS)
