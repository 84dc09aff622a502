"""``history``: why an appeal is not on the showcase, and the whole past in tables, CSV and JSON."""

import csv
import io
import json
import os
import pty
import re
import sqlite3
import subprocess
import termios
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from baikaldoc_pos.i18n import visible
from baikaldoc_pos.journal import ChangeOutcome, Checkpoint, Journal, RetryEntry
from baikaldoc_pos.model import Answer, Change, Outcome, Rubric

from tests.clocks import NOW, ManualClock
from tests.installation import Installation
from tests.system.web.history import REFUSED, UPDATED, rubric, with_past, with_trouble

NUMBER = "Ко-5/26"
# The same number to a person.
TYPED = ["Ко-5/26", "ко-5/26", "КО-5/26", "Ko-5/26", "№ Ко-5/26", "№ко-5/26", " Ко-5/26 ", "N Ко-5/26"]


@pytest.fixture
def journal(installation: Installation) -> Iterator[Journal]:
    with Journal.open(installation.paths.state, ManualClock(NOW)) as journal:
        yield journal


def write(journal: Journal, subject: Rubric, answer: Answer | None = UPDATED) -> None:
    ids = journal.record_intents(None, [Change(subject, "Рассмотрение завершено")])
    if answer is not None:
        journal.settle([ChangeOutcome(ids[0], answer)])


def told(installation: Installation, number: str) -> str:
    done = installation.command("history", "--number", number)
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- Why is this appeal not on the showcase? ---


@pytest.mark.parametrize("typed", TYPED)
def test_a_number_is_found_however_it_is_typed(installation: Installation, journal: Journal, typed: str) -> None:
    write(journal, rubric(5, NUMBER))
    assert "Статус «Рассмотрение завершено» записан в ДЕЛО" in told(installation, typed)
    (row,) = json.loads(installation.command("history", "--number", typed, "--json").stdout)
    assert row["isn"] == 5


def test_an_appeal_whose_status_has_no_mapping(installation: Installation, journal: Journal) -> None:
    journal.remember_unmapped([rubric(5, NUMBER, "Иное")], NOW)
    shown = told(installation, "ко-5/26")
    assert "для статуса ССТУ «Иное» не задано соответствие" in shown
    assert "рубрика 5 " in shown


def test_an_appeal_that_waits_is_told_with_the_servers_words(installation: Installation, journal: Journal) -> None:
    write(journal, rubric(6, "Б-1/26"), REFUSED)
    with_trouble(journal, NOW)
    shown = told(installation, "Б-1/26")
    assert "Статус не записан: попыток 2" in shown
    assert "Документ заблокирован другим пользователем" in shown


def test_each_rubric_of_a_card_has_its_conclusion(installation: Installation, journal: Journal) -> None:
    write(journal, rubric(5, NUMBER))
    write(journal, rubric(6, NUMBER), Answer(Outcome.OVERTAKEN))
    write(journal, rubric(7, NUMBER), None)
    shown = told(installation, NUMBER)
    for conclusion in ("записан в ДЕЛО", "стоит другой статус ПОС", "ещё не известен"):
        assert shown.count(conclusion) == 1
    assert shown.count("UTC+") == 1, "in the table's title"


def test_an_appeal_that_was_never_seen(installation: Installation, journal: Journal) -> None:
    journal.set_checkpoint(Checkpoint.ORIGIN, NOW - timedelta(days=30))
    journal.set_checkpoint(Checkpoint.BOOKMARK, NOW)
    shown = told(installation, "нет такого")
    for reason in ("нет статуса ССТУ", "уже стоял", "ignoredStatuses", "once --from", "ещё не прочитаны"):
        assert reason in shown
    assert "15.09.2026 12:00" in shown, "the start of the very first period, in the installation's zone"
    assert shown.count("UTC+") == 1, "named once, and there is no table whose title names it"


@pytest.mark.parametrize(
    "command", ["status", "status --json", "history --number 5", "history --csv", "failed", "report", "windows"]
)
def test_where_there_is_no_journal_every_command_says_so(installation: Installation, command: str) -> None:
    done = installation.command(*command.split())
    assert (done.returncode, done.stdout) == (66, "")
    assert str(installation.paths.state) in done.stderr
    assert list(installation.paths.state.iterdir()) == []


def test_nothing_has_been_done_yet(installation: Installation) -> None:
    installation.processing["limits"] = {"notBefore": "2026-09-01"}
    installation.save()
    installation.know_server()
    shown = told(installation, NUMBER)
    assert "в журнале ничего нет" in shown
    assert "раньше 01.09.2026 (limits.notBefore)" in shown


def test_conclusions_are_for_people(installation: Installation, journal: Journal) -> None:
    write(journal, rubric(5, NUMBER))
    for form in ("--csv", "--json"):
        assert "витрин" not in installation.command("history", "--number", NUMBER, form).stdout


# --- Tables, CSV, JSON ---


def shown_at(installation: Installation, columns: int, *command: str) -> str:
    """What a terminal of that width shows."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, columns))
    process = subprocess.Popen(installation.arguments(*command), stdout=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # EIO: it has ended
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    assert process.wait(30) == 0
    return re.sub(r"\x1b\[[\d;]*m", "", shown.decode())


@pytest.mark.parametrize("columns", [40, 120])
def test_what_one_copies_is_in_one_piece(installation: Installation, journal: Journal, columns: int) -> None:
    write(journal, rubric(1_280_000_002, "А26-02-118-ОГ"), REFUSED)
    with_trouble(journal, NOW)
    shown = shown_at(installation, columns, "history")
    for whole in ("1280000002", "А26-02-118-ОГ", "15.10.2026", "12:00"):
        assert re.search(rf"(?<!\S){whole}(?!\S)", shown), whole
    shown = shown_at(installation, columns, "failed")
    for whole in ("5000001", "Б-0/26", "15.10.2026", "12:09"):
        assert re.search(rf"(?<!\S){whole}(?!\S)", shown), whole


@pytest.mark.parametrize("columns", [20, 40])
def test_nothing_is_cut_off_on_a_narrow_terminal(installation: Installation, journal: Journal, columns: int) -> None:
    write(journal, rubric(1_280_000_002, "Щ" * 29), REFUSED)
    shown = shown_at(installation, columns, "history")
    assert shown.count("Щ") == 29


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("history")
    with with_past(directory, NOW, per_day=300, days=10):
        return directory


def in_large(installation: Installation, large: Path, *command: str) -> str:
    done = installation.command("--state", str(large), *command)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("filters", [[], ["--since", "2026-01-01"]], ids=["all", "since"])
def test_a_table_shows_the_last_hundred_and_says_so(
    installation: Installation, large: Path, filters: list[str]
) -> None:
    shown = in_large(installation, large, "history", *filters)
    assert len(re.findall(r"А-\d+/26", shown)) == 100
    assert "Показаны последние 100 из подходящих" in shown


def test_a_long_retry_list_is_cut_short_and_says_so(installation: Installation, journal: Journal) -> None:
    entries = [RetryEntry(n, None, f"Б-{n}/26", 1, NOW, NOW + timedelta(minutes=n), REFUSED) for n in range(600)]
    journal.schedule_retries(entries)
    shown = installation.command("failed").stdout
    assert len(re.findall(r"Б-\d+/26", shown)) == 500
    assert "Показаны первые 500 из 600" in shown
    assert len(json.loads(installation.command("failed", "--json").stdout)) == 600


def test_a_table_that_shows_all_does_not_say_otherwise(installation: Installation, journal: Journal) -> None:
    for isn in range(100):
        write(journal, rubric(1000 + isn))
    shown = installation.command("history").stdout
    assert len(re.findall(r"А-\d+/26", shown)) == 100
    assert "Показаны последние" not in shown


def test_csv_and_json_have_all_rows_alike(installation: Installation, large: Path) -> None:
    as_csv = in_large(installation, large, "history", "--csv")
    assert as_csv.startswith("\ufeffКогда;Исход записан;")
    *rows, last = csv.DictReader(io.StringIO(as_csv.removeprefix("\ufeff")), delimiter=";")
    as_json = json.loads(in_large(installation, large, "history", "--since", "2026-01-01", "--json"))
    assert len(rows) == len(as_json) > 1000
    assert last["Когда"] == f"Всего: {len(rows)}"
    assert [(row["ISN рубрики"], row["Стало"]) for row in rows] == [(str(e["isn"]), e["new_pos"]) for e in as_json]
    instants = [
        datetime.strptime(row["Когда"], "%d.%m.%Y %H:%M").replace(tzinfo=timezone(timedelta(hours=8))) for row in rows
    ]
    assert all(
        timedelta() <= datetime.fromisoformat(each["planned_at"]) - instant < timedelta(minutes=1)
        for each, instant in zip(as_json, instants, strict=True)
    )


def test_the_first_rows_come_at_once(installation: Installation, large: Path) -> None:
    """Whoever looks at the first line only is not kept waiting for the last one, nor is the memory filled."""
    arguments = [*installation.arguments("history", "--json"), "--since", "2026-01-01"]
    arguments[arguments.index(str(installation.paths.state))] = str(large)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "[\n"
        assert json.loads(process.stdout.readline().removesuffix(",\n"))["isn"] > 1_000_000
        assert process.poll() is None, "it is still writing: the pipe is full"
        process.stdout.close()
        assert process.wait(30) == 0


def test_csv_carries_no_formula_into_a_spreadsheet(installation: Installation, journal: Journal) -> None:
    formulas = [f"{first}=1+1" for first in (*"=+-@\t\r\n", " =", "А-1;=", "А-1\t=", "＝", '"', "\u3000")]
    for isn, formula in enumerate(formulas, start=1):
        write(journal, rubric(isn, NUMBER), Answer(Outcome.REFUSED, formula))
    output = subprocess.run(installation.arguments("history", "--csv"), capture_output=True, check=True).stdout
    *rows, _ = csv.DictReader(io.StringIO(output.decode("utf-8-sig"), newline=""), delimiter=";")
    assert sorted(row["Ответ ДЕЛО"] for row in rows) == sorted(f"'{visible(formula)}" for formula in formulas)


def test_csv_of_a_journal_with_a_foreign_value_names_its_row(installation: Installation, journal: Journal) -> None:
    write(journal, rubric(5, NUMBER))
    with closing(sqlite3.connect(installation.paths.state / "journal.sqlite3")) as connection, connection:
        connection.execute("DROP TRIGGER changes_no_update")
        connection.execute("UPDATE changes SET planned_at = 'zz'")
    done = installation.command("history", "--csv")
    assert done.returncode == 74
    assert "planned_at" in done.stderr
