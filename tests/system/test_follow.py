"""Statuses stay right after the first one, nobody's choice is overwritten, and a mistake cannot flood the showcase."""

import json
from datetime import timedelta

import pytest
from attrs import evolve
from baikaldoc_pos.errors import RefusalsExceeded
from baikaldoc_pos.server_profile import PairsFilter

from tests.clocks import NOW, ManualClock
from tests.delo_server import MAPPING, DeloServer, Refused, make_rubric, pending_rubrics
from tests.installation import KNOWN, Installation
from tests.system.accounts import ago, bookmark, events, outcomes, retries

ISN = 128_000_001
INTERIM, ANSWERED = "Находится на рассмотрении", "Дан ответ автору"
BATCHES_OF_20 = pytest.mark.full_server
PROFILES = {
    "pairs together": KNOWN,
    "pairs singly": evolve(KNOWN, pairs=PairsFilter.SINGLY),
    "by ISN": evolve(KNOWN, pairs=PairsFilter.NONE),
    "windows": evolve(KNOWN, pairs=PairsFilter.NONE, isn_filter=False),
}


@pytest.fixture
def five(installation: Installation, clock: ManualClock) -> Installation:
    """Five rubrics that were written for an interim status."""
    installation.processing["updatePolicy"] = "follow"
    installation.server.store.add(*(make_rubric(ISN + n, sstu=INTERIM, ins_date=ago(days=2)) for n in range(5)))
    assert installation.cycle(clock).counts.updated == 5
    clock.advance(hours=2)
    return installation


def statuses(server: DeloServer) -> list[str | None]:
    return [server.store[ISN + n].pos for n in range(5)]


@pytest.mark.full_server
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_written_status_follows_its_reason_and_nothing_else_moves(five, clock, profile):
    store, first = five.server.store, MAPPING[INTERIM]
    store.change(ISN, sstu=ANSWERED)
    store.change(ISN + 1, sstu=ANSWERED, pos="Отклонено модератором")
    store.change(ISN + 3, sstu=f" {ANSWERED}")  # so spelled, it has been seen
    store.change(ISN + 2, pos=MAPPING["Рассмотрение продлено"])
    five.profile = profile
    report = five.cycle(clock)
    assert report.counts.updated == 2
    assert statuses(five.server) == [
        MAPPING[ANSWERED], "Отклонено модератором", MAPPING["Рассмотрение продлено"], MAPPING[ANSWERED], first,
    ]  # fmt: skip
    assert [row.sstu_status for row in five.history(rubric=ISN)] == [INTERIM, ANSWERED]
    clock.advance(hours=2)
    assert five.cycle(clock).counts.updated == 0


@pytest.mark.full_server
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_written_status_whose_reason_is_not_mapped_any_more_stays_and_is_told(five, clock, profile):
    five.server.store.change(ISN, sstu="Ответ дополнен")
    five.profile = profile
    report = five.cycle(clock)
    assert [(each.status, each.count) for each in report.unmapped] == [("Ответ дополнен", 1)]
    assert statuses(five.server) == [MAPPING[INTERIM]] * 5
    five.processing["statusMapping"] = {**MAPPING, "Ответ дополнен": MAPPING[ANSWERED]}
    clock.advance(hours=2)
    assert five.cycle(clock).counts.updated == 1
    assert five.server.store[ISN].pos == MAPPING[ANSWERED]


@pytest.mark.full_server
def test_a_changed_rubric_that_is_shown_twice_is_written_once(five, clock):
    for isn in (ISN, ISN + 1):
        five.server.store.change(isn, sstu=ANSWERED)
    five.server.faults.repeat_rows = 2
    report = five.cycle(clock)
    assert (report.error, report.counts.updated) == (None, 2)
    assert [row.sstu_status for row in five.history(rubric=ISN)] == [INTERIM, ANSWERED]


def test_another_choice_is_told_and_left_alone_for_good(five, clock):
    store = five.server.store
    store.change(ISN, pos=MAPPING[ANSWERED])
    store.change(ISN + 1, sstu=ANSWERED)
    for _ in range(2):
        five.cycle(clock)
        clock.advance(hours=2)
    assert f"стоит «{MAPPING[ANSWERED]}»" in five.command("history", "--rubric", str(ISN)).stdout
    store.change(ISN, pos=MAPPING[INTERIM], sstu=ANSWERED)
    clock.advance(hours=2)
    assert five.cycle(clock).counts.updated == 0


def test_fill_leaves_what_was_written(five, clock):
    five.processing["updatePolicy"] = "fill"
    five.server.store.change(ISN, sstu=ANSWERED)
    assert five.cycle(clock).counts.updated == 0


def test_a_repeated_review_is_reported_once_and_never_written(five, clock, caplog):
    store = five.server.store
    store.change(ISN, sstu=ANSWERED)
    five.cycle(clock)
    store.change(ISN, sstu=INTERIM)
    counts = []
    for _ in range(2):
        clock.advance(hours=2)
        counts.append(five.cycle(clock).counts.reopened)
    assert (counts, len(events(caplog, "record.reopened"))) == ([1, 0], 1)
    assert store[ISN].pos == MAPPING[ANSWERED]
    with five.journal() as journal:
        assert [each.rubric_isn for each in journal.followed.reopened()] == [ISN]
    assert f"снова «{INTERIM}»" in five.command("history", "--rubric", str(ISN)).stdout


def test_a_changed_mapping_rewrites_nothing(five, clock):
    five.processing["statusMapping"] = {**MAPPING, INTERIM: "Назначен другой"}
    assert five.cycle(clock).counts.updated == 0


@pytest.mark.parametrize("now_there", ["Рассмотрение продлено", "Не в соответствии"])
def test_a_refusal_that_was_done_all_the_same_is_settled_once_by_what_was_written(five, clock, now_there):
    store = five.server.store
    store.change(ISN, sstu=ANSWERED)
    five.server.faults.writes[ISN] = Refused()
    assert five.cycle(clock).counts.refused == 1
    five.server.faults.clear()
    store.change(ISN, pos=MAPPING[ANSWERED], sstu=now_there)
    confirmed = []
    for _ in range(2):
        clock.advance(hours=1)
        confirmed.append(five.cycle(clock).counts.confirmed)
    assert (confirmed, retries(five)) == ([1, 0], {})
    assert outcomes(five, ISN) == ["updated", "refused", "confirmed"]


@pytest.mark.parametrize("key", ["maxUpdatesPerCycle", "maxUpdatesPerDay"])
@pytest.mark.parametrize("limit", [4, 5, 6])
def test_so_many_are_written_and_the_rest_goes_on_next_time(installation, clock, key, limit):
    installation.processing["limits"] = {key: limit}
    installation.server.store.add(*pending_rubrics(5))
    report = installation.cycle(clock)
    assert (report.counts.updated, report.counts.held_back) == (min(5, limit), max(0, 5 - limit))
    assert (bookmark(installation) is None) == (limit < 5)
    clock.advance(minutes=10)
    assert installation.cycle(clock).counts.updated == (max(0, 5 - limit) if key == "maxUpdatesPerCycle" else 0)
    clock.advance(days=1)
    installation.cycle(clock)
    assert all(rubric.pos for rubric in installation.server.store.rubrics())


@pytest.mark.parametrize(("bad", "stops"), [(9, False), (10, False), pytest.param(11, True, marks=BATCHES_OF_20)])
def test_too_many_refusals_stop_the_cycle_and_one_batch_probes(installation, clock, bad, stops):
    rubrics = pending_rubrics(40)
    installation.processing["batchSize"] = 20
    installation.server.store.add(*rubrics)
    installation.server.faults.writes.update({rubric.isn: Refused() for rubric in rubrics[:bad]})
    report = installation.cycle(clock)
    assert isinstance(report.error, RefusalsExceeded) == stops
    assert report.counts.updated == (20 if stops else 40) - bad
    installation.server.faults.clear()
    clock.advance(minutes=10)
    assert installation.cycle(clock).error is None
    assert all(rubric.pos for rubric in installation.server.store.rubrics())


def test_a_dry_run_reports_and_writes_nothing(installation, clock):
    installation.processing["dryRun"] = True
    installation.server.store.add(*pending_rubrics(5))
    report = installation.cycle(clock)
    assert (report.counts.would_write, report.counts.updated, installation.server.store.writes) == (5, 0, ())
    assert "было бы записано 5" in installation.command("status").stdout
    installation.processing["dryRun"] = False
    clock.advance(minutes=10)
    assert installation.cycle(clock).counts.updated == 5


def test_what_was_created_before_the_date_is_never_touched(installation, clock):
    installation.processing["limits"] = {"notBefore": f"{NOW - timedelta(days=1):%Y-%m-%d}"}
    midnight = (NOW - timedelta(days=1)).astimezone(installation.configuration().processing.zone)
    midnight = midnight.replace(hour=0, minute=0, second=0, microsecond=0)
    before, after = make_rubric(ISN, ins_date=midnight - timedelta(seconds=1)), make_rubric(ISN + 1, ins_date=midnight)
    installation.server.store.add(before, after)
    assert installation.cycle(clock).counts.updated == 1
    assert (installation.server.store[ISN].pos, bool(installation.server.store[ISN + 1].pos)) == (None, True)


def test_remap_repairs_a_wrong_mapping_and_leaves_what_a_person_changed(five):
    five.server.store.change(ISN, pos="Отклонено модератором")
    five.processing["statusMapping"] = {**MAPPING, INTERIM: "Назначен другой"}
    five.save()
    assert "Назначен другой" in five.command("status").stdout
    shown = five.command("remap", "--dry-run")
    assert (shown.returncode, "Назначен другой" in shown.stdout) == (0, True)
    assert statuses(five.server)[1:] == [MAPPING[INTERIM]] * 4
    five.processing["limits"] = {"maxUpdatesPerCycle": 3}
    five.save()
    assert "Повторите baikaldoc-pos remap" in five.command("remap", "--yes").stderr
    assert statuses(five.server).count("Назначен другой") == 3
    done = five.command("remap", "--yes")
    assert ("Повторите" in done.stderr, done.stdout.count("Период")) == (False, 1)
    assert statuses(five.server) == ["Отклонено модератором", *["Назначен другой"] * 4]


def test_an_excluded_appeal_is_left_alone_until_it_is_included(installation, clock):
    installation.cycle(clock)
    installation.server.store.add(make_rubric(ISN, ins_date=clock.now()))
    excluded = installation.command("exclude", "№ 1-ог", "--reason", "суд")
    assert (excluded.returncode, "проверьте номер" in excluded.stderr) == (0, True)
    assert "причина: суд" in installation.command("history", "--number", "1-ОГ").stdout
    clock.advance(minutes=10)
    assert installation.cycle(clock).counts.updated == 0
    status = installation.command("status", "--json")
    assert [each["reason"] for each in json.loads(status.stdout)["excluded"]] == ["суд"]
    assert installation.command("include", "1-ОГ").returncode == 0
    assert installation.command("include", "1-ОГ").returncode == 1
    clock.advance(hours=2)
    assert installation.cycle(clock).counts.updated == 1
    excluded = installation.command("exclude", "1-ОГ")
    assert "проверьте номер" not in excluded.stderr
    assert "исключено" in installation.command("history", "--rubric", str(ISN)).stdout
    assert installation.command("include", str(ISN)).returncode == 0


def test_windows_that_cannot_be_read_whole_are_listed_and_taken_note_of(installation, clock, caplog):
    installation.server.store.add(make_rubric(ISN), make_rubric(ISN + 1))
    installation.server.faults.null_nodes.add(ISN + 1)
    assert installation.cycle(clock).exit_code == 1
    assert f"{ISN}…" in installation.command("windows").stdout
    assert installation.command("windows", "--acknowledge").returncode == 0
    caplog.clear()
    report = installation.cycle(clock)
    assert (report.exit_code, report.whole, events(caplog, "window.incomplete")) == (0, False, [])
    assert installation.command("windows").stdout.count(f"{ISN}…") == 1


@pytest.mark.full_server
@pytest.mark.parametrize(("way", "shown"), [("by ISN", "перечитываются по ISN"), ("windows", "окна читаются целиком")])
def test_check_and_status_tell_how_changes_are_found_and_what_it_costs(five, clock, way, shown):
    """What the service has learnt, not what the server seems to take at first sight."""
    five.profile = evolve(PROFILES[way], written=True, found_at=clock.now())
    five.cycle(clock)
    for command in ("check", "status"):
        told = five.command(command).stdout
        assert shown in told
        assert "двум статусам" not in told
        assert "не меньше" in told


def test_check_names_the_policy_and_the_dry_run(installation):
    shown = installation.command("check").stdout
    assert "follow" in shown
    installation.processing |= {"updatePolicy": "follow", "dryRun": True}
    installation.save()
    shown = installation.command("check").stdout
    assert ("follow" in shown, "dryRun" in shown) == (False, True)
