"""The signals that the service acts on. Imports nothing heavy, since they are blocked before anything is."""

import signal

STOPS = frozenset({signal.SIGTERM, signal.SIGINT})
SIGNALS = STOPS | {signal.SIGHUP, signal.SIGUSR1}


def block() -> None:
    """Leave the signals to the service's loop, which takes them when it runs: by itself each would end the process.

    Threads that are started afterwards inherit it.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
