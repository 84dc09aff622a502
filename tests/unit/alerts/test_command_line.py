"""What a mail says to type can be typed, from anywhere."""

import os
import shlex
import subprocess
from pathlib import Path

from baikaldoc_pos.alerts import command_line
from baikaldoc_pos.config import Paths


def test_the_command_runs_from_anywhere(tmp_path, monkeypatch):
    (tmp_path / "их конфигурация").mkdir()
    monkeypatch.chdir(tmp_path)
    command = command_line(Paths(Path("их конфигурация"), Path("state"), tmp_path / "a'b"))
    assert shlex.split(command)[-1] == str(tmp_path / "a'b")
    environ = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    line = f"{command} check --offline"
    told = subprocess.run(line, shell=True, env=environ, cwd="/", capture_output=True, text=True, check=False)
    assert told.returncode == 78
    assert "processing_config.json" in told.stderr
