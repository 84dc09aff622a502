"""The waits at both ends of the service.

A start waits for a running ``once`` and for disk space. The end waits for what is in flight, and then hands the
session over or signs it out.

A restart hands the session over to the next process, a stop signs out. To the process both are a SIGTERM; only
systemd's job tells them apart.
"""

import logging
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

from attrs import define

from baikaldoc_pos.config import load_configuration
from baikaldoc_pos.errors import ConfigurationInvalid, JournalUnavailable, StopRequested
from baikaldoc_pos.i18n import Catalogue, EventLog
from baikaldoc_pos.service.context import ActiveConfig, ServiceContext
from baikaldoc_pos.service.reload import runtime_directory
from baikaldoc_pos.service.session import SessionManager
from baikaldoc_pos.service.state import StateHolder
from baikaldoc_pos.service.systemd import STOPS, Notifier, take_signal
from baikaldoc_pos.service.watchdog import disk_is_full, is_held
from baikaldoc_pos.state import Phase

log = EventLog(__name__)
T = TypeVar("T")

TICK_SECONDS = 1.0
EXTENSION_SECONDS = 10.0

# How much longer than one request's deadline the end of a running job is waited for.
DRAIN_GRACE_SECONDS = 5.0
DRAIN_TICK_SECONDS = 0.2
SYSTEMCTL_SECONDS = 5
_UNIT = re.compile(r"/([^/]+\.service)$")


def wait_tick(notifier: Notifier, status: str) -> None:
    """One moment of the wait; raises StopRequested."""
    notifier.status(status)
    notifier.extend_timeout(EXTENSION_SECONDS)
    received = take_signal(STOPS, TICK_SECONDS)
    if received is not None:
        log.info("signal.received", signal=received.name)
        raise StopRequested


def retry_until_possible(opening: Callable[[], T], directory: Path, notifier: Notifier, text: Catalogue) -> T:
    """Open what needs the journal, as soon as its disk has room and no other process, such as a backup, holds it.

    :raises JournalUnavailable: something else is wrong.
    :raises StopRequested: a stop was asked for meanwhile.
    """
    told = ""
    while True:
        try:
            return opening()
        except JournalUnavailable as fault:
            if is_held(fault):
                event, state = "journal.held", "state.waiting_for_journal"
            elif disk_is_full(fault, directory):
                event, state = "journal.disk_full", "state.waiting_for_room"
            else:
                raise
            if told != event:
                log.error(event, **fault.fields)
            told = event
            sentence = text.render(event, fault.fields)
        wait_tick(notifier, text.text(state, sentence=sentence))


@define(eq=False)
class Shutdown:
    """Ends one service's dealings with ДЕЛО. While it waits, systemd is asked for more time."""

    _context: ServiceContext
    _in_force: ActiveConfig
    _sessions: SessionManager
    _state: StateHolder
    _notifier: Notifier

    def leave(self) -> None:
        """Wait for the running job, whose batch in flight is recorded, and part with the session.

        A second stop signal, or a job that does not end, ends the process at once.
        """
        self._await(lambda seconds: self._sessions.lock.acquire(timeout=seconds))
        if self._is_followed() and self._sessions.hand_over():
            return
        self._state.change(phase=Phase.SIGNING_OUT)
        signing_out = threading.Thread(
            target=self._sessions.sign_out_for_good, args=(self._in_force.configuration,), name="sign-out", daemon=True
        )
        signing_out.start()
        self._await(lambda seconds: _ended(signing_out, seconds))

    def _is_followed(self) -> bool:
        """Whether another process takes the session up: a restart, and not one that ends at its configuration."""
        paths, environ, unit = self._context.paths, self._context.environ, own_unit()
        if runtime_directory(environ) is None or unit is None or not restart_is_pending(unit):
            return False
        try:
            load_configuration(paths.config, environ)
        except ConfigurationInvalid:
            return False
        return True

    def _await(self, done: Callable[[float], bool]) -> None:
        deadline = time.monotonic() + self._in_force.configuration.service.limits.request_seconds + DRAIN_GRACE_SECONDS
        while not done(DRAIN_TICK_SECONDS):
            self._notifier.extend_timeout(EXTENSION_SECONDS)
            if take_signal(STOPS, 0) is not None:
                _end_at_once("service.left_at_once")
            if time.monotonic() > deadline:
                _end_at_once("service.job_did_not_end")


def own_unit(cgroups: Path = Path("/proc/self/cgroup")) -> str | None:
    """The unit that this process belongs to, by its control group; None outside one."""
    try:
        lines = cgroups.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((found[1] for line in lines if (found := _UNIT.search(line))), None)


def restart_is_pending(unit: str) -> bool:
    """Whether systemd is restarting the unit. Where it cannot be asked, no: signing out is the safe side."""
    try:
        listed = subprocess.run(  # noqa: S603 - a fixed command
            ["/usr/bin/systemctl", "list-jobs", "--no-legend", "--plain", unit],
            capture_output=True,
            text=True,
            timeout=SYSTEMCTL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    jobs = (line.split() for line in listed.stdout.splitlines())
    return any(job[1:3] == [unit, "restart"] for job in jobs if len(job) >= 3)


def _end_at_once(event: str) -> NoReturn:
    """What is in flight is settled by the next start: its intent is in the journal."""
    log.warning(event)
    logging.shutdown()
    os._exit(0)


def _ended(thread: threading.Thread, seconds: float) -> bool:
    """Whether a thread ends within that time."""
    thread.join(seconds)
    return not thread.is_alive()
