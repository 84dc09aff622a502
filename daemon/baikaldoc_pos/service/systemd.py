"""What systemd and the kernel ask of the process: signals, sd_notify(3) and the watchdog's period.

The signals are blocked before anything heavy is imported, so this module imports nothing heavy.

sdnotify encodes to latin-1 and swallows what it cannot encode, a whole READY=1 for one Cyrillic letter; so the
UTF-8 bytes are handed to it as latin-1 characters, here and nowhere else.

systemd ignores a whole datagram that is longer than 4096 bytes (NOTIFY_BUFFER_MAX) or has a NUL in it. So the text is
bounded, and what decides the unit's life is never in one datagram with it.
"""

import os
import signal
import threading
import time
from collections.abc import Collection, Mapping

from sdnotify import SystemdNotifier

STOPS = frozenset({signal.SIGTERM, signal.SIGINT})
SIGNALS = STOPS | {signal.SIGHUP, signal.SIGUSR1}
STATUS_BYTES = 2000
_CUT = "…"
PINGS_PER_PERIOD = 3


def block_signals() -> None:
    """Leave the signals to the service's loop, which takes them when it runs: by itself each would end the process.

    Threads that are started afterwards inherit it.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def take_signal(wanted: Collection[signal.Signals], seconds: float) -> signal.Signals | None:
    """The next of these signals, waited for at most that long.

    Where the wait was interrupted (a process that was stopped or frozen goes on) after its time had passed, CPython
    returns whatever there was in memory instead of None.
    """
    received = signal.sigtimedwait(wanted, seconds)
    if received is None or received.si_signo not in wanted:
        return None
    return signal.Signals(received.si_signo)


class Notifier:
    """Messages to the service manager, from any thread.

    Sending never waits: where the socket's queue is full, the latest message of each kind goes out with the next one.
    """

    def __init__(self) -> None:
        self._systemd = SystemdNotifier()
        self._lock = threading.Lock()
        self._unsent: dict[str, str] = {}
        if self._systemd.socket is not None:
            self._systemd.socket.setblocking(False)
            # notify() raises what it swallows otherwise.
            self._systemd.debug = True

    def ready(self) -> None:
        self._send("READY=1")

    def reloading(self) -> None:
        """A reload begins; ``ready`` ends it. MONOTONIC_USEC is what Type=notify-reload asks for."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def status(self, status: str) -> None:
        self._send(f"STATUS={_line(status)}")

    def watchdog(self) -> None:
        self._send("WATCHDOG=1")

    def extend_timeout(self, seconds: float) -> None:
        """Ask for so many more seconds, from now, before systemd takes us for hung."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def _send(self, *assignments: str) -> None:
        message = "\n".join(assignments)
        kind = message.partition("=")[0]
        with self._lock:
            self._unsent.pop(kind, None)
            self._unsent[kind] = message
            for kind, message in tuple(self._unsent.items()):
                try:
                    self._systemd.notify(message.encode("utf-8").decode("latin-1"))
                except BlockingIOError:
                    return
                except OSError:
                    pass  # nobody listens any more
                del self._unsent[kind]


def _line(text: str) -> str:
    """The text on one line, without control characters, in at most ``STATUS_BYTES`` of UTF-8."""
    folded = " ".join(text.split())
    line = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in folded)
    encoded = line.encode()
    if len(encoded) <= STATUS_BYTES:
        return line
    return encoded[: STATUS_BYTES - len(_CUT.encode())].decode(errors="ignore") + _CUT


def ping_seconds(environ: Mapping[str, str], pid: int | None = None) -> float | None:
    """How often to ping: a third of WATCHDOG_USEC; None where systemd does not watch this process."""
    try:
        period = int(environ["WATCHDOG_USEC"]) / 1_000_000
        watched = int(environ.get("WATCHDOG_PID", "0"))
    except (KeyError, ValueError):
        return None
    if period <= 0 or watched not in {0, os.getpid() if pid is None else pid}:
        return None
    return period / PINGS_PER_PERIOD
