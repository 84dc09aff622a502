"""What ДЕЛО does not answer well in one place keeps nothing else from being done."""

import json
from datetime import timedelta

import pytest
from baikaldoc_pos.errors import AccessDenied, JournalUnavailable, SchemaMismatch

from tests.clocks import ManualClock
from tests.delo_server import MAPPING, AliasError, Refused, Reject, Replace, Request, Reset, pending_rubrics
from tests.installation import Installation
from tests.system.accounts import assert_accounted, events, retries, windows
from tests.system.sixty import BAD, COUNT, FIRST, TARGET, assert_neighbours_done

HALF = "\ud83d"  # of a character, as in a text that was cut by UTF-16


def bring_new(installation: Installation, clock: ManualClock) -> None:
    """Five rubrics come in, and the retry list falls due."""
    clock.advance(minutes=30)
    installation.server.store.add(
        *pending_rubrics(5, since=clock.now() - timedelta(minutes=20), until=clock.now(), first_isn=FIRST + 1000)
    )


def new_ones_done(installation: Installation) -> bool:
    store = installation.server.store
    return all(store[FIRST + 1000 + place].pos for place in range(5))


# --- Texts and numbers that nothing can hold ---


def test_half_a_character_in_a_number_costs_nothing(sixty: Installation) -> None:
    sixty.server.store.change(BAD, number=f"12{HALF}-ОГ")
    report = sixty.cycle()
    assert (report.error, report.counts.updated) == (None, COUNT)
    assert sixty.history(rubric=BAD)[0].number == "12?-ОГ"


def test_half_a_character_in_an_unmapped_status_costs_no_neighbour(sixty: Installation) -> None:
    sixty.server.store.change(BAD, sstu=f"Рассмотрено{HALF}")
    report = sixty.cycle()
    assert report.error is None
    assert report.unmapped[0].status == "Рассмотрено?"
    assert_neighbours_done(sixty, BAD)


def test_half_a_character_in_a_hand_set_status_is_a_status(sixty: Installation) -> None:
    sixty.server.faults.ignore_pos_filter = True
    sixty.server.store.change(BAD, pos=HALF)
    assert sixty.cycle().error is None
    assert sixty.server.store[BAD].pos == HALF


@pytest.mark.parametrize("fault", [Refused(f"Нет прав {HALF}"), AliasError(f"Сбой {HALF}")])
def test_half_a_character_in_the_server_s_words_is_a_refusal_like_any_other(
    sixty: Installation, fault: Refused
) -> None:
    sixty.server.faults.writes[BAD] = fault
    report = sixty.cycle()
    assert report.error is None
    assert report.counts.refused + report.counts.failed == 1
    assert_neighbours_done(sixty, BAD)


def test_half_a_character_in_a_refusal_of_the_whole(sixty: Installation, clock: ManualClock) -> None:
    sixty.server.faults.add(Reject(f"Сбой {HALF}"), on="write")
    assert sixty.cycle(clock).error is None
    assert_neighbours_done(sixty)


# --- Reading by ISN, which is only likely to work ---


@pytest.mark.full_server
@pytest.mark.parametrize("fault", [Replace.by_status(504), Replace.by_status(403)], ids=["504", "403"])
@pytest.mark.parametrize("left", ["refused", "open"])
def test_reading_by_isn_that_fails_leaves_no_window_unread(
    sixty: Installation, clock: ManualClock, fault: Replace, left: str, caplog: pytest.LogCaptureFixture
) -> None:
    if left == "refused":
        sixty.server.faults.writes[BAD] = Refused()
    else:
        sixty.server.faults.add(Reset(), times=None, skip=1)
    sixty.cycle(clock)
    sixty.server.faults.clear()
    sixty.server.faults.add(fault, operation="RubricsByIsn", times=None)
    bring_new(sixty, clock)
    report = sixty.cycle(clock)
    assert report.error is None
    assert new_ones_done(sixty)
    assert events(caplog, "retry.impossible" if left == "refused" else "settle.impossible")

    sixty.server.faults.clear()
    clock.advance(days=1)
    assert sixty.cycle(clock).error is None
    assert_neighbours_done(sixty)
    assert_accounted(sixty)


@pytest.mark.full_server
def test_a_row_that_cannot_be_read_leaves_its_own_change_open_alone(sixty: Installation, clock: ManualClock) -> None:
    sixty.server.faults.add(Reset(execute=True), times=None, skip=1)
    sixty.cycle(clock)
    sixty.server.faults.clear()
    sixty.server.faults.null_nodes.add(BAD)
    clock.advance(minutes=1)
    sixty.cycle(clock)
    with sixty.journal() as journal:
        assert [each.change.rubric.isn for each in journal.open_changes()] == [BAD]
    sixty.server.faults.null_nodes.clear()
    clock.advance(days=1)
    assert sixty.cycle(clock).error is None
    assert_accounted(sixty)


# --- A record that a proxy or a firewall takes exception to ---


@pytest.mark.parametrize("status", [403, 503])
def test_a_record_for_which_the_whole_batch_is_turned_away_costs_no_neighbour(
    sixty: Installation, clock: ManualClock, status: int
) -> None:
    sixty.server.faults.poison = {BAD}
    sixty.server.faults.poison_status = status
    report = sixty.cycle(clock)
    assert report.error is None
    assert report.counts.failed == 1
    assert retries(sixty).keys() == {BAD}
    assert_neighbours_done(sixty, BAD)
    bring_new(sixty, clock)
    assert sixty.cycle(clock).error is None
    assert new_ones_done(sixty)
    assert retries(sixty)[BAD].attempts == 2
    assert sixty.server.sessions.open_seats == 0


@pytest.mark.full_server
def test_a_record_that_is_turned_away_and_cannot_be_read_back_either_waits_for_its_retry(
    sixty: Installation, clock: ManualClock
) -> None:
    sixty.server.faults.poison = {BAD}
    sixty.server.faults.poison_status = 403
    sixty.server.faults.add(Replace.by_status(500), operation="RubricsByIsn", times=None)
    sixty.processing["retryAttempts"] = 0  # no waits, after which the other batch would have to be read again, too
    report = sixty.cycle(clock)
    assert report.error is None
    # Its batch is not sent again blindly, the other one is done.
    assert retries(sixty).keys() == {FIRST + place for place in range(50)}
    assert report.counts.updated == 10
    sixty.server.faults.clear()
    clock.advance(minutes=30)
    assert sixty.cycle(clock).error is None
    assert_neighbours_done(sixty)


def test_an_account_that_may_not_write_at_all_is_told_of(sixty: Installation, clock: ManualClock) -> None:
    sixty.server.faults.add(Replace.by_status(403), on="write", times=None)
    report = sixty.cycle(clock)
    assert isinstance(report.error, AccessDenied)
    assert (report.counts.updated, report.counts.failed, retries(sixty)) == (0, 0, {})


# --- Many bad records ---


@pytest.mark.slow
def test_bad_records_on_the_retry_list_are_no_sign_of_a_server_that_knows_no_writing(
    sixty: Installation, clock: ManualClock
) -> None:
    sixty.server.faults.poison = {FIRST + place for place in range(0, COUNT, 2)}
    first = sixty.cycle(clock)
    assert first.error is None
    assert len(retries(sixty)) == COUNT // 2
    bring_new(sixty, clock)
    second = sixty.cycle(clock)
    assert second.error is None
    assert second.counts.failed == COUNT // 2
    assert new_ones_done(sixty)


@pytest.mark.slow
def test_retries_whose_answers_are_lost_leave_no_window_unread(sixty: Installation, clock: ManualClock) -> None:
    sixty.server.faults.poison = {FIRST + place for place in range(0, COUNT, 2)}
    sixty.cycle(clock)
    sixty.server.faults.poison_status = 500
    bring_new(sixty, clock)
    report = sixty.cycle(clock)
    assert new_ones_done(sixty)
    assert report.error is None


def test_bad_records_after_good_ones_do_not_end_the_cycle(sixty: Installation, clock: ManualClock) -> None:
    """The second batch is bad as a whole; that writing works has been seen by then."""
    sixty.processing["batchSize"] = 15
    sixty.server.faults.poison = {FIRST + place for place in range(15, 30)}
    report = sixty.cycle(clock)
    assert report.error is None
    assert (report.counts.updated, report.counts.failed) == (45, 15)


def test_a_server_that_knows_no_writing_is_found_out(sixty: Installation, clock: ManualClock) -> None:
    sixty.server.faults.lacks = {"Mutation.updateArRubricValue"}
    assert isinstance(sixty.cycle(clock).error, SchemaMismatch)


# --- Stumbles ---


@pytest.mark.full_server
def test_a_server_that_stumbles_once_is_asked_the_same_again(
    sixty: Installation, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    sixty.server.faults.add(Reject(), operation="PendingRubrics")
    assert sixty.cycle(clock).error is None
    assert events(caplog, "delo.plainer_query") == []
    assert windows(sixty.server, "WindowRubrics") == []
    assert_neighbours_done(sixty)


# --- A mapping that was mended ---


@pytest.mark.parametrize("remedy", ["mapped", "ignored"])
def test_a_status_that_the_mapping_knows_by_now_is_taken_up_by_the_next_cycle(
    sixty: Installation, clock: ManualClock, remedy: str
) -> None:
    sixty.server.store.change(BAD, sstu="Возвращено")
    assert sixty.cycle(clock).counts.unmapped == 1
    if remedy == "mapped":
        sixty.processing["statusMapping"] = {**MAPPING, "Возвращено": TARGET}
    else:
        sixty.processing["ignoredStatuses"] = ["Возвращено"]
    sixty.save()
    shown = json.loads(sixty.command("once", "--dry-run", "--json").stdout)
    assert [change["isn"] for change in shown["changes"]] == ([BAD] if remedy == "mapped" else [])
    clock.advance(minutes=10)
    report = sixty.cycle(clock)
    assert report.counts.updated == (1 if remedy == "mapped" else 0)
    assert sixty.server.store[BAD].pos == (TARGET if remedy == "mapped" else None)
    with sixty.journal() as journal:
        assert journal.unmapped_summary() == []
    before = sixty.server.requests
    sixty.cycle(clock)
    assert sixty.server.requests == before + 3, "it is looked for no more"


# --- A journal that fails ---


def test_a_journal_that_fails_in_mid_cycle_ends_it_and_what_was_done_is_counted(sixty: Installation) -> None:
    journal = sixty.paths.state / "journal.sqlite3"
    sixty.processing["batchSize"] = 10

    def lose(request: Request) -> None:
        if sum(each.is_mutation for each in sixty.server.log) == 3:
            journal.rename(journal.with_suffix(".lost"))

    sixty.server.on_execute(lose)
    report = sixty.cycle()
    assert isinstance(report.error, JournalUnavailable)
    assert report.exit_code == 74
    assert report.counts.updated == 20
    assert len(sixty.server.store.writes) == 30
    journal.unlink(missing_ok=True)
    journal.with_suffix(".lost").rename(journal)
    sixty.server.on_execute(None)
    assert sixty.cycle().counts.confirmed == 10
    assert_neighbours_done(sixty)
