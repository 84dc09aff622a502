"""How long the present session with ДЕЛО has lasted, as told by the exchanges that were observed."""

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.delo import RequestReport

_DONE = "200"


class SessionAge:
    """Follows signing in and out. A session that was taken over from an earlier process counts from then on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None

    def observe(self, report: RequestReport) -> None:
        if report.kind == "sign_out":
            self._since = None
        elif report.outcome == _DONE and (report.kind == "sign_in" or self._since is None):
            self._since = self._clock.monotonic()

    @property
    def seconds(self) -> float | None:
        """Its age; null where there is none."""
        since = self._since
        return None if since is None else self._clock.monotonic() - since
