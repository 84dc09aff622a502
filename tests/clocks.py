"""A clock for tests: the wall clock stands until it is moved, and a pause takes no time but is remembered."""

import threading
from datetime import UTC, datetime, timedelta

from baikaldoc_pos.errors import StopRequested

NOW = datetime(2026, 10, 15, 4, 0, tzinfo=UTC)


class ManualClock:
    """Implements baikaldoc_pos.clock.Clock; pauses move both clocks on."""

    def __init__(self, now: datetime = NOW) -> None:
        self.instant = now
        self.seconds = 0.0
        self.pauses: list[float] = []
        self.stop = threading.Event()

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, **delta: float) -> datetime:
        passed = timedelta(**delta)
        self.instant += passed
        self.seconds += passed.total_seconds()
        return self.instant

    def pause(self, seconds: float) -> None:
        self.check_stop()
        self.pauses.append(seconds)
        self.advance(seconds=seconds)

    def check_stop(self) -> None:
        if self.stopping:
            raise StopRequested

    @property
    def stopping(self) -> bool:
        return self.stop.is_set()
