"""SIGHUP: a new configuration is taken whole or not at all; a running job goes on with the one it began with."""

import os
from datetime import timedelta

from baikaldoc_pos.assembly import tell_notices
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Configuration, differences, load_configuration, render
from baikaldoc_pos.errors import ConfigurationInvalid, CredentialsRejected
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.service.context import ActiveConfig, ServiceContext
from baikaldoc_pos.service.reloading import ReloadFile, ReloadResult
from baikaldoc_pos.service.scheduler import Scheduler
from baikaldoc_pos.service.session import SessionManager, identity_of
from baikaldoc_pos.service.state import StateHolder

log = EventLog(__name__)


class Reconfiguration:
    """Reloads one service's configuration, and publishes how that went."""

    def __init__(
        self,
        surroundings: ServiceContext,
        in_force: ActiveConfig,
        account: SessionManager,
        scheduler: Scheduler,
        state: StateHolder,
        clock: Clock,
    ) -> None:
        self._surroundings = surroundings
        self._in_force = in_force
        self._account = account
        self._scheduler = scheduler
        self._state = state
        self._clock = clock
        self._file = ReloadFile.of(surroundings.paths.state, surroundings.environ)
        self._reloads = 0

    def begun(self) -> None:
        """Publish and tell of the configuration that the service starts with."""
        self._warn()
        self._publish(faults=0)

    def reload(self) -> bool:
        """Load the configuration, and put it into force unless it has a fault; returns whether it is in force.

        Whoever called publishes the end with :meth:`ended`, when everything that depends on it has followed.
        """
        surroundings, before = self._surroundings, self._in_force.configuration
        try:
            fresh = load_configuration(surroundings.paths.config, surroundings.environ)
        except ConfigurationInvalid as invalid:
            self._reject(invalid)
            return False
        changed = differences(before, fresh)
        self._in_force.replace(fresh)
        surroundings.reconfigure_logging(fresh)
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

    def ended(self) -> None:
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
        """Let a rejected account be tried again, but not with a password that cannot have been corrected.

        systemd fills CREDENTIALS_DIRECTORY at a start only: each reload would send the old password once more, until
        ДЕЛО locks the account.
        """
        kept = fresh.connection.password_path is None and _credentials(before) == _credentials(fresh)
        if not kept:
            self._account.forgive()
        elif (problem := self._state.present.problem) is not None and problem.event == CredentialsRejected.event:
            log.warning("reload.credential_kept")
        else:
            log.info("reload.credential_kept")

    def _publish(self, faults: int) -> None:
        try:
            self._file.write(ReloadResult(os.getpid(), self._reloads, faults))
        except OSError as fault:
            log.warning("reload.not_published", reason=str(fault.strerror))

    def _warn(self) -> None:
        tell_notices(self._in_force.configuration, self._surroundings.paths.config, self._in_force.text)


def intervals(configuration: Configuration) -> tuple[timedelta, timedelta]:
    """How often a cycle, and how often the keep-alive."""
    service = configuration.service
    return (
        timedelta(minutes=service.schedule.interval_minutes),
        timedelta(minutes=service.session.keep_alive_minutes),
    )


def _credentials(configuration: Configuration) -> tuple[object, ...]:
    """What is sent at signing in, and where to."""
    connection = configuration.connection
    return connection.login_url, connection.username, connection.password, connection.app
