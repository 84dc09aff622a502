"""``migrate`` takes over the earlier script's directory, in which nothing changes."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.commands import run_command
from tests.installation import ROOT

PASSWORD = "Тайна-1"
PROCESSING = {
    "statusMapping": {"Дан ответ автору": "Отправлен ответ заявителю"},
    "dateRange": {"useFixedDates": False, "startDate": "", "endDate": "", "maxDateRangeDays": 30},
    "utcOffsetHours": 8,
}
CONNECTION = {
    "login_url": "https://delo.region.example/CoreHost/identity/api/login",
    "logout_url": "https://delo.region.example/CoreHost/identity/api/logout",
    "graphql_endpoint": "https://delo.region.example/CoreHost/gql/query",
    "username": "pos",
    "password": PASSWORD,
    "app": "pos",
}
STATE = {"lastRunTime": "2026-10-26 12:00:00"}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The directory of the script."""
    directory = tmp_path / "скрипт"
    directory.mkdir()
    for name, content in (("processing_config", PROCESSING), ("connection_config", CONNECTION), ("state", STATE)):
        (directory / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8-sig")
    return directory


def migrate(root: Path, *arguments: str, config: str = "config") -> subprocess.CompletedProcess[str]:
    directories = ("--config", str(root / config), "--state", str(root / "state"), "--logs", str(root / "logs"))
    return run_command([*directories, "migrate", *arguments], root, os.environ, 60)


def content_of(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_the_files_the_password_and_the_bookmark_are_taken_over(tmp_path: Path, script: Path) -> None:
    before = content_of(script)
    done = migrate(tmp_path, str(script), "--yes")
    assert done.returncode == 0, done.stderr
    assert "12:00" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr
    assert content_of(script) == before
    config = tmp_path / "config"
    expected = {key: value for key, value in CONNECTION.items() if key != "password"}
    expected["password_file"] = "credentials/delo-password"
    assert json.loads((config / "connection_config.json").read_text()) == expected
    assert json.loads((config / "processing_config.json").read_text()) == PROCESSING
    assert json.loads((tmp_path / "state/state.json").read_text()) == STATE
    assert (config / "credentials/delo-password").read_text() == f"{PASSWORD}\n"
    modes = {path.name: f"{path.stat().st_mode & 0o777:o}" for path in [config / "credentials", *config.rglob("*.*")]}
    assert modes == {"credentials": "700", "connection_config.json": "640", "processing_config.json": "640"}
    assert f"{(config / 'credentials/delo-password').stat().st_mode & 0o777:o}" == "600"
    assert run_command(["--config", str(config), "check", "--offline"], tmp_path, os.environ, 60).returncode == 0
    again = migrate(tmp_path, str(script), "--yes")
    assert (again.returncode, "уже перенесены" in again.stdout) == (0, True)


@pytest.mark.parametrize("arguments", [("--dry-run",), ("--dry-run", "--yes")])
def test_a_dry_run_writes_nothing(tmp_path: Path, script: Path, arguments: tuple[str, ...]) -> None:
    done = migrate(tmp_path, str(script), *arguments)
    assert done.returncode == 0
    assert str(tmp_path / "config/connection_config.json") in done.stdout
    assert list(tmp_path.iterdir()) == [script]


def test_without_a_yes_nothing_is_written(tmp_path: Path, script: Path) -> None:
    assert migrate(tmp_path, str(script)).returncode == 130  # the question finds the end of the input
    assert list(tmp_path.iterdir()) == [script]


def test_a_repeat_leaves_what_was_edited_and_the_bookmark_that_was_taken(tmp_path: Path, script: Path) -> None:
    assert migrate(tmp_path, str(script), "--yes").returncode == 0
    (tmp_path / "config/processing_config.json").write_text(json.dumps(PROCESSING | {"dryRun": True}))
    (script / "state.json").write_text(json.dumps({"lastRunTime": "2026-10-26 23:00:00"}))
    before = content_of(tmp_path)
    done = migrate(tmp_path, str(script), "--yes")
    assert done.returncode == 0, done.stderr
    assert all(str(tmp_path / path) in done.stdout for path in ("config/processing_config.json", "state/state.json"))
    assert ("12:00" in done.stdout, "23:00" in done.stdout) == (True, False)
    assert content_of(tmp_path) == before


def test_what_somebody_has_configured_is_not_overwritten(tmp_path: Path, script: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/processing_config.json").write_text(json.dumps(PROCESSING | {"batchSize": 7}), encoding="utf-8")
    before = content_of(tmp_path)
    done = migrate(tmp_path, str(script), "--yes")
    assert (done.returncode, str(tmp_path / "config/processing_config.json") in done.stderr) == (73, True)
    assert content_of(tmp_path) == before


def test_the_example_of_a_package_gives_way_and_is_kept(tmp_path: Path, script: Path) -> None:
    examples = content_of(ROOT / "config")
    (tmp_path / "config").mkdir()
    for name, content in examples.items():
        (tmp_path / "config" / name).write_bytes(content)
    assert migrate(tmp_path, str(script), "--yes").returncode == 0
    found = content_of(tmp_path / "config")
    assert found["service_config.json"] == examples["service_config.json"]
    assert found["processing_config.json.example"] == examples["processing_config.json"]
    assert json.loads(found["processing_config.json"]) == PROCESSING


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("connection_config.json", {**CONNECTION, "password": ""}, "password"),
        ("processing_config.json", {**PROCESSING, "utcOffsetHours": "8"}, "utcOffsetHours"),
        ("state.json", {"lastRunTime": "позавчера"}, "lastRunTime"),
    ],
)
def test_what_cannot_be_used_stops_it(tmp_path: Path, script: Path, file: str, content: object, told: str) -> None:
    (script / file).write_text(json.dumps(content), encoding="utf-8")
    done = migrate(tmp_path, str(script), "--yes")
    assert (done.returncode, file in done.stderr, told in done.stderr) == (78, True, True)
    assert list(tmp_path.iterdir()) == [script]


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path, script: Path) -> None:
    (tmp_path / "файл").touch()
    done = migrate(tmp_path, str(script), "--yes", config="файл/config")
    assert (done.returncode, str(tmp_path / "файл/config") in done.stderr) == (73, True)
