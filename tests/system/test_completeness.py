"""Which rubrics have no «Статус ПОС», and why: what the officials are fined for."""

import json
from datetime import date

import pytest
from attrs import evolve
from baikaldoc_pos.alerts import Observed
from baikaldoc_pos.journal import Completeness, keep_completeness, last_completeness
from baikaldoc_pos.server_profile import PairsFilter, PendingFilter

from tests.clocks import ManualClock
from tests.delo_server import HAND_SET, MAPPING, UNMAPPED, Refused, make_rubric
from tests.installation import KNOWN, Installation
from tests.mail_server import text_of
from tests.system.accounts import ago, events
from tests.unit.journal.builders import completeness

ISN = 128_000_001
MAPPED = next(iter(MAPPING))
SINGLY = evolve(KNOWN, pairs=PairsFilter.SINGLY)
HALVES = evolve(KNOWN, pending=PendingFilter.NULL)
ROWS = evolve(KNOWN, pairs=PairsFilter.NONE)
WHOLE = evolve(KNOWN, pending=PendingFilter.NONE, pending_proven=False)


@pytest.fixture
def installation(installation: Installation) -> Installation:
    installation.counted = None
    return installation


@pytest.fixture
def region(installation: Installation) -> Installation:
    """Rubrics of four weeks: one of each reason, and two that have a status."""
    installation.processing["ignoredStatuses"] = [UNMAPPED[0]]
    installation.server.store.add(
        make_rubric(ISN, sstu=None, ins_date=ago(days=20)),
        make_rubric(ISN + 1, sstu="", pos="", ins_date=ago(days=19)),
        make_rubric(ISN + 2, sstu=UNMAPPED[2], ins_date=ago(days=10)),
        make_rubric(ISN + 3, sstu=UNMAPPED[0], ins_date=ago(days=27)),
        make_rubric(ISN + 4, sstu=MAPPED, ins_date=ago(days=2)),
        make_rubric(ISN + 5, sstu=MAPPED, ins_date=ago(days=2)),
        make_rubric(ISN + 6, sstu=None, pos=HAND_SET, ins_date=ago(days=2)),
        make_rubric(ISN + 7, sstu=None, ins_date=ago(hours=5)),
        make_rubric(ISN + 8, sstu=None, kind_doc=1, ins_date=ago(days=20)),
    )
    installation.server.faults.writes[ISN + 5] = Refused()
    return installation


def counted(region: Installation) -> Completeness:
    with region.journal() as journal:
        last = last_completeness(journal)
    assert last is not None
    return last


@pytest.mark.full_server
@pytest.mark.parametrize("profile", [KNOWN, SINGLY, HALVES, ROWS, WHOLE])
def test_each_rubric_counts_for_its_reason(region: Installation, clock: ManualClock, profile) -> None:
    region.profile = profile
    assert region.cycle(clock).error is None
    last = counted(region)
    assert last.reasons == {
        "no_sstu": 3, "unmapped": 1, "ignored": 1, "refused": 1, "held_back": 0, "excluded": 0, "due": 0,
    }  # fmt: skip
    assert (last.sum.total, last.sum.with_pos, last.written) == (8, 2, 1)
    assert sum(week.count.waiting for week in last.weeks) == 5
    assert (last.oldest, last.late) == (ago(days=20).astimezone(region.configuration().processing.zone).date(), 3)


@pytest.mark.full_server
def test_counts_that_contradict_each_other_are_not_believed(region: Installation, clock: ManualClock, caplog) -> None:
    region.server.faults.ignore_sstu_values = True
    region.cycle(clock)
    assert len(events(caplog, "completeness.read")) == 1
    assert (counted(region).rows_read, counted(region).reasons["no_sstu"]) == (True, 3)


@pytest.mark.full_server
def test_a_server_of_few_aliases_is_asked_one_by_one_from_then_on(region: Installation, clock: ManualClock) -> None:
    region.server.faults.alias_limit = 2
    region.cycle(clock)
    assert (counted(region).rows_read, counted(region).reasons["no_sstu"]) == (False, 3)
    with region.journal() as journal:
        assert journal.known_server()[1].pairs is PairsFilter.SINGLY


@pytest.mark.full_server
def test_a_filter_that_hides_rubrics_is_found_out_by_the_counts(region: Installation, clock: ManualClock) -> None:
    region.server.store.change(ISN + 4, pos="")
    region.server.faults.hide_pending = "empty"
    region.cycle(clock)
    assert region.server.store[ISN + 4].pos == ""
    clock.advance(hours=1)
    region.cycle(clock)
    assert region.server.store[ISN + 4].pos == MAPPING[MAPPED]


def test_the_first_cycle_leaves_counting_to_the_next_sweep_where_it_finds_the_server_out(
    region: Installation, clock: ManualClock
) -> None:
    region.profile = None
    for counted in (False, True):
        region.cycle(clock)
        with region.journal() as journal:
            assert (last_completeness(journal) is not None) is counted
        clock.advance(hours=1)


@pytest.mark.full_server
def test_it_is_counted_after_a_sweep_only_since_that_sees_the_excluded_ones(
    region: Installation, clock: ManualClock
) -> None:
    region.service["lookback"]["everyMinutes"] = 60 * 24
    region.save()
    region.cycle(clock)
    first = counted(region)
    clock.advance(hours=7)
    region.cycle(clock)
    assert counted(region) == first


def test_it_is_counted_every_six_hours(region: Installation, clock: ManualClock) -> None:
    region.cycle(clock)
    clock.advance(hours=1)
    region.cycle(clock)
    first = counted(region).counted_at
    clock.advance(hours=4.5)
    region.cycle(clock)
    assert counted(region).counted_at == first
    clock.advance(hours=1.5)
    region.cycle(clock)
    assert counted(region).counted_at > first


@pytest.mark.full_server
def test_held_back_and_excluded_rubrics_are_named(region: Installation, clock: ManualClock) -> None:
    region.server.faults.clear()
    region.processing["limits"] = {"maxUpdatesPerCycle": 1}
    region.cycle(clock)
    assert counted(region).reasons["held_back"] == 1


def test_the_clerks_get_a_list_with_reasons(region: Installation) -> None:
    region.know_server()
    listed = json.loads(region.command("report", "--waiting", "--json").stdout)
    assert {(row["isn"], row["reason"]) for row in listed} == {
        *((isn, "no_sstu") for isn in (ISN, ISN + 1, ISN + 7)),
        (ISN + 2, "unmapped"),
        *((isn, "due") for isn in (ISN + 4, ISN + 5)),
    }
    assert all(date.fromisoformat(row["created_from"]) <= date.fromisoformat(row["created_to"]) for row in listed)
    assert "«Статус ССТУ» без соответствия" in region.command("report", "--waiting", "--csv").stdout
    assert region.server.store.writes == ()
    assert region.server.sessions.open_seats == 0


@pytest.mark.full_server
def test_the_list_tells_what_is_held_back_and_what_cannot_be_read(region: Installation) -> None:
    region.processing["limits"] = {"maxUpdatesPerDay": 1}
    region.save()
    region.know_server()
    region.server.faults.null_nodes.add(ISN + 2)
    done = region.command("report", "--waiting", "--json")
    reasons = {row["isn"]: row["reason"] for row in json.loads(done.stdout)}
    assert (reasons[ISN + 4], reasons[ISN + 5]) == ("due", "held_back")
    assert (done.returncode, ISN + 2 in reasons) == (1, False)
    assert "часть строк нечитаема" in done.stderr


def test_rubrics_that_wait_long_are_reported_once_and_their_end_too(mail, install) -> None:
    here = install()
    late = completeness(here.clock.now())
    for each in (late, late, evolve(late, late=0, oldest=None)):
        keep_completeness(here.journal, each)
        here.tick(Observed(cycle_ended=True), hours=2)
    assert [(message["X-Baikaldoc-Pos-Alert"], message["X-Baikaldoc-Pos-Event"]) for message in mail.mails] == [
        ("waiting_long", "opened"),
        ("waiting_long", "closed"),
    ]
    assert "report --waiting" in text_of(mail.mails[0])
    assert "08.09.2026" in text_of(mail.mails[0]) or "2026-09-08" in text_of(mail.mails[0])
