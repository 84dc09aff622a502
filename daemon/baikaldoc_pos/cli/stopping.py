"""Being told to stop: the first signal lets a command finish what is in flight and sign out, a second one ends it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.errors import OutputFailed, StopRequested

# Asked for on purpose; whoever asks twice does not want to wait.
ASKED = (signal.SIGTERM, signal.SIGINT)


class Stopping:
    """A clock that a signal stops, and the signals that have come.

    :param clock: raises StopRequested where work would wait or begin anew after the first signal.
    """

    def __init__(self) -> None:
        self.clock = SystemClock(threading.Event())
        self._received: list[int] = []

    @property
    def exit_code(self) -> int:
        """That of a process which ended by the first signal; 0 where none came."""
        return 128 + self._received[0] if self._received else 0

    def receive(self, number: int, _frame: FrameType | None = None) -> None:
        """What a handler does. Leaving in the middle of a batch is safe: its intents are in the journal.

        A SIGHUP never counts as the second: the kernel, the shell and systemd send theirs for one and the same end of
        a terminal, beside each other or beside a SIGTERM.
        """
        asked_before = any(each in ASKED for each in self._received)
        if number in ASKED and asked_before:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._received.append(number)
        self.clock.stop.set()


def run_stoppable(act: Callable[[Stopping], int]) -> int:
    """The exit code that ``act`` returns, or that of the signal which kept it from doing so."""
    with _handled() as stopping:
        try:
            return act(stopping)
        except StopRequested:
            return stopping.exit_code
        except OutputFailed:
            # With the terminal closed, there is nobody to tell what was done; it is done all the same.
            if stopping.exit_code:
                return stopping.exit_code
            raise


@contextmanager
def _handled() -> Iterator[Stopping]:
    """SIGTERM, SIGINT and SIGHUP (the terminal has been closed, the connection dropped) are received while it lasts;
    a SIGHUP that is ignored (``nohup``) stays so.
    """
    stopping = Stopping()
    numbers = [*ASKED, *([signal.SIGHUP] if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else [])]
    before = {number: signal.signal(number, stopping.receive) for number in numbers}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
