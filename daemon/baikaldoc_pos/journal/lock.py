"""One process at a time works on a state directory. Commands that only read need no lock.

The kernel's lock on an open file: it goes with the process, however that ends. What the file says of the holder is
for people, and is never what decides.
"""

import fcntl
import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.errors import JournalUnavailable, StateLocked
from baikaldoc_pos.files import open_private, read_small
from baikaldoc_pos.journal.database import unavailable

FILE_NAME = "lock"
BRIEF_LOOKS = 10
BRIEF_SECONDS = 0.02


class StateLock:
    """Holds the state directory while the context lasts.

    Entering raises StateLocked, with what is known of the holder, where another process (or this one) has it, and
    JournalUnavailable where the directory or the file cannot be made.

    :param command: what this process was asked to do, for whoever finds the directory locked.
    """

    def __init__(self, directory: Path, command: str, clock: Clock) -> None:
        self._path = directory / FILE_NAME
        self._command = command
        self._clock = clock
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = open_private(self._path, os.O_RDWR)
        except OSError as error:
            raise unavailable(self._path, error) from error
        try:
            self._take(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self._introduce(descriptor)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            # The file stays: were it removed, two processes could each lock a file of that name.
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def check(self) -> None:
        """Raise JournalUnavailable where the locked file has been removed or replaced: another process may work."""
        try:
            found = self._path.lstat()
            held = os.fstat(self._descriptor) if self._descriptor is not None else None
        except OSError as error:
            raise unavailable(self._path, error) from error
        if held is None or (found.st_dev, found.st_ino) != (held.st_dev, held.st_ino):
            raise JournalUnavailable(str(self._path), "the lock file has been replaced since it was locked")

    def _take(self, descriptor: int) -> None:
        """Lock the file. One that names no holder may be locked by ``holder_of`` for a moment, so look again."""
        looks = BRIEF_LOOKS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = _holder(self._path)
                if not looks or holder[0] is not None:
                    raise StateLocked(str(self._path), *holder) from None
            except OSError as error:
                raise unavailable(self._path, error) from error
            else:
                return
            looks -= 1
            self._clock.pause(BRIEF_SECONDS)

    def _introduce(self, descriptor: int) -> None:
        holder = {"pid": os.getpid(), "command": self._command, "since": self._clock.now().isoformat()}
        # The lock is held without it; a full disk is told of by the journal.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(holder, ensure_ascii=False).encode(), 0)


def holder_of(directory: Path) -> tuple[int | None, str]:
    """Process id and command of whoever holds the state directory now; (None, "") where nobody does."""
    path = directory / FILE_NAME
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pid, command, _ = _holder(path)
        return pid, command
    except OSError:
        return None, ""
    # It could be locked, so what the file says is what a process that has ended left there.
    return None, ""


def _holder(path: Path) -> tuple[int | None, str, datetime | None]:
    """What the holder wrote of itself, as far as it can be read: it may be writing at this moment."""
    try:
        said: Any = json.loads(read_small(path))
    except (OSError, ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return None, "", None
    pid, command, since = said.get("pid"), said.get("command"), said.get("since")
    return pid if isinstance(pid, int) else None, command if isinstance(command, str) else "", _instant(since)


def _instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
