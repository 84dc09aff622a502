"""Faults between us and ДЕЛО: nothing is lost, nothing is written that should not be, nothing is counted twice."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from baikaldoc_pos.delo import transport
from baikaldoc_pos.errors import DeloUnavailable, UnexpectedAnswer
from baikaldoc_pos.sync import CycleReport

from tests.clocks import NOW, ManualClock
from tests.delo_server import (
    EMPTY_BODY,
    HTML_ERROR,
    INVALID_JSON,
    JSON_LIST,
    JSON_NULL,
    WRONG_CHARSET,
    CloseAfter,
    Delay,
    Drip,
    Endless,
    Hang,
    Replace,
    Request,
    Reset,
    Truncate,
    pending_rubrics,
)
from tests.delo_server.fault_kinds import Fault
from tests.delo_server.faults import Target
from tests.delo_server.messages import JSON
from tests.installation import Installation
from tests.system.accounts import assert_reconciled, bookmark, expected, retries

COUNT = 24  # two pages, three batches
ATTEMPTS = 3
PASSING: dict[str, Fault] = {
    "reset": Reset(),
    "reset after execution": Reset(execute=True),
    "hang": Hang(),
    "hang after execution": Hang(execute=True),
    "late": Delay(1.0),
    "drip of headers": Drip("headers", 0.02),
    "drip of the body": Drip("body", 0.02),
    "truncated": Truncate(),
    "truncated chunk": Truncate(chunked=True),
    "closed after": CloseAfter(on_next=False),
    "reset on the next": CloseAfter(on_next=True),
    "429": Replace.by_status(429, retry_after=2),
    "503": Replace.by_status(503, retry_after=2),
    "500": Replace.by_status(500),
    "502 after execution": Replace.by_status(502, execute=True),
    "504": Replace.by_status(504),
    "html": HTML_ERROR,
    "invalid json": INVALID_JSON,
    "empty body": EMPTY_BODY,
    "wrong charset": WRONG_CHARSET,
}
READING = ("reset", "hang", "drip of the body", "truncated chunk", "503", "html", "invalid json", "empty body")
# An answer with status 200 and no cookie is a refusal.
SIGNING = ("reset after execution", "hang after execution", "drip of headers", "truncated", "429", "500")
# JSON of another form: it is not known what was answered, so the cycle ends, and the next one finds out.
ENDING: dict[str, Fault] = {
    "list": JSON_LIST,
    "null": JSON_NULL,
    "listed after": Replace(body=b"[]", content_type=JSON, execute=True),
}


@pytest.fixture
def installation(installation: Installation) -> Installation:
    """Rubrics that wait, in small pages and batches."""
    installation.server.store.add(*pending_rubrics(COUNT))
    installation.processing["pagination"] = {"pageSize": 20}
    installation.processing["batchSize"] = 10
    return installation


def grow_impatient(installation: Installation, fault: Fault) -> None:
    """Short time-outs where the fault is one of time; elsewhere a busy machine would have some by itself."""
    if isinstance(fault, Hang | Drip | Delay):
        installation.connection["read_timeout"] = 0.5
        installation.service["limits"] = {"requestSeconds": 0.8}


def assert_all_done(installation: Installation, *reports: CycleReport) -> None:
    """Every rubric has its status, has one row in the journal, and was counted in one report."""
    assert reports[-1].error is None
    assert_reconciled(installation, expected(pending_rubrics(COUNT)))
    assert sum(report.counts.updated + report.counts.confirmed for report in reports) == COUNT
    assert sum(report.counts.failed + report.counts.refused for report in reports) == 0
    assert len(installation.history()) >= COUNT
    assert retries(installation) == {}
    assert bookmark(installation) is not None
    assert installation.server.sessions.open_seats == 0


# --- Passing faults ---


@pytest.mark.parametrize(
    ("on", "fault"),
    [
        *(pytest.param("write", fault, id=f"write {name}") for name, fault in PASSING.items()),
        *(pytest.param("read", PASSING[name], id=f"read {name}", marks=pytest.mark.slow) for name in READING),
        *(pytest.param("login", PASSING[name], id=f"login {name}") for name in SIGNING),
    ],
)
def test_a_fault_that_passes_costs_nothing(installation: Installation, fault: Fault, on: Target) -> None:
    grow_impatient(installation, fault)
    scripted = installation.server.faults.add(fault, on=on, skip=0 if on == "login" else 1)
    report = installation.cycle()
    assert scripted.hits == 1
    # A sign-in whose answer was lost has left a seat that nobody knows of; it times out.
    if on == "login" and installation.server.sessions.open_seats:
        assert installation.server.sign_ins == 2
        installation.server.expire_sessions()
    assert_all_done(installation, report)
    assert len(installation.history()) == COUNT


@pytest.mark.parametrize("name", ["hang", "reset on the next", "503", "html"])
def test_a_fault_of_signing_out_costs_nothing(installation: Installation, name: str) -> None:
    fault = PASSING[name]
    grow_impatient(installation, fault)
    installation.server.faults.add(fault, on="logout")
    report = installation.cycle()
    installation.server.expire_sessions()
    assert_all_done(installation, report)


@pytest.mark.parametrize("on", ["read", "write"])
@pytest.mark.parametrize("fault", [Reset(execute=True), Replace.by_status(503), INVALID_JSON])
def test_a_fault_is_outlived_by_as_many_tries_as_configured(
    installation: Installation, fault: Fault, on: Target, clock: ManualClock
) -> None:
    installation.server.on_request(lambda request: _script_once(installation, fault, on))
    report = installation.cycle(clock)
    # A connection that was kept alive is made anew once without being counted; before a write is repeated, a reading
    # keeps one alive.
    uncounted = ATTEMPTS // 2 + 1 if isinstance(fault, Reset) and on == "write" else 1
    assert ATTEMPTS - uncounted <= len(clock.pauses) <= ATTEMPTS
    assert_all_done(installation, report)


def _script_once(installation: Installation, fault: Fault, on: Target) -> None:
    installation.server.on_request(None)
    installation.server.faults.add(fault, on=on, times=ATTEMPTS)


@pytest.mark.parametrize("fault", [Reset(), Replace.by_status(503)])
def test_every_second_answer_is_lost(installation: Installation, fault: Fault) -> None:
    seen: Counter[tuple[str, str | None]] = Counter()

    def alternate(request: Request) -> None:
        seen[request.kind, request.operation] += 1
        if seen[request.kind, request.operation] % 2:
            installation.server.faults.add(fault, on="any")

    installation.server.on_request(alternate)
    report = installation.cycle()
    installation.server.expire_sessions()
    assert_all_done(installation, report)


# --- Lasting faults ---


@pytest.mark.parametrize("skip", [0, 1, 2, 4])
@pytest.mark.parametrize("fault", [Reset(execute=True), Replace.by_status(500)])
def test_after_a_fault_that_lasts_the_next_cycle_goes_on(
    installation: Installation, fault: Fault, skip: int, clock: ManualClock
) -> None:
    """From the first page, the second, the first batch, or the last one on."""
    installation.server.faults.add(fault, times=None, skip=skip)
    first = installation.cycle(clock)
    assert isinstance(first.error, DeloUnavailable)
    assert first.exit_code == 75
    assert bookmark(installation) is None
    installation.server.faults.clear()
    clock.advance(minutes=10)
    second = installation.cycle(clock)
    assert_all_done(installation, first, second)


@pytest.mark.parametrize("on", ["read", "write"])
@pytest.mark.parametrize("fault", ENDING.values(), ids=ENDING.keys())
def test_json_of_another_form_ends_the_cycle_and_the_next_goes_on(
    installation: Installation, fault: Fault, on: Target, clock: ManualClock
) -> None:
    installation.server.faults.add(fault, on=on, skip=1)
    first = installation.cycle(clock)
    assert isinstance(first.error, UnexpectedAnswer)
    assert first.exit_code == 76
    clock.advance(minutes=10)
    second = installation.cycle(clock)
    assert_all_done(installation, first, second)


@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize("on", ["read", "write"])
def test_a_body_without_an_end_is_not_read_to_it(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, on: Target, declared: bool, clock: ManualClock
) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", 1 << 20)
    installation.server.faults.add(Endless(declared), on=on, skip=1)
    first = installation.cycle(clock)
    assert isinstance(first.error, DeloUnavailable)
    assert "too large" in str(first.error)
    assert clock.pauses == []
    assert_all_done(installation, first, installation.cycle(clock))


def test_a_server_that_is_down_and_comes_up_while_we_wait(installation: Installation) -> None:
    server, clock = installation.server, ManualClock()
    pause = clock.pause

    def wait_for_it(seconds: float) -> None:
        pause(seconds)
        if len(clock.pauses) == 2:
            server.come_up()

    clock.pause = wait_for_it  # type: ignore[method-assign]
    server.go_down()
    assert_all_done(installation, installation.cycle(clock))
    assert len(clock.pauses) == 2


def test_a_server_that_goes_down_in_the_middle(installation: Installation, clock: ManualClock) -> None:
    server = installation.server

    def go_down_at_the_first_write(request: Request) -> None:
        if request.is_mutation:
            server.faults.add(Reset(), on="any", times=None)

    server.on_execute(go_down_at_the_first_write)
    first = installation.cycle(clock)
    assert isinstance(first.error, DeloUnavailable)
    server.on_execute(None)
    server.go_down()
    down = installation.cycle(clock)
    assert isinstance(down.error, DeloUnavailable)
    assert "refused" in str(down.error).lower()
    server.faults.clear()
    server.come_up()
    last = installation.cycle(clock)
    server.expire_sessions()
    assert_all_done(installation, first, down, last)


# --- How long, and how often ---


def test_back_off_is_exponential_with_jitter(installation: Installation, clock: ManualClock) -> None:
    installation.processing["retryAttempts"] = 8
    installation.server.go_down()
    installation.cycle(clock)
    assert len(clock.pauses) == 8
    ceilings = [min(60.0, 2.0**n) for n in range(8)]
    assert all(ceiling / 2 <= wait <= ceiling for wait, ceiling in zip(clock.pauses, ceilings, strict=True))
    assert all(one != other for one, other in pairwise(clock.pauses))


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("on", ["read", "write", "login"])
def test_retry_after_in_seconds_is_waited_for(
    installation: Installation, status: int, on: Target, clock: ManualClock
) -> None:
    installation.server.faults.add(Replace.by_status(status, retry_after=37), on=on)
    assert_all_done(installation, installation.cycle(clock))
    assert clock.pauses == [37]


def test_retry_after_as_a_date_is_waited_for(installation: Installation, clock: ManualClock) -> None:
    installation.server.faults.add(Replace.by_status(503, retry_after=NOW + timedelta(seconds=50)))
    assert_all_done(installation, installation.cycle(clock))
    assert clock.pauses == [50]


@pytest.mark.parametrize("value", ["soon", "-5", "", "1e9", NOW - timedelta(days=1)])
def test_a_retry_after_that_is_of_no_use_is_backed_off_from(
    installation: Installation, value: object, clock: ManualClock
) -> None:
    installation.server.faults.add(Replace.by_status(503, retry_after=value))  # type: ignore[arg-type]
    assert_all_done(installation, installation.cycle(clock))
    assert len(clock.pauses) == 1
    assert 0.5 <= clock.pauses[0] <= 1


def test_no_wait_reaches_beyond_the_deadline_of_the_cycle(installation: Installation, clock: ManualClock) -> None:
    installation.service["limits"] = {"cycleMinutes": 2}
    installation.processing["retryAttempts"] = 20
    installation.server.go_down()
    report = installation.cycle(clock)
    assert isinstance(report.error, DeloUnavailable)
    assert 60 < sum(clock.pauses) < 120
    assert report.seconds < 120


def test_a_server_that_asks_for_more_time_than_there_is_ends_the_cycle_at_once(
    installation: Installation, clock: ManualClock
) -> None:
    installation.service["limits"] = {"cycleMinutes": 2}
    installation.server.faults.add(Replace.by_status(503, retry_after=600))
    assert isinstance(installation.cycle(clock).error, DeloUnavailable)
    assert clock.pauses == []


def test_a_fault_is_final_where_no_attempts_are_configured(installation: Installation, clock: ManualClock) -> None:
    installation.processing["retryAttempts"] = 0
    fault = installation.server.faults.add(Replace.by_status(500), times=None)
    first = installation.cycle(clock)
    assert isinstance(first.error, DeloUnavailable)
    assert clock.pauses == []
    fault.times = fault.hits
    assert_all_done(installation, first, installation.cycle(clock))


def test_a_kept_connection_that_was_closed_is_made_anew_at_once(installation: Installation, clock: ManualClock) -> None:
    installation.server.faults.add(CloseAfter(on_next=True), on="any", times=None)
    report = installation.cycle(clock)
    assert clock.pauses == []
    assert_all_done(installation, report)


def test_a_wrong_address_is_said_and_not_tried_again(installation: Installation, clock: ManualClock) -> None:
    installation.connection["graphql_endpoint"] = installation.server.url + "/CoreHost/нет/такого"
    report = installation.cycle(clock)
    assert isinstance(report.error, UnexpectedAnswer)
    assert "404" in str(report.error)
    assert clock.pauses == []
    assert installation.server.sessions.open_seats == 0


def test_every_request_is_counted(installation: Installation) -> None:
    installation.server.faults.add(Reset(), on="write")
    report = installation.cycle()
    # But for signing out, which comes after the report.
    assert report.counts.requests == installation.server.requests - 1
