"""Telling systemd (sd_notify(3)). Silent where there is no NOTIFY_SOCKET.

sdnotify encodes to latin-1 and swallows what it cannot encode, a whole READY=1 for one Cyrillic letter; so the
UTF-8 bytes are handed to it as latin-1 characters, here and nowhere else.

systemd ignores a whole datagram that is longer than 4096 bytes (NOTIFY_BUFFER_MAX) or has a NUL in it. So the text is
bounded, and what decides the unit's life is never in one datagram with it.
"""

import time

from sdnotify import SystemdNotifier

STATUS_BYTES = 2000
_CUT = "…"


class Notifier:
    """Messages to the service manager. May be used from any thread."""

    def __init__(self) -> None:
        self._systemd = SystemdNotifier()

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
        self._systemd.notify("\n".join(assignments).encode("utf-8").decode("latin-1"))


def _line(text: str) -> str:
    """The text on one line, without control characters, in at most ``STATUS_BYTES`` of UTF-8."""
    folded = " ".join(text.split())
    line = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in folded)
    encoded = line.encode()
    if len(encoded) <= STATUS_BYTES:
        return line
    return encoded[: STATUS_BYTES - len(_CUT.encode())].decode(errors="ignore") + _CUT
