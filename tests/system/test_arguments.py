"""What people type wrongly: a sentence in their language and exit code 64, never a traceback or English."""

import re
from pathlib import Path

import pytest

from tests.installation import Installation

HUGE = "99999999999999999999"
BEYOND = str(2**63)
WRONG = [
    ("history", "--rubric", HUGE),
    ("history", "--rubric", BEYOND),
    ("history", "--document", BEYOND),
    ("history", "--document", "-1"),
    ("history", "--rubric", "семь"),
    ("history", "--since", "9999-12-31"),
    ("history", "--number", " "),
    ("history", "--number", "5" * 101),
    ("retry", HUGE),
    ("retry", "5", BEYOND),
    ("report", "--month", "0000-01"),
    ("report", "--month", "9999-12"),
    ("report", "--month", "٢٠٢٦-10"),
    ("report", "--month", "1899-12"),
    ("pause", "--for", "٤h"),
    ("pause", "--for", "9" * 5000 + "h"),
    ("pause", "--for", "999999999d"),
    ("report", "--month"),
    ("once", "--json=yes"),
    ("status", "now"),
    ("status", "now", "then"),
    ("retry", "--all", "5"),
    (),
]


@pytest.mark.parametrize("arguments", WRONG, ids=lambda arguments: " ".join(arguments)[:40] or "no command")
def test_wrong_arguments(installation: Installation, arguments: tuple[str, ...]) -> None:
    done = installation.command(*arguments)
    assert done.returncode == 64, done.stderr
    assert done.stdout == ""
    sentence, *help_ = done.stderr.splitlines()
    assert re.search("[а-я]{3}", sentence)
    assert not re.search(r"(?<!\S)[a-z]{4,}(?!\S)", sentence.removeprefix("baikaldoc-pos").replace("now", "")), sentence
    assert re.fullmatch(r"Справка: baikaldoc-pos( [a-z]+)? --help", help_[0])


def test_a_file_where_a_directory_should_be(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "файл"
    file.touch()
    done = installation.command("--config", str(file), "status")
    assert done.returncode == 64
    assert f"--config: «{file}» — файл, а нужен каталог." in done.stderr


def test_the_bounds_themselves_are_taken(installation: Installation) -> None:
    installation.command("once")
    for month in ("1900-01", "2199-12"):
        assert installation.command("report", "--month", month).returncode == 0, month
    for option in ("--rubric", "--document"):
        assert installation.command("history", option, str(2**63 - 1), "--json").stdout.split() == ["[]"]
    assert installation.command("retry", str(2**63 - 1)).returncode == 1
