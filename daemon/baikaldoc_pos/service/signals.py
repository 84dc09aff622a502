"""The signals that the service acts on. Imports nothing heavy, since they are blocked before anything is."""

import signal
from collections.abc import Collection

STOPS = frozenset({signal.SIGTERM, signal.SIGINT})
SIGNALS = STOPS | {signal.SIGHUP, signal.SIGUSR1}


def block() -> None:
    """Leave the signals to the service's loop, which takes them when it runs: by itself each would end the process.

    Threads that are started afterwards inherit it.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def take(wanted: Collection[signal.Signals], seconds: float) -> signal.Signals | None:
    """The next of these signals, waited for at most that long.

    Where the wait was interrupted (a process that was stopped or frozen goes on) after its time had passed, CPython
    returns whatever there was in memory instead of None.
    """
    received = signal.sigtimedwait(wanted, seconds)
    if received is None or received.si_signo not in wanted:
        return None
    return signal.Signals(received.si_signo)
