"""The service's one session with ДЕЛО: kept across cycles, replaced when the account or an address changes."""

import threading
from collections.abc import Callable
from pathlib import Path

from baikaldoc_pos.assembly import open_session
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Configuration
from baikaldoc_pos.delo import DeloSession, RequestReport
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.service.context import identity_of

log = EventLog(__name__)


class SessionManager:
    """Owns the session. Only the thread that holds ``lock`` may use or change it.

    :param runtime: where the session is kept over restarts; None where it is not.
    :param state: where it is kept how signing in went, together with commands.
    """

    def __init__(
        self, clock: Clock, observe: Callable[[RequestReport], None], runtime: Path | None, state: Path | None = None
    ) -> None:
        self.lock = threading.Lock()
        self._clock = clock
        self._observe = observe
        self._runtime = runtime
        self._state = state
        self._session: DeloSession | None = None
        # What the session was opened for, and with.
        self._identity: object = None
        self._settings: object = None

    def session(self, configuration: Configuration) -> DeloSession:
        """The session of the configured account; the one of an earlier account or address is signed out first, while
        time-outs and the like are put in force around it.
        """
        service, identity = configuration.service, identity_of(configuration.connection)
        settings = (configuration.connection, service.limits.request_seconds, service.session.rejected_retry_hours)
        if self._session is not None and settings == self._settings:
            return self._session
        if identity != self._identity:
            self.sign_out()
        before = self._session
        self._session = open_session(configuration, self._clock, self._observe, self._runtime, before, self._state)
        self._identity, self._settings = identity, settings
        return self._session

    def forgive(self) -> None:
        """Credentials that were rejected may be tried again: somebody has looked at them."""
        if self._session is not None:
            self._session.forgive()

    def sign_out(self) -> None:
        """Sign out and close, where there is a session."""
        if self._session is not None:
            self._session.sign_out()
        self.leave()

    def sign_out_for_good(self, configuration: Configuration) -> None:
        """Sign out, also of a session that an earlier process kept and nobody has taken up yet."""
        self.session(configuration)
        self.sign_out()

    def hand_over(self) -> bool:
        """Leave the session to the process that comes after a restart; False where it cannot be found there."""
        if self._session is not None and self._session.signed_in:
            if not self._session.kept:
                return False
            log.info("session.handed_over")
        self.leave()
        return True

    def leave(self) -> None:
        """Close the connections; the session on the server is left as it is."""
        if self._session is not None:
            self._session.close()
        self._session = None
