"""Notices where the wall clock is set back, by which APScheduler plans its jobs."""

from datetime import datetime, timedelta

from baikaldoc_pos.clock import Clock

# Less is what a clock is slewed by, and what reading two clocks one after the other may take.
LEAST = timedelta(seconds=0.5)


class WallClock:
    """Compares how far the wall clock and the monotonic one have gone. Asked by one thread, every second or so."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = self._beginning()

    def set_back(self) -> timedelta:
        """By how much it was set back since it was last asked; nothing where it went on, or was set forward."""
        before, self._began = self._began, self._beginning()
        step = before - self._began
        return step if step > LEAST else timedelta(0)

    def _beginning(self) -> datetime:
        """When, by the wall clock, the monotonic one began."""
        return self._clock.now() - timedelta(seconds=self._clock.monotonic())
