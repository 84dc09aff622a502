"""Time as a parameter: wall clock for records, monotonic clock for durations, and a wait that a stop ends."""

import threading
import time
from datetime import UTC, datetime
from typing import Protocol

from baikaldoc_pos.errors import StopRequested


class Clock(Protocol):
    """What the work knows of time."""

    def now(self) -> datetime:
        """The present instant, timezone-aware (UTC)."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""

    def pause(self, seconds: float) -> None:
        """Wait that long; raises StopRequested as soon as a stop is asked for."""

    def check_stop(self) -> None:
        """Raises StopRequested where a stop was asked for: called before each new piece of work."""

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""


class SystemClock:
    """The real clock; ``stop`` is set by whoever wants the work to end."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.stop = stop if stop is not None else threading.Event()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise StopRequested

    def check_stop(self) -> None:
        if self.stopping:
            raise StopRequested

    @property
    def stopping(self) -> bool:
        return self.stop.is_set()
