"""Which jobs run and when each last got on: the evidence that the watchdog asks for."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from baikaldoc_pos.clock import SystemClock

SLICE_SECONDS = 1.0


class JobMonitor:
    """The running jobs with the time of their last progress. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[int, tuple[str, float]] = {}

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """The calling thread does this job while the context lasts."""
        thread = threading.get_ident()
        with self._lock:
            self._jobs[thread] = (name, time.monotonic())
        try:
            yield
        finally:
            with self._lock:
                del self._jobs[thread]

    def progress(self) -> None:
        """The calling thread's job has got on; nothing where it does no job."""
        thread = threading.get_ident()
        with self._lock:
            if thread in self._jobs:
                self._jobs[thread] = (self._jobs[thread][0], time.monotonic())

    def ages(self) -> Mapping[str, float]:
        """The running jobs, each with the seconds since its last progress."""
        now = time.monotonic()
        with self._lock:
            return {name: now - at for name, at in self._jobs.values()}


class ServiceClock(SystemClock):
    """The real clock; a job that waits on purpose (back-off, Retry-After) is getting on."""

    def __init__(self, stop: threading.Event, monitor: JobMonitor) -> None:
        super().__init__(stop)
        self._monitor = monitor

    def pause(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:
            super().pause(min(left, SLICE_SECONDS))
            self._monitor.progress()
