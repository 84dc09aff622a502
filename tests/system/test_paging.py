"""Reading a window while it changes under us, and from servers that send odd pages: nothing is skipped in silence."""

from collections.abc import Callable

import pytest
from baikaldoc_pos.errors import SchemaMismatch

from tests.clocks import NOW, ManualClock
from tests.delo_server import HAND_SET, DeloServer, Lack, Reject, Request, make_rubric, mixed_rubrics, pending_rubrics
from tests.installation import KNOWN, Installation
from tests.system.accounts import (
    ago,
    assert_reconciled,
    bookmark,
    events,
    expected,
    last_days,
    reads,
)

ISN = 128_000_001
PAGE = 10


@pytest.fixture
def small_pages(installation: Installation) -> Installation:
    """Forty-five rubrics that wait, in pages of ten."""
    installation.processing["pagination"] = {"pageSize": PAGE}
    installation.server.store.add(*pending_rubrics(45))
    return installation


def before_page(server: DeloServer, number: int, act: Callable[[], None]) -> None:
    """Have something happen once, right before the so-many-eth page is looked up."""
    pages = 0

    def hook(request: Request) -> None:
        nonlocal pages
        if request.operation in {"PendingRubrics", "WindowRubrics"}:
            pages += 1
            if pages == number:
                act()

    server.on_execute(hook)


@pytest.mark.full_server
@pytest.mark.parametrize("page", [2, 3, 4, 5])
def test_rows_that_vanish_while_paging_cost_no_other_row(small_pages: Installation, page: int) -> None:
    """Five rubrics of the first page get a status by hand: none is skipped for it, and none of them is written over."""
    store = small_pages.server.store
    by_hand = [ISN + n for n in range(5)]

    def decide_by_hand() -> None:
        for isn in by_hand:
            store.change(isn, pos=HAND_SET)

    before_page(small_pages.server, page, decide_by_hand)
    wanted = expected(store.rubrics()) | dict.fromkeys(by_hand, HAND_SET)
    report = small_pages.cycle()
    assert report.error is None
    assert report.counts.updated == 40
    assert_reconciled(small_pages, wanted)


@pytest.mark.parametrize("page", [2, 3, 5])
def test_a_row_that_vanishes_while_another_appears_hides_none(small_pages: Installation, page: int) -> None:
    """The server names the same total throughout, and yet a row has slipped over the border of a page."""
    store = small_pages.server.store

    def swap() -> None:
        store.change(ISN, pos=HAND_SET)
        store.add(make_rubric(ISN + 1000))

    before_page(small_pages.server, page, swap)
    report = small_pages.cycle()
    assert (report.error, report.counts.updated) == (None, 45)
    assert store[ISN].pos == HAND_SET
    assert_reconciled(small_pages, expected(store.rubrics()))


@pytest.mark.parametrize("page", [2, 5])
def test_rows_that_appear_while_paging_are_read_too(small_pages: Installation, page: int) -> None:
    store = small_pages.server.store
    new = [make_rubric(ISN - 1 - n) for n in range(5)]  # before all others in the order
    before_page(small_pages.server, page, lambda: store.add(*new))
    report = small_pages.cycle()
    assert report.error is None
    assert report.counts.updated == 50
    assert_reconciled(small_pages, expected(store.rubrics()))


def test_a_window_that_never_holds_still_is_read_again(
    small_pages: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    """What was seen is written; that not all was seen is said, and the next cycle reads the same window again."""
    store = small_pages.server.store
    isns = iter(range(ISN - 1, 0, -1))

    def one_more(request: Request) -> None:
        if not request.is_mutation:
            store.add(make_rubric(next(isns)))

    small_pages.server.on_execute(one_more)
    report = small_pages.cycle()
    assert (report.error, report.incomplete, report.exit_code) == (None, 1, 1)
    assert bookmark(small_pages) == NOW
    assert report.counts.updated >= 45
    assert len(events(caplog, "window.incomplete")) == 1

    small_pages.server.on_execute(None)
    assert small_pages.cycle().error is None
    assert_reconciled(small_pages, expected(store.rubrics()))


def test_a_rubric_that_vanishes_altogether_is_no_error(small_pages: Installation) -> None:
    store = small_pages.server.store
    before_page(small_pages.server, 3, lambda: store.remove(ISN, ISN + 44))
    report = small_pages.cycle()
    assert report.error is None
    assert len(store.writes) == 43


@pytest.mark.parametrize("fault", ["stuck_cursor", "endless_pages"])
def test_pages_without_an_end_cost_their_window_only(small_pages: Installation, fault: str) -> None:
    server = small_pages.server
    setattr(server.faults, fault, True)
    report = small_pages.cycle()
    assert (report.error, report.incomplete, report.exit_code) == (None, 1, 1)
    assert bookmark(small_pages) == NOW
    server.faults.clear()
    assert small_pages.cycle().exit_code == 0
    assert_reconciled(small_pages, expected(server.store.rubrics()))


@pytest.mark.full_server
def test_reading_ends_with_the_time_of_the_cycle(small_pages: Installation, clock: ManualClock) -> None:
    """What was read till then is written; the window is told of, and read again."""
    server = small_pages.server
    server.on_execute(lambda request: clock.advance(seconds=60) if request.operation == "PendingRubrics" else None)
    small_pages.service["limits"] = {"cycleMinutes": 2.5}
    report = small_pages.cycle(clock)
    assert (report.error, report.incomplete, report.counts.updated) == (None, 1, 28)
    assert len(reads(server)) == 3
    server.on_execute(None)
    assert small_pages.cycle(clock).exit_code == 0
    assert_reconciled(small_pages, expected(server.store.rubrics()))


def test_duplicates_are_dropped(small_pages: Installation) -> None:
    small_pages.server.faults.repeat_rows = 4
    report = small_pages.cycle()
    assert (report.counts.found, report.counts.updated) == (45, 45)
    assert_reconciled(small_pages, expected(small_pages.server.store.rubrics()))
    assert len(small_pages.server.store.writes) == 45


def test_windows_that_overlap_count_a_rubric_once(installation: Installation, clock: ManualClock) -> None:
    """Refused in one window, it is met again in the overlap of the next cycle, and waits there for its time."""
    installation.server.store.add(make_rubric(sstu="Отозвано", ins_date=ago(days=10)))
    installation.processing["dateRange"]["maxDateRangeDays"] = 10  # it lies on the border of two windows
    report = installation.cycle(clock, asked=last_days(30))
    assert report.counts.windows == 3
    assert (report.counts.found, report.counts.unmapped) == (1, 1)


def test_a_server_that_ignores_the_filter_on_the_status(installation: Installation) -> None:
    rubrics = mixed_rubrics(400, since=ago(days=30), until=ago(), pending=0.2)
    installation.server.store.add(*rubrics)
    installation.server.faults.ignore_pos_filter = True
    report = installation.cycle()
    assert report.counts.updated == 80
    assert report.counts.skipped > 200
    assert_reconciled(installation, expected(rubrics))


def hide_nodes(server: DeloServer) -> None:
    server.faults.null_nodes |= {ISN + 3, ISN + 17}


def hide_isns(server: DeloServer) -> None:
    server.faults.null_isns |= {ISN + 3, ISN + 17}


@pytest.mark.parametrize("hide", [hide_nodes, hide_isns])
def test_rows_that_cannot_be_read_cost_no_neighbour_and_are_read_again(
    small_pages: Installation, hide: Callable[[DeloServer], None], caplog: pytest.LogCaptureFixture
) -> None:
    server = small_pages.server
    hide(server)
    report = small_pages.cycle()
    assert (report.error, report.incomplete, report.counts.updated) == (None, 1, 43)
    assert bookmark(small_pages) == NOW
    (told,) = events(caplog, "window.unreadable_rows")
    assert told["rows"] == (f"{ISN + 2}…{ISN + 4}", f"{ISN + 16}…{ISN + 18}")
    server.faults.clear()
    assert small_pages.cycle().error is None
    assert_reconciled(small_pages, expected(server.store.rubrics()))


@pytest.mark.full_server
def test_an_unreadable_row_in_an_old_window_holds_up_no_other(installation: Installation, clock: ManualClock) -> None:
    installation.service["lookback"] = {"days": 0}
    installation.cycle(clock)
    clock.advance(days=80)
    rubrics = pending_rubrics(30, since=ago(), until=clock.now())
    installation.server.store.add(*rubrics)
    installation.server.faults.null_nodes.add(rubrics[15].isn)  # in the second of three windows
    installation.server.traffic.reset()
    report = installation.cycle(clock)
    assert report.counts.updated == 29
    assert (report.incomplete, bookmark(installation)) == (1, clock.now())
    installation.server.faults.clear()
    assert installation.cycle(clock).counts.updated == 1


def test_pages_without_rows_are_no_empty_window(small_pages: Installation) -> None:
    server = small_pages.server
    server.faults.null_edges = True
    report = small_pages.cycle()
    assert (report.error, report.incomplete, server.store.writes) == (None, 1, ())
    server.faults.clear()
    small_pages.cycle()
    assert_reconciled(small_pages, expected(server.store.rubrics()))


@pytest.mark.full_server
def test_a_server_that_cuts_pages_shorter_than_asked(installation: Installation) -> None:
    rubrics = pending_rubrics(100)
    installation.server.store.add(*rubrics)
    installation.server.max_page_size = 7
    report = installation.cycle()
    assert (report.error, report.counts.updated) == (None, 100)
    # Every page but the first begins with the last row of the one before.
    assert len(reads(installation.server)) == 17
    assert_reconciled(installation, expected(rubrics))


@pytest.mark.full_server
@pytest.mark.parametrize("known", [False, True], ids=["found out", "limited later"])
@pytest.mark.parametrize("status", [None, 200, 400, 504])
def test_pages_are_as_large_as_the_server_allows(
    installation: Installation, status: int | None, known: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server, rubrics = installation.server, pending_rubrics(350)
    server.store.add(*rubrics)
    installation.profile = KNOWN if known else None
    del installation.processing["pagination"]
    if status is not None:
        server.faults.page_limit, server.faults.page_limit_status = 100, status
    report = installation.cycle()
    assert (report.error, report.counts.updated) == (None, 350)
    assert_reconciled(installation, expected(rubrics))
    assert ("delo.page_limited" in caplog.messages) == (known and status is not None)

    for rubric in rubrics:
        server.store.change(rubric.isn, pos=None)
    server.traffic.reset()
    installation.cycle(asked=last_days(30))
    assert len(reads(server)) == (1 if status is None else 4)


@pytest.mark.full_server
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    "lacks", [{Lack.POS_STATUS_FILTER}, {Lack.ISN_ORDER}, {Lack.ORDER}, {Lack.ISN_FILTER}, set(Lack) - {Lack.ISN_ORDER}]
)
def test_a_server_that_lacks_what_is_only_likely(
    installation: Installation, lacks: set[Lack], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    installation.profile = None
    rubrics = mixed_rubrics(300, since=ago(days=30), until=ago(), pending=0.2)
    server = installation.server
    server.store.add(*rubrics)
    server.faults.lacks |= lacks
    server.faults.validation_status = status
    report = installation.cycle()
    assert (report.error, report.counts.updated) == (None, 60)
    assert_reconciled(installation, expected(rubrics))
    assert bool(events(caplog, "delo.filter_refused")) == (Lack.POS_STATUS_FILTER in lacks)


@pytest.mark.full_server
def test_a_server_that_lacks_what_was_seen_says_what_it_is(installation: Installation) -> None:
    installation.server.store.add(make_rubric())
    installation.server.faults.lacks.add("ArRubricValueFilter.refRubric")
    report = installation.cycle()
    assert isinstance(report.error, SchemaMismatch)
    assert "refRubric" in str(report.error)
    assert report.exit_code == 76
    assert bookmark(installation) is None


@pytest.mark.full_server
def test_a_failing_query_is_not_taken_for_a_lacking_filter(installation: Installation) -> None:
    """5xx with GraphQL errors, as .NET servers answer where the execution failed: tried again, as it is."""
    rubrics = pending_rubrics(5)
    installation.server.store.add(*rubrics)
    installation.server.faults.add(Reject("Timeout expired", 500), on="read", times=2)
    clock = ManualClock()
    report = installation.cycle(clock)
    assert report.error is None
    assert len(clock.pauses) == 2
    assert reads(installation.server, "WindowRubrics") == []
    assert_reconciled(installation, expected(rubrics))


def test_a_status_set_by_hand_after_pages_that_took_long_is_not_written_over(
    small_pages: Installation, clock: ManualClock
) -> None:
    """Reading takes longer than what was read stays fresh: what its first page showed is looked at again."""
    server = small_pages.server

    def meanwhile(request: Request) -> None:
        if request.operation == "PendingRubrics":
            clock.advance(seconds=15)
        elif server.store[ISN].pos is None and not server.store.writes:
            server.store.change(ISN, pos=HAND_SET)
            server.store.change(ISN + 1, sstu="Отозвано")

    server.on_execute(meanwhile)
    report = small_pages.cycle(clock)
    assert server.store[ISN].pos == HAND_SET
    assert server.store[ISN + 1].pos is None
    assert report.counts.updated == 43


@pytest.mark.full_server
def test_no_variable_has_a_type_whose_name_is_not_known(small_pages: Installation) -> None:
    """The stand-in refuses any; what is asked here is that it refused none."""
    small_pages.counted = None
    report = small_pages.cycle()
    assert report.error is None
    assert {request.operation for request in small_pages.server.log if request.kind == "query"} == {
        "PendingRubrics",
        "RubricCounts",
        "UpdateRubrics",
    }
