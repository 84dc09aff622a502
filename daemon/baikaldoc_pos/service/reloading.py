"""Reloading: how ``systemctl reload`` learns that it is over, and how it went.

On systemd 252 with Type=notify, ExecReload= must itself wait until the reload is done. The service leaves the result
of every reload in a small file; the command that asks for one signals the service and waits for the next result.
"""

import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from attrs import frozen

from baikaldoc_pos.journal import holder_of

FILE_NAME = "reload.json"
POLL_SECONDS = 0.05


@frozen
class ReloadResult:
    """How the last reload went.

    :param serial: counts reloads of one process; 0 is its start.
    :param faults: how many faults the configuration had; 0 means that it is in force.
    """

    pid: int
    serial: int
    faults: int


class ReloadFile:
    """The file with the last result: written by the service, read by the command.

    It is in the runtime directory, which a full disk does not concern, and in the state directory too, for a command
    that was given by hand and knows only that one.
    """

    def __init__(self, *directories: Path) -> None:
        self._paths = [directory / FILE_NAME for directory in directories]

    @classmethod
    def of(cls, state: Path, environ: Mapping[str, str]) -> Self:
        """The file as the service, or systemd's ExecReload=, sees it."""
        runtime = runtime_directory(environ)
        return cls(state) if runtime is None else cls(runtime, state)

    def write(self, result: ReloadResult) -> None:
        """Replace the result as a whole; raises OSError where that can be done nowhere."""
        content = {"pid": result.pid, "serial": result.serial, "faults": result.faults}
        refusals = []
        for path in self._paths:
            fresh = path.with_suffix(".new")
            try:
                fresh.write_text(json.dumps(content), encoding="utf-8")
                fresh.replace(path)
            except OSError as refusal:
                refusals.append(refusal)
        if len(refusals) == len(self._paths):
            raise refusals[0]

    def read(self) -> ReloadResult | None:
        """The last result; None where there is none that can be read."""
        for path in self._paths:
            try:
                return ReloadResult(**json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):
                continue
        return None


def runtime_directory(environ: Mapping[str, str]) -> Path | None:
    """systemd's RuntimeDirectory=, which outlives restarts but not a stop; None by hand."""
    given = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(given) if given else None


def ask_for_cycle(state: Path) -> bool:
    """Ask a service that works on this state directory for a cycle now; tells whether there is one to ask."""
    pid, running = holder_of(state)
    if pid is None or running != "run":
        return False
    try:
        os.kill(pid, signal.SIGUSR1)
    except OSError:
        return False
    return True


def await_reload(state: Path, pid: int, timeout: float, environ: Mapping[str, str] = os.environ) -> ReloadResult | None:
    """Ask the service with that process id to reload, and wait for the result; None where none came in time.

    :raises ProcessLookupError: there is no such process.
    :raises PermissionError: it is somebody else's.
    """
    file = ReloadFile.of(state, environ)
    before = file.read()
    serial = before.serial if before is not None and before.pid == pid else 0
    os.kill(pid, signal.SIGHUP)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        result = file.read()
        if result is not None and result.pid == pid and result.serial > serial:
            return result
        os.kill(pid, 0)
        time.sleep(POLL_SECONDS)
    return None
