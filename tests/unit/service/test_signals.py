"""Signals that come while the service is only being imported are acted upon, and do not end it."""

import signal
import subprocess
import sys

import pytest
from baikaldoc_pos.__main__ import command_in

from tests.installation import Installation

# Sends itself the signals when the first heavy import begins, then starts like the installed command.
PROGRAM = """
import os, signal, sys

class Early:
    def find_spec(self, name, path=None, target=None):
        if name == "baikaldoc_pos.cli":
            for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):
                os.kill(os.getpid(), number)

sys.meta_path.insert(0, Early())
from baikaldoc_pos.__main__ import main
sys.exit(main())
"""


def test_signals_during_the_imports_are_left_to_the_loop(installation: Installation) -> None:
    paths = installation.paths
    directories = ["--config", paths.config, "--state", paths.state, "--logs", paths.logs]
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *directories, "run"], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended
    said = ended.stderr
    order = [said.index(f"{signal.Signals(number).name}") for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM)]
    assert order == sorted(order)
    assert "Настройки перечитаны" in said
    assert "Служба остановлена" in said
    assert installation.server.sessions.open_seats == 0


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], None),
        (["run"], "run"),
        (["--config", "run", "--state=run", "check", "run"], "check"),
        (["--config", "/etc/baikaldoc-pos", "--logs=/x", "run"], "run"),
        (["--version"], None),
    ],
)
def test_command_is_told_from_the_values_of_options(arguments: list[str], command: str | None) -> None:
    assert command_in(arguments) == command
