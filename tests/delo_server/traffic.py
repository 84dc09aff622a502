"""What came in and what went out: a bounded log of requests, counters, and a wait for something to happen."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from tests.delo_server.messages import Request

LOG_LENGTH = 20_000


class Traffic:
    """Counts since the start or the last ``reset()``. Requests whose fault costs them their answer count, too.

    ``kinds`` counts by ``Request.kind``, ``operations`` queries by operation name.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.log: deque[Request] = deque(maxlen=LOG_LENGTH)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        with self._changed:
            self.log.clear()
            self.requests = 0
            self.connections = 0
            self.bytes_sent = 0
            self.bytes_received = 0
            self.kinds: Counter[str] = Counter()
            self.operations: Counter[str | None] = Counter()

    def came(self, request: Request) -> None:
        with self._changed:
            self.log.append(request)
            self.requests += 1
            self.bytes_received += len(request.body)
            self.kinds[request.kind] += 1
            if request.kind == "query":
                self.operations[request.operation] += 1
            self._changed.notify_all()

    def connected(self) -> None:
        with self._changed:
            self.connections += 1
            self._changed.notify_all()

    def sent(self, count: int) -> None:
        with self._changed:
            self.bytes_sent += count
            self._changed.notify_all()

    def tell(self) -> None:
        """Wake whoever waits: something else has changed."""
        with self._changed:
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Whether the condition came true in time; it is looked at again whenever something happened."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 0.05))
        return True
