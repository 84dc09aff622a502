"""The right status on every rubric that waits for one, and nothing on any other."""

import pytest
from attrs import evolve
from baikaldoc_pos.model import Outcome

from tests.clocks import ManualClock
from tests.delo_server import HAND_SET, MAPPING, UNMAPPED, StoredRubric, make_rubric, mixed_rubrics, pending_rubrics
from tests.installation import Installation
from tests.system.accounts import (
    ago,
    assert_accounted,
    assert_reconciled,
    done,
    events,
    expected,
    last_days,
    outcomes,
    reads,
    windows,
)

ISN = 128_000_001


def reconcile_one(installation: Installation, rubric: StoredRubric) -> str | None:
    """The status of a lone rubric after a cycle."""
    installation.server.store.add(rubric)
    report = installation.cycle()
    assert report.error is None
    assert_accounted(installation)
    return installation.server.store[rubric.isn].pos


@pytest.mark.parametrize(("sstu", "pos"), MAPPING.items())
def test_each_status_of_the_mapping(installation: Installation, sstu: str, pos: str) -> None:
    assert reconcile_one(installation, make_rubric(sstu=sstu)) == pos


@pytest.mark.parametrize(
    "sstu", [" Дан ответ автору", "Дан ответ автору ", "\t Дан ответ автору\n", "Дан ответ автору\xa0"]
)
def test_whitespace_round_a_sstu_status_does_not_matter(installation: Installation, sstu: str) -> None:
    assert reconcile_one(installation, make_rubric(sstu=sstu)) == "Отправлен ответ заявителю"


def test_an_empty_string_is_no_status(installation: Installation) -> None:
    assert reconcile_one(installation, make_rubric(pos="")) == "Назначен исполнитель"
    assert [row.old_pos for row in installation.history()] == [""]


LEFT_ALONE = (
    make_rubric(pos=HAND_SET),
    make_rubric(pos=" "),
    make_rubric(pos="Назначен исполнитель"),
    make_rubric(sstu=None),
    make_rubric(sstu=""),
    make_rubric(sstu="  "),
    make_rubric(kind_doc=1),
    make_rubric(kind_doc=3),
    make_rubric(carries_pos=False),
    *(make_rubric(sstu=status) for status in UNMAPPED),
    make_rubric(sstu="None"),
    make_rubric(sstu="дан ответ автору"),
    make_rubric(sstu="Дан  ответ автору"),
)


@pytest.mark.parametrize("plain", [False, True], ids=["filter", "no filter"])
def test_nothing_else_is_written(installation: Installation, plain: bool) -> None:
    installation.server.faults.ignore_pos_filter = plain
    installation.server.store.add(*(evolve(rubric, isn=isn) for isn, rubric in enumerate(LEFT_ALONE, start=1)))
    assert installation.cycle().error is None
    assert installation.server.store.writes == ()
    assert installation.history() == []


@pytest.mark.parametrize(
    "target", ["  с пробелами ", '«ёлочки» "лапки" \\ / \n\t', "🙂 \u2028 e\u0301 é", "None", "x" * 2000]
)
def test_a_pos_status_is_written_byte_for_byte(installation: Installation, target: str) -> None:
    installation.processing["statusMapping"]["Дан ответ автору"] = target
    assert reconcile_one(installation, make_rubric(sstu="Дан ответ автору")) == target
    assert installation.history()[0].new_pos == target


def test_unmapped_statuses_are_counted_and_named(installation: Installation, caplog: pytest.LogCaptureFixture) -> None:
    store = installation.server.store
    store.add(*(make_rubric(ISN + n, sstu="Не определено") for n in range(7)))
    store.add(*(make_rubric(ISN + 100 + n, sstu=" Отозвано ") for n in range(3)))
    store.add(make_rubric(ISN + 200, sstu="Не поступило"))  # ignored
    report = installation.cycle()

    assert report.error is None
    assert (report.counts.unmapped, report.counts.ignored, report.counts.updated) == (10, 1, 0)
    assert [(each.status, each.count) for each in report.unmapped] == [("Не определено", 7), ("Отозвано", 3)]
    numbers = {store[ISN + n].number for n in range(7)}
    assert len(report.unmapped[0].examples) == 5
    assert set(report.unmapped[0].examples) <= numbers
    told = {fields["status"]: fields["count"] for fields in events(caplog, "status.unmapped")}
    assert told == {"Не определено": 7, "Отозвано": 3}
    with installation.journal() as journal:
        assert [(each.status, each.count) for each in journal.unmapped_summary()] == [
            ("Не определено", 7),
            ("Отозвано", 3),
        ]
    assert store.writes == ()


def test_several_rubrics_of_one_card_are_each_decided_by_themselves(installation: Installation) -> None:
    store = installation.server.store
    first = make_rubric(ISN, sstu="Дан ответ автору")
    for rubric in (first, make_rubric(ISN + 1), make_rubric(ISN + 2, pos=HAND_SET)):
        store.add(evolve(rubric, document_isn=first.document_isn, number=first.number))
    report = installation.cycle()
    assert store.pos_statuses() == {
        ISN: "Отправлен ответ заявителю",
        ISN + 1: "Назначен исполнитель",
        ISN + 2: HAND_SET,
    }
    assert report.counts.updated == 2
    assert {row.document_isn for row in installation.history()} == {first.document_isn}


def test_a_rubric_without_a_card_is_written_all_the_same(installation: Installation) -> None:
    rubric = evolve(make_rubric(), document_isn=None, number=None)
    assert reconcile_one(installation, rubric) == "Назначен исполнитель"
    assert installation.history()[0].number is None


def test_the_largest_and_smallest_isn(installation: Installation) -> None:
    rubrics = [evolve(make_rubric(isn), document_isn=isn) for isn in (1, 2**31 - 1)]
    installation.server.store.add(*rubrics)
    assert installation.cycle().error is None
    assert_reconciled(installation, expected(rubrics))


@pytest.mark.full_server
def test_2500_rubrics_over_pages_and_windows(installation: Installation) -> None:
    """Half of them wait; ten windows of three days, several pages each; compared rubric by rubric."""
    period = last_days(30)
    before = mixed_rubrics(2500, since=period.start, until=period.end, pending=0.5)
    before += [make_rubric(ISN + 50_000 + n, ins_date=ago(days=30, minutes=n + 1)) for n in range(5)]  # too early
    before += [make_rubric(ISN + 60_000 + n, ins_date=ago(minutes=-n - 1)) for n in range(5)]  # not yet
    installation.server.store.add(*before)
    installation.processing["pagination"] = {"pageSize": 40}
    installation.processing["dateRange"] = {
        "useFixedDates": True,
        "startDate": "2026-09-15 12:00:00",
        "endDate": "2026-10-15 12:00:00",
        "maxDateRangeDays": 3,
    }
    report = installation.cycle()

    wanted = expected(before, period)
    assert_reconciled(installation, wanted)
    changed = [rubric for rubric in before if wanted[rubric.isn] != rubric.pos]
    assert len(changed) == 1250
    assert report.error is None
    assert (report.counts.updated, report.counts.confirmed, report.counts.windows) == (1250, 0, 10)
    assert len(windows(installation.server)) == 10
    assert len(reads(installation.server)) >= 10 * 3, "several pages a window"
    unmapped = [rubric for rubric in before if rubric.sstu in UNMAPPED[2:] and rubric.pos is None]
    assert report.counts.unmapped == len(unmapped) > 0
    assert sum(each.count for each in report.unmapped) == len(unmapped)
    assert {row.outcome for row in installation.history()} == {Outcome.UPDATED}

    writes = len(installation.server.store.writes)
    again = installation.cycle()
    assert len(installation.server.store.writes) == writes == 1250
    assert (again.error, again.counts.updated) == (None, 0)
    assert len(done(installation)) == 1250


def test_a_second_cycle_writes_nothing(installation: Installation, clock: ManualClock) -> None:
    installation.server.store.add(*pending_rubrics(120))
    assert installation.cycle(clock).counts.updated == 120
    clock.advance(minutes=10)
    again = installation.cycle(clock)
    assert (again.counts.found, again.counts.updated) == (0, 0)
    assert len(installation.server.store.writes) == 120
    assert_accounted(installation)


def test_the_journal_tells_each_change_in_full(installation: Installation) -> None:
    rubric = make_rubric(sstu=" Дан ответ автору ")
    installation.server.store.add(rubric)
    report = installation.cycle()
    (row,) = installation.history()
    assert (row.cycle_id, row.rubric_isn, row.document_isn, row.number) == (
        report.cycle_id,
        rubric.isn,
        rubric.document_isn,
        rubric.number,
    )
    assert (row.sstu_status, row.old_pos, row.new_pos) == (" Дан ответ автору ", None, "Отправлен ответ заявителю")
    assert outcomes(installation, rubric.isn) == [Outcome.UPDATED]
    assert row.settled_at is not None
    assert row.planned_at <= row.settled_at


def test_the_intent_is_on_the_disk_before_its_request_leaves(installation: Installation) -> None:
    installation.server.store.add(*pending_rubrics(3))
    found: list[tuple[int, int]] = []

    def look(request: object) -> None:
        if getattr(request, "is_mutation", False):
            rows = installation.history()
            found.append((len(rows), sum(row.outcome is None for row in rows)))

    installation.server.on_request(look)
    installation.cycle()
    assert found == [(3, 3)]
    assert_accounted(installation)
