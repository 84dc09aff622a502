"""A copy of the journal while it is at work, and a new journal from a damaged one."""

import sqlite3
import stat
from contextlib import closing

import pytest
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.journal import Journal

from tests.delo_server import pending_rubrics
from tests.installation import Installation


@pytest.mark.parametrize("state", ["state", "wrong/directory"])
def test_every_command_that_reads_a_journal_says_where_there_is_none(installation: Installation, state: str) -> None:
    directory = installation.paths.state.parent / state
    commands = [
        "status",
        "failed",
        "history",
        "retry --all",
        "remap --dry-run",
        "remap --yes",
        "exclude 1",
        "include 1",
    ]
    commands += ["windows", "report", "report --waiting", "backup copy", "recover", "recover --yes", "resume"]
    for command in commands if directory.exists() else [*commands, "pause --for 4h"]:
        done = installation.command("--state", str(directory), *command.split())
        assert (done.returncode, done.stdout) == (66, ""), command
        assert (
            done.stderr == f"Журнала ещё нет в каталоге {directory}: служба в нём не работала. "
            "Укажите каталог: --state.\n"
        )
    assert not directory.exists() or not list(directory.iterdir())
    assert installation.server.requests == 0


def test_a_copy_is_whole_private_and_never_in_place_of_another(installation: Installation) -> None:
    installation.server.store.add(*pending_rubrics(3))
    copy = installation.paths.state / "copy.sqlite3"
    assert installation.command("backup", str(copy)).returncode == 66
    installation.cycle()
    with Journal.open(installation.paths.state, SystemClock()) as journal, journal._database.write():
        assert installation.command("backup", str(copy)).returncode == 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert installation.command("backup", str(copy)).returncode == 64
    (installation.paths.state / "journal.sqlite3").unlink()
    copy.rename(installation.paths.state / "journal.sqlite3")
    assert len(installation.history()) == 3


def test_a_damaged_journal_is_told_with_the_way_to_go_on(installation: Installation) -> None:
    installation.server.store.add(*pending_rubrics(3))
    installation.cycle()
    file = installation.paths.state / "journal.sqlite3"
    file.write_bytes(b"")
    for command in (["once"], ["status"], ["check"]):
        done = installation.command(*command)
        assert (done.returncode, "baikaldoc-pos recover" in done.stderr) == (74, True)
        assert "файл пуст" in done.stderr
    assert installation.command("recover").returncode == 130  # nobody answers the question
    assert file.stat().st_size == 0
    done = installation.command("recover", "--yes")
    assert (done.returncode, "journal-damaged-" in done.stdout) == (1, True)
    assert "исключите их снова" in done.stderr
    assert installation.command("once").returncode == 0
    assert all(len(values) == 1 for values in installation.server.store.written().values())


@pytest.mark.parametrize(
    ("place", "value", "command"),
    [
        ("cycles.error_event", "x'ff'", "status"),
        ("cycles.error_fields", "'[1]'", "status --json"),
        ("alert_conditions.told_tokens", "'1.5'", "status --json"),
        ("exclusions.name", "x'ff'", "history --number 1-ОГ"),
        ("marks.at", "'zz'", "once --dry-run"),
        ("changes.number", "x'ff'", "history --json"),
        ("changes.planned_at", "'zz'", "history --csv"),
        ("outcomes.outcome", "'zz'", "report --month 2026-10"),
    ],
)
def test_a_foreign_value_is_told_with_its_place_by_whichever_command_meets_it(
    installation: Installation, place: str, value: str, command: str
) -> None:
    installation.server.store.add(*pending_rubrics(3))
    installation.cycle()
    table, column = place.split(".")
    with closing(sqlite3.connect(installation.paths.state / "journal.sqlite3")) as file, file:
        for (trigger,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {trigger}")
        file.execute("INSERT INTO exclusions VALUES ('1-ОГ', NULL, '2026-10-01T00:00:00+00:00')")
        file.execute(
            "INSERT INTO alert_conditions (kind, key, since, opened_at, fields, told_at)"
            " VALUES ('delo', '', ?1, ?1, '{}', ?1)",
            ["2026-10-01T00:00:00+00:00"],
        )
        file.execute(f"UPDATE {table} SET {column} = {value}")
    done = installation.command(*command.split())
    assert (done.returncode, "Traceback" in done.stderr) == (74, False)
    assert f"{installation.paths.state}/journal.sqlite3" in done.stderr
    assert f"{table}, rowid 1, {column}" in done.stderr
