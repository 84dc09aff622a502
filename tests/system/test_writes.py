"""What ДЕЛО says of each write: every record by itself, whatever becomes of its neighbours."""

import pytest
from baikaldoc_pos.errors import DeloUnavailable, SchemaMismatch
from baikaldoc_pos.model import Outcome

from tests.clocks import NOW, ManualClock
from tests.delo_server import (
    HAND_SET,
    AliasError,
    MissingKey,
    NullData,
    NullPayload,
    Refused,
    Replace,
    Request,
    Reset,
    WrongEcho,
)
from tests.delo_server.fault_kinds import WriteFault
from tests.installation import Installation
from tests.system.accounts import (
    assert_reconciled,
    bookmark,
    events,
    outcomes,
    retries,
)
from tests.system.sixty import BAD, COUNT, FIRST, TARGET, assert_neighbours_done, requests_for_writes

# --- One bad record in a batch ---


@pytest.mark.full_server
@pytest.mark.parametrize(
    ("fault", "outcome", "message"),
    [
        (Refused("Нет прав", "ACCESS_DENIED", "Eos.AccessDenied"), Outcome.REFUSED, "Нет прав"),
        (Refused("", None, None), Outcome.REFUSED, ""),
        (AliasError("Взаимоблокировка"), Outcome.FAILED, "Взаимоблокировка"),
        (NullPayload(), Outcome.FAILED, None),
        (MissingKey(), Outcome.FAILED, None),
        (WrongEcho("Другой статус", "nothing"), Outcome.WRONG_ECHO, "Другой статус"),
        (WrongEcho(None, "nothing"), Outcome.WRONG_ECHO, None),
        (WrongEcho("", "nothing"), Outcome.WRONG_ECHO, ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_bad_record_costs_no_neighbour(
    sixty: Installation, fault: WriteFault, outcome: Outcome, message: str | None
) -> None:
    sixty.server.faults.writes[BAD] = fault
    report = sixty.cycle()
    assert report.error is None
    assert_neighbours_done(sixty, BAD)
    assert report.counts.updated == COUNT - 1
    assert report.counts.refused + report.counts.failed == 1
    assert report.exit_code == 1
    assert bookmark(sixty) == NOW
    (row,) = sixty.history(rubric=BAD)
    assert (row.outcome, row.message) == (outcome, message)
    entry = retries(sixty)[BAD]
    assert (entry.attempts, entry.answer.outcome, entry.answer.message) == (1, outcome, message)
    assert list(retries(sixty)) == [BAD]
    assert requests_for_writes(sixty) == 2


@pytest.mark.full_server
def test_all_the_words_of_a_refusal_are_kept(sixty: Installation, caplog: pytest.LogCaptureFixture) -> None:
    sixty.server.faults.writes[BAD] = Refused("Нет прав", "ACCESS_DENIED", "Eos.AccessDenied")
    sixty.cycle()
    (row,) = sixty.history(rubric=BAD)
    words = ("Нет прав", "ACCESS_DENIED", "Eos.AccessDenied")
    assert (row.message, row.message_code, row.system_message) == words
    (told,) = events(caplog, "record.refused")
    assert (told["isn"], told["number"]) == (BAD, sixty.server.store[BAD].number)
    assert (told["message"], told["message_code"], told["system_message"]) == words


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        (AliasError(stores=True), TARGET),
        (NullPayload(stores=True), TARGET),
        (MissingKey(stores=True), TARGET),
        (NullData(stores=True), TARGET),
        (Refused(stores=True), TARGET),
        (WrongEcho("Другой статус", "asked"), TARGET),
        (WrongEcho("Другой статус", "echoed"), "Другой статус"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_record_that_was_stored_though_its_answer_was_bad_is_settled_by_what_stands(
    sixty: Installation, clock: ManualClock, fault: WriteFault, left: str
) -> None:
    """It has a status now, so it is never touched again, whatever a person sets before the next cycle."""
    sixty.server.store.change(BAD, sstu="Дан ответ автору")
    sixty.server.faults.writes[BAD] = fault
    sixty.cycle(clock)
    assert list(retries(sixty)) == ([] if left == TARGET else [BAD])
    sixty.server.faults.clear()
    sixty.server.store.change(BAD, pos=HAND_SET)
    clock.advance(minutes=10)
    sixty.cycle(clock)
    assert retries(sixty) == {}
    assert sixty.server.store[BAD].pos == HAND_SET
    assert sixty.server.store.written()[BAD] == [left]
    assert outcomes(sixty, BAD) == [Outcome.CONFIRMED if left == TARGET else Outcome.WRONG_ECHO]


def test_many_bad_records_of_every_kind(sixty: Installation) -> None:
    kinds: list[WriteFault] = [Refused(), AliasError(), NullPayload(), MissingKey(), WrongEcho(stores="nothing")]
    bad = [FIRST + n for n in range(0, COUNT, 4)]
    sixty.server.faults.writes.update({isn: kinds[n % len(kinds)] for n, isn in enumerate(bad)})
    report = sixty.cycle()
    assert report.error is None
    assert_neighbours_done(sixty, *bad)
    assert sorted(retries(sixty)) == bad


def test_errors_without_a_path_beside_good_data_cost_nothing(
    sixty: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    sixty.server.on_request(lambda request: _complain(sixty, request))
    report = sixty.cycle()
    assert (report.error, report.counts.updated) == (None, COUNT)
    assert_neighbours_done(sixty)
    assert "Предупреждение" in events(caplog, "delo.errors_beside_data")[0]["message"]


def _complain(installation: Installation, request: Request) -> None:
    installation.server.faults.extra_errors = ["Предупреждение"] if request.is_mutation else []


# --- Whole batches rejected ---


@pytest.mark.parametrize(
    ("status", "bad"), [(200, {FIRST, BAD, FIRST + COUNT - 1}), (400, {BAD}), (413, {BAD}), (500, {BAD})]
)
def test_a_rejected_batch_is_halved_until_the_bad_record_stands_alone(
    sixty: Installation, bad: set[int], status: int
) -> None:
    sixty.server.faults.poison |= bad
    sixty.server.faults.poison_status = status
    report = sixty.cycle()
    assert report.error is None
    assert_neighbours_done(sixty, *bad)
    assert (report.counts.updated, report.counts.failed) == (COUNT - len(bad), len(bad))
    assert sorted(retries(sixty)) == sorted(bad)
    assert all(outcomes(sixty, isn) == [Outcome.FAILED] for isn in bad)
    assert "не может быть выполнен" in str(retries(sixty)[BAD].answer.message)
    tries = 3 if status == 500 else 0
    assert requests_for_writes(sixty) <= 2 + 14 * len(bad) + 2 * tries


@pytest.mark.parametrize("status", [413, 502, 404])
def test_a_batch_that_a_proxy_refuses_for_its_size_goes_in_parts(sixty: Installation, status: int) -> None:
    """The refusal has a page of the proxy's instead of JSON, and says nothing of the records."""
    page = Replace.by_status(status)
    sixty.server.on_request(lambda request: _refuse_large(sixty, request, page))
    report = sixty.cycle()
    assert report.error is None
    assert report.counts.updated == COUNT
    assert_neighbours_done(sixty)
    assert retries(sixty) == {}


def _refuse_large(installation: Installation, request: Request, page: Replace) -> None:
    if request.is_mutation and len(request.variables) > 20:
        installation.server.faults.add(page, on="write")


def test_a_record_that_hangs_the_server_costs_no_neighbour(sixty: Installation) -> None:
    """Whoever writes it gets no answer at all, while all else is answered."""
    sixty.server.on_request(lambda request: _reset_for(sixty, request, BAD))
    report = sixty.cycle()
    assert report.error is None
    assert_neighbours_done(sixty, BAD)
    assert outcomes(sixty, BAD) == [Outcome.FAILED]
    assert list(retries(sixty)) == [BAD]


def test_a_record_whose_answers_are_lost_is_read_back(sixty: Installation) -> None:
    """It is executed each time, and each time the connection breaks."""
    sixty.server.on_request(lambda request: _reset_for(sixty, request, BAD, execute=True))
    report = sixty.cycle()
    assert report.error is None
    assert outcomes(sixty, BAD) == [Outcome.CONFIRMED]
    assert retries(sixty) == {}
    assert report.counts.updated + report.counts.confirmed == COUNT
    assert_reconciled(sixty, {isn: pos for isn, pos in sixty.server.store.pos_statuses().items() if pos})


def _reset_for(installation: Installation, request: Request, isn: int, *, execute: bool = False) -> None:
    if request.is_mutation and str(isn).encode() in request.body:
        installation.server.faults.add(Reset(execute=execute), on="write")


@pytest.mark.slow
def test_when_every_record_is_rejected_nothing_is_lost(sixty: Installation, clock: ManualClock) -> None:
    """A matter of the server, not of records: the cycle says so, and all of it is done once the server is well."""
    isns = set(sixty.server.store.pos_statuses())
    sixty.server.faults.poison |= isns
    report = sixty.cycle(clock)
    assert isinstance(report.error, SchemaMismatch)
    assert sixty.server.store.writes == ()
    assert bookmark(sixty) is None
    sixty.server.faults.clear()
    clock.advance(minutes=10)
    assert sixty.cycle(clock).error is None
    assert_neighbours_done(sixty)
    assert retries(sixty) == {}


def test_a_fault_that_outlasts_the_cycle_s_time_is_not_met_with_halves(sixty: Installation) -> None:
    clock = ManualClock()
    sixty.service["limits"] = {"cycleMinutes": 5}

    def slow(request: Request) -> None:
        if request.is_mutation:
            clock.advance(seconds=60)  # as long as a read time-out
            sixty.server.faults.add(Reset(), on="write")

    sixty.server.on_request(slow)
    report = sixty.cycle(clock)
    assert isinstance(report.error, DeloUnavailable)
    assert report.seconds < 7 * 60
    sixty.server.on_request(None)
    assert sixty.cycle(clock).error is None
    assert_neighbours_done(sixty)
