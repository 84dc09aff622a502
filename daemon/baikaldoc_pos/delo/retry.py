"""Trying again: exponential back-off with jitter, bounded by a number of attempts and by the cycle's deadline.

Which faults are worth it is said by the error itself (``DeloUnavailable.retry``, ``retry_after``).
"""

import random
from collections.abc import Callable
from typing import TypeVar

from attrs import field, frozen

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.errors import DeloUnavailable
from baikaldoc_pos.i18n import EventLog

log = EventLog(__name__)
T = TypeVar("T")


@frozen
class RetryWait:
    """A fault that is being waited out.

    :param seconds: how long from now; None: the wait is over, and ДЕЛО is being asked again.
    """

    fault: DeloUnavailable
    seconds: float | None


@frozen
class RetryPolicy:
    """How often, and how long between.

    :param attempts: tries after the first one.
    :param first_seconds: the first delay, doubled each time up to ``longest_seconds``.
    :param jitter: a number in [0, 1) each time it is called; the delay is scaled to between half and whole by it.
    :param told: is told of each wait and of its end, and None when there is an answer, or none will be waited for.
    """

    attempts: int
    first_seconds: float = 1.0
    longest_seconds: float = 60.0
    jitter: Callable[[], float] = field(default=random.random, repr=False)
    told: Callable[[RetryWait | None], None] = field(default=lambda waiting: None, repr=False)

    def delay(self, attempt: int, retry_after: float | None = None) -> float:
        """Seconds to wait before try ``attempt`` (1 is the first repetition); never less than the server asked."""
        backoff = min(self.longest_seconds, self.first_seconds * 2.0 ** min(attempt - 1, 32))
        return max(backoff * (0.5 + self.jitter() / 2), retry_after or 0.0)


@frozen
class Deadline:
    """An instant on the monotonic clock after which faults are final."""

    clock: Clock
    at: float

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> "Deadline":
        return cls(clock, clock.monotonic() + seconds)

    def allows(self, seconds: float) -> bool:
        """Whether a wait of that length ends before the deadline."""
        return self.clock.monotonic() + seconds < self.at


def with_retries(
    call: Callable[[], T], policy: RetryPolicy, deadline: Deadline, operation: str, *, attempt: int = 0
) -> T:
    """Do ``call``; repeat it after a DeloUnavailable that time may heal.

    :param attempt: how many tries have been in vain already.
    :raises DeloUnavailable: the last one, when attempts or time are used up.
    :raises StopRequested: where a stop was asked for during a wait.
    """
    tries = attempt
    try:
        while True:
            try:
                return call()
            except DeloUnavailable as fault:
                tries += 1
                delay = policy.delay(tries, fault.retry_after)
                if not fault.retry or tries > policy.attempts or not deadline.allows(delay):
                    raise
                log.warning(
                    "delo.retrying",
                    operation=operation,
                    reason=fault.fields["reason"],
                    attempt=tries,
                    attempts=policy.attempts,
                    delay=round(delay, 1),
                )
                policy.told(RetryWait(fault, delay))
                deadline.clock.pause(delay)
                policy.told(RetryWait(fault, None))
    finally:
        if tries > attempt:
            policy.told(None)
