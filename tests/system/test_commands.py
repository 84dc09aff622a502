"""The commands as a person runs them: what they print, what they change, how they end."""

import json
import os
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.journal import StateLock

from tests.commands import run_redirected
from tests.delo_server import MAPPING, PASSWORD, DeloServer, Hang, Lack, Refused, make_rubric
from tests.installation import PROGRAM, Installation

NOBODY = 65534
AN_HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)
UNMAPPED = "Рассмотрено. Поддержано. Меры приняты"


def fill(server: DeloServer, count: int = 8) -> None:
    """One pending rubric for each mapped status, and one that is not mapped."""
    statuses = list(MAPPING)
    server.store.add(*(make_rubric(i + 1, sstu=statuses[i % 8], ins_date=AN_HOUR_AGO) for i in range(count)))
    server.store.add(make_rubric(900, sstu=UNMAPPED, ins_date=AN_HOUR_AGO))


# -- once ------------------------------------------------------------------------------------------------------------


def test_once_prints_one_json_object_and_signs_out(installation: Installation, server: DeloServer) -> None:
    fill(server)
    done = installation.command("once", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    expected = {"found": 9, "updated": 8, "confirmed": 0, "refused": 0, "failed": 0, "unmapped": 1, "skipped": 0}
    assert {name: report[name] for name in expected} == expected
    assert report["windows"] == 1
    assert report["requests"] == server.requests
    assert report["unmapped_statuses"] == [{"status": UNMAPPED, "count": 1, "examples": ["900-ОГ"]}]
    assert server.sessions.open_seats == 0


def test_once_tells_people_what_was_done(installation: Installation, server: DeloServer) -> None:
    fill(server)
    server.faults.writes[3] = Refused(message="Нет прав на изменение рубрики")
    done = installation.command("once")
    assert done.returncode == 1
    assert "UTC+08:00" in done.stdout.splitlines()[0]
    assert "Отправлен ответ заявителю" in done.stdout
    assert UNMAPPED in done.stdout
    assert "записано 7" in done.stdout
    assert "отказано 1" in done.stdout
    shown = installation.command("failed")
    assert "Нет прав на изменение рубрики" in shown.stdout
    assert "3-ОГ" in shown.stdout
    assert "Рег. номер: 3-ОГ" in installation.command("failed", environ={"COLUMNS": "79"}).stdout


def test_once_reads_the_period_in_the_installations_zone(installation: Installation, server: DeloServer) -> None:
    # 2026-10-05 00:30 in Irkutsk is still the day before in UTC.
    inside = datetime(2026, 10, 4, 16, 30, tzinfo=UTC)
    server.store.add(make_rubric(1, ins_date=inside), make_rubric(2, ins_date=inside - timedelta(hours=1)))
    done = installation.command("once", "--from", "2026-10-05", "--to", "2026-10-05", "--json")
    assert done.returncode == 0, done.stderr
    assert server.store.written().keys() == {1}
    assert json.loads(installation.command("status", "--json").stdout)["bookmark"] is None


@pytest.mark.parametrize(
    "period", [["--to", "2026-10-05"], ["--from", "вчера"], ["--from", "2026-10-05", "--to", "2026-10-04"]]
)
def test_once_refuses_a_period_that_makes_no_sense(
    installation: Installation, server: DeloServer, period: list[str]
) -> None:
    done = installation.command("once", *period)
    assert done.returncode == 64
    assert "--help" in done.stderr
    assert server.requests == 0


def test_dry_run_changes_nothing_at_all(installation: Installation, server: DeloServer) -> None:
    fill(server)
    done = installation.command("once", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    preview = json.loads(done.stdout)
    assert preview["would_update"] == 8
    assert {change["isn"]: change["target"] for change in preview["changes"]} == {
        i + 1: MAPPING[status] for i, status in enumerate(MAPPING)
    }
    assert not server.store.writes
    assert not list(installation.paths.state.iterdir())
    assert not list(installation.paths.logs.iterdir())
    assert server.sessions.open_seats == 0


def test_dry_run_leaves_an_existing_journal_as_it_is(installation: Installation, server: DeloServer) -> None:
    fill(server)
    server.faults.writes[1] = Refused()
    installation.command("once")
    before = installation.command("status", "--json").stdout, installation.command("failed", "--json").stdout
    server.store.add(make_rubric(50, ins_date=datetime.now(UTC)))
    done = installation.command("once", "--dry-run")
    assert done.returncode == 0
    assert "50-ОГ" in done.stdout
    assert (installation.command("status", "--json").stdout, installation.command("failed", "--json").stdout) == before


# -- how commands end ------------------------------------------------------------------------------------------------


def test_exit_75_where_delo_is_unreachable(installation: Installation, server: DeloServer) -> None:
    installation.processing["retryAttempts"] = 0
    installation.save()
    server.go_down()
    done = installation.command("once")
    assert done.returncode == 75
    assert "недоступно" in done.stdout + done.stderr


def test_exit_77_where_the_password_is_wrong(installation: Installation, server: DeloServer) -> None:
    installation.connection["password"] = "не-тот-пароль"
    installation.save()
    done = installation.command("once")
    assert done.returncode == 77
    assert "не-тот-пароль" not in done.stdout + done.stderr
    assert server.failed_sign_ins == 1


def test_exit_78_names_every_fault_with_file_and_key(installation: Installation, server: DeloServer) -> None:
    installation.processing |= {"batchSize": "50", "pagesize": 5}
    installation.connection["login_url"] = "ftp://delo"
    installation.save()
    done = installation.command("once")
    assert done.returncode == 78
    for told in ("processing_config.json", "batchSize", "pagesize", "connection_config.json", "login_url"):
        assert told in done.stderr
    assert server.requests == 0


def test_second_process_is_told_who_holds_the_state(installation: Installation, server: DeloServer) -> None:
    installation.know_server()
    with StateLock(installation.paths.state, "run", SystemClock()):
        done = installation.command("once")
        beside = installation.command("status")
    assert done.returncode == 69
    assert str(os.getpid()) in done.stderr
    assert beside.returncode == 0
    assert server.requests == 0


def test_unreadable_bookmark_of_the_earlier_script_stops_before_anything(
    installation: Installation, server: DeloServer
) -> None:
    (installation.paths.state / "state.json").write_text('{"lastRunTime": "позавчера"}', encoding="utf-8")
    done = installation.command("once")
    assert done.returncode == 78
    assert "state.json" in done.stderr
    assert "lastRunTime" in done.stderr
    assert server.requests == 0


def test_english_on_request(installation: Installation, server: DeloServer) -> None:
    installation.service["language"] = "en"
    installation.save()
    assert "There is no journal" in installation.command("status").stderr
    help_ = installation.command("--help").stdout
    assert all(told in help_ for told in ("Usage:", "./state", "/var/lib/baikaldoc-pos"))


def test_unknown_command_and_option_are_told_in_russian(installation: Installation) -> None:
    unknown = installation.command("onse")
    assert unknown.returncode == 64
    assert "onse" in unknown.stderr
    option = installation.command("once", "--force")
    assert option.returncode == 64
    assert "Нет такого параметра: --force" in option.stderr


# -- check -----------------------------------------------------------------------------------------------------------


def test_check_walks_all_that_a_cycle_needs(installation: Installation, server: DeloServer) -> None:
    done = installation.command("check")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("✔") == 5
    assert not server.store.writes
    assert server.sessions.open_seats == 0


def test_check_looks_where_else_the_service_writes_and_listens(installation: Installation, tmp_path: Path) -> None:
    for section, key, value in (
        ("metrics", "textfile", str(tmp_path / "none" / "pos.prom")),
        ("http", "listen", f"unix:{tmp_path}/none/pos.sock"),
        ("http", "listen", "192.0.2.1:19318"),
    ):
        installation.service[section] = {key: value}
        installation.save()
        done = installation.command("check", "--offline")
        assert done.returncode == 73
        assert f"✘ {section}.{key}" in done.stderr
        del installation.service[section]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        installation.service["http"] = {"listen": f"127.0.0.1:{taken.getsockname()[1]}"}
        installation.save()
        assert installation.command("check", "--offline").returncode == 73
        with StateLock(installation.paths.state, "run", SystemClock()):
            assert installation.command("check", "--offline").returncode == 0
    installation.service["metrics"] = {"textfile": str(tmp_path / "pos.prom")}
    installation.save()
    assert installation.command("check", "--offline").returncode == 0


@pytest.fixture
def nobodys(server: DeloServer) -> Iterator[Installation]:
    """An installation of another account's, with a journal."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another account")
    # Directories of pytest's are for their owner alone.
    with TemporaryDirectory(dir="/tmp") as directory:
        installation = Installation(Path(directory), server)
        installation.cycle()
        for path in (Path(directory), *Path(directory).rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        yield installation


def run_as(user: int, installation: Installation, *command: str) -> tuple[int, str]:
    """The exit code and what went to stderr."""
    arguments = installation.arguments(*command)[len(PROGRAM) :]
    done = run_redirected(arguments, installation.paths.config.parent, os.environ, user=user)
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("name", ["lock", "pause.json", "journal.sqlite3"])
def test_a_file_that_root_left_is_told_with_the_remedy(nobodys: Installation, name: str) -> None:
    left = nobodys.paths.state / name
    left.touch(0o600)
    os.chown(left, 0, 0)
    left.chmod(0o600)
    code, told = run_as(NOBODY, nobodys, "check", "--offline")
    assert (code in {73, 74}, f"chown --reference={left.parent} {left}" in told) == (True, True)
    code, told = run_as(NOBODY, nobodys, "once")
    assert (code, f"({left}): нет прав доступа; верните файл службе: chown" in told) == (74, True)


def test_a_state_directory_of_another_account_is_told_with_whom_to_be(nobodys: Installation) -> None:
    nobodys.paths.state.parent.chmod(0o755)
    nobodys.paths.state.chmod(0o700)
    for command in (["status"], ["failed"], ["exclude", "1-ОГ"], ["pause", "--for", "4h"], ["resume"], ["retry", "1"]):
        code, told = run_as(NOBODY - 1, nobodys, *command)
        assert (code, told) == (
            77,
            f"Каталог состояния {nobodys.paths.state} принадлежит учётной записи nobody. "
            "Выполните команду от root или от этой учётной записи.\n",
        )


def test_a_file_that_cannot_be_written_is_told_with_a_place_for_it(nobodys: Installation) -> None:
    state, closed = nobodys.paths.state, nobodys.paths.state.parent / "closed"
    for mode in (0o700, 0o755):
        closed.mkdir(mode, exist_ok=True)
        closed.chmod(mode)
        for command in (["backup"], ["schema", "pull"]):
            code, told = run_as(NOBODY, nobodys, *command, f"{closed}/file")
            assert (code, told.count("\n")) == (73, 1)
            assert f"{closed}/file не записан: нет прав доступа. Укажите файл в каталоге" in told
            assert f"например в {state}." in told
    assert run_as(NOBODY, nobodys, "backup", f"{state}/copy")[0] == 0


def test_check_offline_asks_nobody_and_tells_of_the_example(installation: Installation, server: DeloServer) -> None:
    server.go_down()
    assert installation.command("check", "--offline").returncode == 0
    for address, told in (("https://delo.example.org/login", True), ("https://[", False)):
        installation.connection |= {"login_url": address, "password": ""}
        installation.save()
        done = installation.command("check", "--offline")
        assert (done.returncode, "адрес из примера (delo.example.org)" in done.stdout) == (78, told)


@pytest.mark.full_server
def test_check_tells_what_the_server_lacks(installation: Installation, server: DeloServer) -> None:
    server.store.add(make_rubric())
    server.faults.lacks = {Lack.POS_STATUS_FILTER}
    done = installation.command("check")
    assert done.returncode == 0
    assert "отбора рубрик без «Статуса ПОС» нет" in done.stdout
    assert "отбор по ISN: есть" in done.stdout
    server.faults.as_run()
    done = installation.command("check")
    assert done.returncode == 0
    assert "отбора по ISN нет" in done.stdout


def test_check_names_the_host_that_it_signs_in_at(installation: Installation) -> None:
    installation.connection["login_url"] = "http://127.0.0.1:9/login"
    installation.save()
    done = installation.command("check")
    assert (done.returncode, "Вход в ДЕЛО (127.0.0.1:9)" in done.stderr) == (75, True)


def test_check_warns_of_a_certificate_that_is_not_checked(installation: Installation, server: DeloServer) -> None:
    installation.connection["verify"] = False
    installation.save()
    assert "verify" in installation.command("check").stdout


# -- what the journal tells ------------------------------------------------------------------------------------------


def test_status_is_fit_for_a_machine(installation: Installation, server: DeloServer) -> None:
    installation.know_server()
    empty = json.loads(installation.command("status", "--json").stdout)
    fill(server)
    server.faults.writes[1] = Refused()
    installation.command("once")
    state = json.loads(installation.command("status", "--json").stdout)
    assert empty.keys() == state.keys()
    assert state["open_retries"] == 1
    assert state["unmapped"] == 1
    assert state["cycles"][0]["updated"] == 7
    assert datetime.fromisoformat(state["last_success"]) > AN_HOUR_AGO


def test_history_by_rubric_document_number_and_day(installation: Installation, server: DeloServer) -> None:
    fill(server)
    installation.command("once")
    for filters in (["--rubric", "3"], ["--document", "500000003"], ["--number", "3-ОГ"]):
        rows = json.loads(installation.command("history", *filters, "--json").stdout)
        assert [(row["isn"], row["outcome"]) for row in rows] == [(3, "updated")]
    rows = json.loads(installation.command("history", "--since", "2026-01-01", "--json").stdout)
    assert len(rows) == 8
    assert {row["new_pos"] for row in rows} == set(MAPPING.values())
    assert json.loads(installation.command("history", "--since", "2100-01-01", "--json").stdout) == []


def test_csv_is_a_spreadsheet_of_the_language_with_a_total(installation: Installation, server: DeloServer) -> None:
    fill(server)
    server.faults.writes[1] = Refused(message="Нет прав")
    installation.command("once")
    failed = installation.command("failed", "--csv").stdout.splitlines()
    assert (failed[0].split(";")[3], failed[1].split(";")[3:5]) == ("Исход", ["отказано", "Нет прав"])
    month = f"{datetime.now(UTC):%Y-%m}"
    lines = installation.command("report", "--csv", "--month", month).stdout.splitlines()
    assert lines[0].startswith("\ufeffМесяц;Статус ПОС;")
    assert lines[-1] == f"{month};Всего;7;1;0"


# -- pause, retry, report --------------------------------------------------------------------------------------------


def test_pause_keeps_everything_from_being_written_until_resumed(
    installation: Installation, server: DeloServer
) -> None:
    fill(server)
    paused = installation.command("pause", "--for", "4h")
    assert (paused.returncode, paused.stdout.count(" UTC+08:00.")) == (0, 1)
    done = installation.command("once")
    assert done.returncode == 69
    assert re.search(r"приостановлена до .* UTC\+08:00", done.stderr)
    assert not server.store.writes
    assert re.search(r"приостановлена до .* UTC\+08:00", installation.command("status").stdout)
    assert installation.command("resume").returncode == 0
    assert installation.command("once").returncode == 0
    assert len(server.store.writes) == 8
    assert "UTC+08:00" in installation.command("status").stdout.splitlines()[0]


@pytest.mark.parametrize(
    "length", [[], ["--for", "4h", "--until", "2030-01-01"], ["--for", "forever"], ["--for", "0m"], ["--for", "90d"]]
)
def test_pause_always_has_an_end(installation: Installation, length: list[str]) -> None:
    assert installation.command("pause", *length).returncode == 64
    assert "приостановлена" not in installation.command("status").stdout


def test_retry_says_that_nothing_is_written_now(installation: Installation, server: DeloServer) -> None:
    server.store.add(make_rubric(1, ins_date=AN_HOUR_AGO))
    server.faults.writes[1] = Refused()
    installation.command("once")
    installation.command("pause", "--for", "1h")
    done = installation.command("retry", "1")
    assert done.returncode == 0
    assert "Запись приостановлена до" in done.stdout
    assert "начинает цикл" not in done.stdout
    assert "once" not in done.stdout


def test_an_empty_duration_is_blamed_by_its_own_option(installation: Installation) -> None:
    done = installation.command("pause", "--for", "")
    assert done.returncode == 64
    assert "--until" not in done.stderr.splitlines()[-1]


def test_retry_does_not_wait_for_the_next_attempt(installation: Installation, server: DeloServer) -> None:
    fill(server)
    server.faults.writes[1] = Refused()
    installation.command("once")
    server.faults.clear()
    installation.command("once")
    assert server.store[1].pos is None, "its time had not come"
    unknown = installation.command("retry", "1", "77")
    assert unknown.returncode == 1
    assert "77" in unknown.stderr
    installation.command("once")
    assert server.store[1].pos == MAPPING[server.store[1].sstu or ""]
    assert json.loads(installation.command("failed", "--json").stdout) == []


def test_report_counts_a_month_by_status(installation: Installation, server: DeloServer) -> None:
    fill(server)
    server.faults.writes[1] = Refused()
    installation.command("once")
    month = f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m}"
    rows = json.loads(installation.command("report", "--month", month, "--json").stdout)
    assert sum(row["done"] for row in rows) == 7
    assert sum(row["refused"] for row in rows) == 1
    assert "Всего" in installation.command("report", "--month", month).stdout
    assert installation.command("report", "--month", "2026-13").returncode == 64


def test_no_secret_in_logs_or_output(installation: Installation, server: DeloServer) -> None:
    fill(server)
    server.faults.add(Hang(), on="write", times=1)
    installation.connection["read_timeout"] = 0.3
    installation.service["logging"] = {"level": "debug"}
    installation.save()
    done = installation.command("once")
    cookies = {value for request in server.log for value in request.cookies.values()}
    assert cookies
    written = done.stdout + done.stderr + "".join(path.read_text("utf-8") for path in installation.paths.logs.iterdir())
    for secret in (PASSWORD, *cookies):
        assert secret not in written


@pytest.mark.full_server
def test_dry_run_shows_what_waits_from_earlier_cycles(installation: Installation, server: DeloServer) -> None:
    fill(server)
    server.faults.writes[1] = Refused()
    installation.command("once")
    server.faults.clear()
    installation.command("retry", "1")
    installation.processing["statusMapping"] |= {UNMAPPED: "Отправлен ответ заявителю"}
    installation.service["lookback"] = {"everyMinutes": 0.01}
    installation.save()
    preview = json.loads(installation.command("once", "--dry-run", "--json").stdout)
    assert {change["isn"] for change in preview["changes"]} == {1, 900}
    server.faults.lacks = {Lack.ISN_FILTER}
    done = installation.command("once", "--dry-run", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["whole"] is False


@pytest.mark.parametrize(("minutes", "words"), [(5, "отстают от"), (-5, "спешат"), (0.5, None)])
def test_check_compares_the_clocks(installation: Installation, server: DeloServer, minutes: float, words: str) -> None:
    server.faults.date = datetime.now(UTC) + timedelta(minutes=minutes)
    shown = installation.command("check").stdout
    assert ("Часы этой машины" in shown, (words or "") in shown) == (words is not None, True)


def test_a_status_that_only_looks_like_a_key_is_told(installation: Installation, server: DeloServer) -> None:
    server.store.add(make_rubric(sstu="Дан oтвет автору", ins_date=datetime.now(UTC)))
    installation.command("once")
    assert "U+006F LATIN SMALL LETTER O ≠ U+043E" in installation.command("status").stdout
    installation.processing["statusMapping"] = {**MAPPING, "Дан oтвет автору": "Отправлен ответ заявителю"}
    installation.save()
    shown = installation.command("check", "--offline").stdout
    assert ("латинские буквы" in shown, "чего не видно" in shown) == (True, True)
