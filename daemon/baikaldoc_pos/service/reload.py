"""Reloading: a new configuration is taken whole or not at all, and ``systemctl reload`` learns how that went.

On systemd 252 with Type=notify, ExecReload= must itself wait until the reload is done. The service leaves the result
of every reload in a small file; the command that asks for one signals the service and waits for the next result.
"""

import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from attrs import define, field, frozen

from baikaldoc_pos.config import Configuration, differences, load_configuration, render, warnings_of
from baikaldoc_pos.errors import ConfigurationInvalid, CredentialsRejected
from baikaldoc_pos.files import read_small, replace_private
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import holder_of
from baikaldoc_pos.service.context import ActiveConfig, ServiceContext, identity_of, intervals

if TYPE_CHECKING:  # a command that only asks for a reload starts quickly
    from baikaldoc_pos.clock import Clock
    from baikaldoc_pos.service.scheduler import Scheduler
    from baikaldoc_pos.service.session import SessionManager
    from baikaldoc_pos.service.state import StateHolder

log = EventLog(__name__)

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
            try:
                replace_private(path, json.dumps(content))
            except OSError as refusal:
                refusals.append(refusal)
        if len(refusals) == len(self._paths):
            raise refusals[0]

    def read(self) -> ReloadResult | None:
        """The last result; None where there is none that can be read."""
        for path in self._paths:
            try:
                return ReloadResult(**json.loads(read_small(path)))
            except (OSError, ValueError, TypeError, RecursionError):
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


@define(eq=False)
class Reload:
    """Reloads one service's configuration, and publishes how that went."""

    _context: ServiceContext
    _in_force: ActiveConfig
    _sessions: "SessionManager"
    _scheduler: "Scheduler"
    _state: "StateHolder"
    _clock: "Clock"
    _reloads: int = field(default=0, init=False)

    def publish_start(self) -> None:
        """Publish and tell of the configuration that the service starts with."""
        self._warn()
        self._publish(faults=0)

    def reload(self) -> bool:
        """Load the configuration, and put it into force unless it has a fault; returns whether it is in force.

        Whoever called publishes the end with :meth:`publish_result`, when everything that depends on it has followed.
        """
        context, before = self._context, self._in_force.configuration
        try:
            fresh = load_configuration(context.paths.config, context.environ)
        except ConfigurationInvalid as invalid:
            self._reject(invalid)
            return False
        changed = differences(before, fresh)
        self._in_force.replace(fresh)
        context.reconfigure_logging(fresh)
        self._forgive(before, fresh)
        if intervals(before) != intervals(fresh):
            self._scheduler.reschedule(*intervals(fresh))
        if identity_of(before.connection) != identity_of(fresh.connection):
            # The next job signs the old session out; there is no reason to wait for it.
            self._scheduler.cycle_now()
        if changed:
            log.info("reload.finished", changed=changed)
        else:
            log.info("reload.unchanged")
        self._warn()
        self._state.change(rejected_faults=(), rejected_since=None)
        return True

    def publish_result(self) -> None:
        """Publish how the last reload went."""
        self._reloads += 1
        self._publish(faults=len(self._state.present.rejected_faults))

    def _reject(self, invalid: ConfigurationInvalid) -> None:
        faults = tuple(render(fault, self._in_force.text) for fault in invalid.faults)
        log.error("reload.rejected", count=len(faults))
        for line in faults:
            log.error("config.fault", text=line)
        self._state.change(rejected_faults=faults, rejected_since=self._clock.now())

    def _forgive(self, before: Configuration, fresh: Configuration) -> None:
        """Let a rejected account be tried again, but not with the password that was rejected.

        Each reload would send it once more, until ДЕЛО locks the account.
        """
        if _credentials(before) != _credentials(fresh):
            self._sessions.forgive()
            return
        problem = self._state.present.problem
        rejected = problem is not None and problem.event == CredentialsRejected.event
        if fresh.connection.password_path is not None:
            if rejected:
                log.warning("reload.password_unchanged")
        # systemd fills CREDENTIALS_DIRECTORY at a start only: the file may have been corrected.
        elif rejected:
            log.warning("reload.credential_kept")
        else:
            log.info("reload.credential_kept")

    def _publish(self, faults: int) -> None:
        try:
            ReloadFile.of(self._context.paths.state, self._context.environ).write(
                ReloadResult(os.getpid(), self._reloads, faults)
            )
        except OSError as fault:
            log.warning("reload.not_published", reason=str(fault.strerror))

    def _warn(self) -> None:
        """Log what a sound configuration still ought to be told about."""
        for notice in warnings_of(self._in_force.configuration, self._context.paths.config):
            log.warning("config.notice", text=render(notice, self._in_force.text))


def _credentials(configuration: Configuration) -> tuple[object, ...]:
    """What is sent at signing in, and where to."""
    connection = configuration.connection
    return connection.login_url, connection.username, connection.password, connection.app
