"""What a mail says to type can be typed."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from baikaldoc_pos.alerts import command_line
from baikaldoc_pos.config import Paths


def run(command: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What a shell does with the line, whose PATH has no such program."""
    environ = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    line = " ".join([command, *arguments])
    return subprocess.run(line, shell=True, env=environ, cwd=cwd, capture_output=True, text=True, check=False)


def test_the_command_runs_from_anywhere(tmp_path, monkeypatch):
    (tmp_path / "их конфигурация").mkdir()
    monkeypatch.chdir(tmp_path)
    command = command_line(Paths(Path("их конфигурация"), Path("state"), tmp_path / "a'b"))
    assert shlex.split(command)[-1] == str(tmp_path / "a'b")
    told = run(command, "check", "--offline", cwd=Path("/"))
    assert told.returncode == 78
    assert "processing_config.json" in told.stderr


def test_without_a_script_of_that_name(tmp_path, monkeypatch):
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))
    command = command_line(Paths(tmp_path, tmp_path, tmp_path))
    assert shlex.split(command)[:3] == [str(python), "-m", "baikaldoc_pos"]
