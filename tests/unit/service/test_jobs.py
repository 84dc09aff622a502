"""The two jobs against a real stand-in, by a clock that the test moves: what is asked, and when it is tried again."""

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from attrs import define, field
from baikaldoc_pos.assembly import open_journal
from baikaldoc_pos.journal import Pause, PauseFile
from baikaldoc_pos.service import jobs
from baikaldoc_pos.service.jobs import FIRST_BACKOFF, Jobs
from baikaldoc_pos.service.session import SessionManager
from baikaldoc_pos.service.state import StateHolder
from baikaldoc_pos.service.watchdog import JobMonitor
from baikaldoc_pos.state import Phase, ServiceState

from tests.clocks import ManualClock
from tests.delo_server import DeloServer, Replace, make_rubric
from tests.installation import Installation

KEEP_ALIVE_MINUTES = 5
INTERVAL_MINUTES = 10
SECONDS = 10


@define
class Planned:
    """In the scheduler's place: what it was asked for."""

    cycles: list[timedelta] = field(factory=list)
    keep_alives: list[timedelta] = field(factory=list)

    def postpone(self, delay: timedelta) -> None:
        self.cycles.append(delay)

    def keep_alive_after(self, delay: timedelta) -> None:
        self.keep_alives.append(delay)


@pytest.fixture
def server(clock: ManualClock) -> Iterator[DeloServer]:
    with DeloServer(clock=clock.monotonic) as running:
        yield running


@pytest.fixture
def service(installation: Installation, clock: ManualClock) -> Iterator[SimpleNamespace]:
    """The jobs with what they work on."""
    installation.processing["retryAttempts"] = 0
    installation.service |= {
        "schedule": {"intervalMinutes": INTERVAL_MINUTES},
        "session": {"keepAliveMinutes": KEEP_ALIVE_MINUTES},
    }
    installation.save()
    made = SimpleNamespace(planned=Planned(), reports=[], states=[], monitor=JobMonitor())
    made.account, made.holder = SessionManager(clock, lambda report: None, None), StateHolder(made.states.append)
    with open_journal(installation.paths, installation.configuration().processing.zone, clock) as journal:
        made.jobs = Jobs(
            installation.configuration,
            journal,
            lambda: PauseFile(installation.paths.state).check(clock.now()),
            made.account,
            clock,
            made.monitor,
            made.holder,
            made.planned,
            made.reports.append,
        )
        yield made
        made.account.sign_out()


def keep_alives(server: DeloServer) -> int:
    return server.traffic.operations["KeepAlive"]


def test_session_is_kept_alive_only_where_nothing_else_spoke(service, server, clock) -> None:
    service.jobs.cycle()
    clock.advance(minutes=KEEP_ALIVE_MINUTES - 1)
    service.jobs.keep_alive()
    assert keep_alives(server) == 0, "the cycle had spoken to ДЕЛО meanwhile"
    assert service.planned.keep_alives == [timedelta(minutes=1)]
    clock.advance(minutes=1)
    service.jobs.keep_alive()
    assert keep_alives(server) == 1
    assert service.holder.present.problem is None


def test_nothing_is_asked_while_a_cycle_has_its_turn(service, server, clock) -> None:
    service.jobs.cycle()
    clock.advance(minutes=KEEP_ALIVE_MINUTES)
    with service.account.lock:
        service.jobs.keep_alive()
    assert keep_alives(server) == 0


def test_keep_alive_in_vain_has_a_cycle_run_soon_and_does_not_wait_itself(service, server, clock, installation) -> None:
    service.jobs.cycle()
    installation.processing["retryAttempts"] = 20
    installation.save()
    server.faults.add(Replace.by_status(503, retry_after=60), times=None)
    clock.advance(minutes=KEEP_ALIVE_MINUTES)
    service.jobs.keep_alive()
    assert clock.pauses == [], "a cycle follows, and waits for its turn until then"
    assert service.holder.present.problem.event == "delo.unavailable"
    assert service.planned.cycles == [FIRST_BACKOFF]


@pytest.fixture
def cycle_beside_a_keep_alive(service, monkeypatch) -> Iterator[threading.Thread]:
    """A cycle that has its turn to wait for; it has been found to get on twice."""
    progress = threading.Semaphore(0)
    monkeypatch.setattr(service.monitor, "progress", progress.release)
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.01)
    assert service.account.lock.acquire(timeout=SECONDS)
    cycle = threading.Thread(target=service.jobs.cycle)
    cycle.start()
    for _ in range(2):
        assert progress.acquire(timeout=SECONDS), "taken for stuck, and restarted by the watchdog"
    yield cycle
    service.account.lock.release()


def test_cycle_that_waits_for_its_turn_gets_on_and_says_so(service, cycle_beside_a_keep_alive) -> None:
    assert service.holder.present.phase is Phase.WAITING
    service.account.lock.release()
    cycle_beside_a_keep_alive.join(SECONDS)
    assert service.holder.present.last_success is not None
    assert service.holder.present.phase is Phase.IDLE
    assert service.account.lock.acquire(timeout=SECONDS)


def test_stop_ends_the_wait_for_the_turn(service, cycle_beside_a_keep_alive, clock, caplog) -> None:
    clock.stop.set()
    cycle_beside_a_keep_alive.join(SECONDS)
    assert not cycle_beside_a_keep_alive.is_alive()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    clock.stop.clear()


def test_while_delo_is_waited_for_the_state_says_why_and_until_when(service, server, clock, installation) -> None:
    installation.processing["retryAttempts"] = 3
    installation.save()
    server.faults.add(Replace.by_status(503, retry_after=60), times=2)
    began = clock.now()
    service.jobs.cycle()
    waits = [state.wait for state in service.states]
    told = [wait.at for wait in waits if wait is not None and wait.at is not None]
    assert told == [began + timedelta(minutes=1), began + timedelta(minutes=2)]
    first = next(number for number, wait in enumerate(waits) if wait is not None)
    assert "503" in str(waits[first].fields["reason"])
    assert waits[first + 1].at is None, "the wait is over, and ДЕЛО is being asked"
    assert service.holder.present.wait is None
    assert service.holder.present.problem is None


def test_unavailable_delo_is_tried_ever_less_often_up_to_the_interval(service, server, clock) -> None:
    server.go_down()
    for _ in range(8):
        service.jobs.cycle()
        clock.advance(minutes=INTERVAL_MINUTES)
    # After these comes the interval itself, for which nothing has to be asked.
    assert service.planned.cycles == [timedelta(seconds=seconds) for seconds in (15, 30, 60, 120, 240, 480)]
    since = service.holder.present.problem.since
    assert since == clock.now() - timedelta(minutes=8 * INTERVAL_MINUTES), "the outage is as old as its first sign"
    server.come_up()
    service.jobs.cycle()
    assert service.holder.present.problem is None
    assert service.holder.present.last_success == clock.now()
    server.go_down()
    service.jobs.cycle()
    assert service.planned.cycles[-1] == FIRST_BACKOFF


def test_outage_is_as_old_as_its_first_sign_however_often_the_service_is_restarted(
    service, server, clock, installation
) -> None:
    service.jobs.cycle()
    clock.advance(minutes=INTERVAL_MINUTES)
    server.go_down()
    service.jobs.cycle()
    first = clock.now()
    for _ in range(3):
        clock.advance(minutes=INTERVAL_MINUTES)
        restart(service, clock)
        service.jobs.cycle()
        assert service.holder.present.problem.since == first
    # A cycle that is cut short by the stop says nothing of ДЕЛО.
    clock.stop.set()
    service.jobs.cycle()
    clock.stop.clear()
    restart(service, clock)
    service.jobs.cycle()
    assert service.holder.present.problem.since == first
    server.come_up()
    service.jobs.cycle()
    clock.advance(minutes=INTERVAL_MINUTES)
    server.go_down()
    restart(service, clock)
    service.jobs.cycle()
    assert service.holder.present.problem.since == clock.now()


def restart(service: SimpleNamespace, clock: ManualClock) -> None:
    """A new process has the journal, and nothing of what the old one knew."""
    service.account.sign_out()
    service.holder.change(
        **{name: getattr(ServiceState(), name) for name in ("problem", "cycle_ended", "last_success")}
    )


def test_keep_alive_that_is_answered_again_ends_the_outage(service, server, clock) -> None:
    service.jobs.cycle()
    server.go_down()
    clock.advance(minutes=KEEP_ALIVE_MINUTES)
    service.jobs.keep_alive()
    server.come_up()
    clock.advance(minutes=KEEP_ALIVE_MINUTES)
    service.jobs.keep_alive()
    assert service.holder.present.problem is None


def test_session_is_handed_over_only_where_the_next_process_finds_it(server, clock, installation, caplog) -> None:
    gone, kept = installation.paths.state / "gone", installation.paths.state
    lost, found, taken = (SessionManager(clock, lambda report: None, where) for where in (gone, kept, kept))
    assert found.hand_over()  # there is none yet, and nothing to say
    with caplog.at_level("INFO"):
        lost.session(installation.configuration()).sign_in()
        assert not lost.hand_over()
        assert "session.handed_over" not in caplog.messages
        lost.sign_out()
        found.session(installation.configuration()).sign_in()
        assert found.hand_over()
        assert caplog.messages.count("session.handed_over") == 1
    taken.session(installation.configuration())  # taken up, and nothing asked since
    assert taken.hand_over()
    assert (server.sign_ins, server.sessions.open_seats) == (2, 1)
    taken.sign_out_for_good(installation.configuration())
    assert server.sessions.open_seats == 0


def test_other_limits_are_no_reason_for_another_session(service, server, installation) -> None:
    service.jobs.cycle()
    installation.connection |= {"read_timeout": 7, "verify": False}
    installation.service |= {"limits": {"requestSeconds": 50}, "session": {"rejectedRetryHours": 3}}
    installation.save()
    service.jobs.cycle()
    assert service.holder.present.problem is None
    assert (server.sign_ins, server.sessions.sign_outs) == (1, 0)


def test_pause_leaves_delo_alone_and_is_no_problem(service, server, clock, installation) -> None:
    server.store.add(make_rubric(1, ins_date=clock.now() - timedelta(hours=1)))
    until = clock.now() + timedelta(hours=4)
    PauseFile(installation.paths.state).begin(Pause(until, clock.now(), "admin"))
    service.jobs.cycle()
    assert service.holder.present.paused_until == until
    assert service.holder.present.problem is None
    assert server.store[1].pos is None
    clock.advance(hours=5)
    service.jobs.cycle()
    assert server.store[1].pos


def test_journal_that_is_gone_is_told_of_and_nothing_is_written(service, server, clock, installation) -> None:
    server.store.add(make_rubric(1, ins_date=clock.now() - timedelta(hours=1)))
    (installation.paths.state / "journal.sqlite3").unlink()
    service.jobs.cycle()
    assert service.holder.present.problem.event == "journal.unavailable"
    assert service.holder.present.phase is Phase.IDLE
    assert server.store[1].pos is None


def test_stop_in_mid_cycle_is_no_problem(service, server, clock) -> None:
    server.store.add(make_rubric(1, ins_date=clock.now() - timedelta(hours=1)))
    server.on_execute(lambda request: clock.stop.set())
    service.jobs.cycle()
    assert service.holder.present.problem is None
    assert service.holder.present.phase is Phase.IDLE
    assert server.store[1].pos is None
    clock.stop.clear()


def test_defect_is_told_of_with_its_traceback_and_the_next_cycle_runs(service, server, clock, caplog) -> None:
    reports = service.reports
    service.jobs._finished = lambda report: reports[0]  # an IndexError
    service.jobs.cycle()
    assert service.holder.present.problem.event == "job.crashed"
    (crashed,) = (record for record in caplog.records if record.getMessage() == "job.crashed")
    assert crashed.exc_info is not None
    service.jobs._finished = reports.append
    service.jobs.cycle()
    assert service.holder.present.problem is None
    assert len(reports) == 1
