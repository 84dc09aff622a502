"""Log files with the date in their names: ``log_<date>.log`` for all records, ``error.log`` for today's errors.

Each record opens, appends and closes its file, so that a file may be renamed, deleted or full in between.
"""

import logging
import os
import re
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

from attrs import evolve, frozen

from baikaldoc_pos.files import open_owned

FILE_MODE = 0o640
DIRECTORY_MODE = 0o750


def append_line(path: Path, line: str) -> None:
    """Append one line in one piece; missing files and directories are made.

    :raises OSError: nothing of the line is in the file.
    """
    _append(path, f"{line}\n".encode("utf-8", "backslashreplace"))


def prepare(path: Path) -> None:
    """Make sure that the file can be appended to, and end a line that a crash cut short; raises OSError."""
    _append(path, b"")
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                _append(path, b"\n")


def move_behind(source: Path, target: Path) -> None:
    """Rename, or append to an existing target. An absent source is no fault.

    :raises OSError: the source is still there, and the target as it was.
    """
    with suppress(FileNotFoundError):
        if target.exists():
            _append(target, source.read_bytes())
            source.unlink()
        else:
            source.rename(target)


def _append(path: Path, octets: bytes) -> None:
    descriptor = _open(path)
    try:
        before, written = os.fstat(descriptor).st_size, 0
        try:
            while written < len(octets):
                written += os.write(descriptor, octets[written:])
        except OSError:
            # Half a line would spoil the next one; but another process may have written meanwhile.
            if written and os.fstat(descriptor).st_size == before + written:
                os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        _make_directory(path.parent)
        return open_owned(path, flags, FILE_MODE)


def _make_directory(path: Path) -> None:
    with suppress(FileExistsError):
        path.mkdir(DIRECTORY_MODE, parents=True)
        path.chmod(DIRECTORY_MODE)


_DATED = re.compile(r"(?:log|error)_(\d{4}-\d{2}-\d{2})\.log")
_ALL = "all"


@frozen
class FileFailure:
    """A path that cannot be written, renamed or deleted now.

    :param reason: in the system's words.
    :param lost: how many records are missing in the file.
    """

    path: Path
    reason: str
    since: datetime
    lost: int = 0


class DatedFileHandler(logging.Handler):
    """Files by date in one directory, in the installation's zone.

    A record goes to the file of its own date. At the start (:meth:`configure`) and at the first record of a day,
    yesterday's ``error.log`` becomes ``error_<date>.log``, and files older than ``keep_days`` by their names are
    deleted. A fault of the disk is not raised: it is logged once through ``tell``, as ``log.file_failed``, and once
    when it is over, as ``log.file_recovered``.

    :param tell: takes records that must not come back here: the console's ``handle``.
    """

    def __init__(
        self,
        directory: Path,
        tell: Callable[[logging.LogRecord], object],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self._directory = directory
        self._error_log = directory / "error.log"
        self._zone: tzinfo = UTC
        self._keep_days = 0
        self._tell = tell
        self._now = now
        self._today: date | None = None
        self._errors_of: date | None = None  # the day whose errors stand in error.log
        self._failures: dict[str, FileFailure] = {}

    @property
    def failures(self) -> tuple[FileFailure, ...]:
        """What fails now; empty where all is well."""
        return tuple(self._failures.values())

    def configure(self, formatter: logging.Formatter, zone: tzinfo, keep_days: int) -> None:
        """Called before the first record and at reload: goes on with what an earlier process left, deletes old files,
        and reports at once what cannot be written."""
        with self.lock or nullcontext():
            self.setFormatter(formatter)
            self._zone, self._keep_days, self._today = zone, keep_days, None
            path = self._log(self._date(self._now()))
            self._attempt(_ALL, path, lambda: prepare(path))
            if self._errors_of is None:
                self._take_up_errors()
            self._turn_day()

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        day = self._date(datetime.fromtimestamp(record.created, UTC))
        path = self._log(day)
        self._attempt(_ALL, path, lambda: append_line(path, line), loses=1)
        self._turn_day()
        if record.levelno >= logging.ERROR:
            self._append_error(line, day)

    def _append_error(self, line: str, day: date) -> None:
        """An error of before midnight that arrives after it goes to the file that was moved away."""
        path = self._error_log if day == self._today else self._moved(day)
        if self._attempt("errors", path, lambda: append_line(path, line), loses=1) and path == self._error_log:
            self._errors_of = self._errors_of or day

    def _take_up_errors(self) -> None:
        """The errors in error.log are of the day of its last modification."""
        with suppress(OSError):
            status = self._error_log.stat()
            if status.st_size:
                self._errors_of = self._date(datetime.fromtimestamp(status.st_mtime, UTC))
                self._attempt("errors", self._error_log, lambda: prepare(self._error_log))

    def _turn_day(self) -> None:
        today = self._date(self._now())
        if self._errors_of not in (None, today):
            self._attempt("moving", self._error_log, self._move_errors)
        if today != self._today:
            self._today = today
            self._attempt("deleting", self._directory, lambda: self._delete_old(today))

    def _move_errors(self) -> None:
        if self._errors_of is not None:
            move_behind(self._error_log, self._moved(self._errors_of))
            self._errors_of = None

    def _delete_old(self, today: date) -> None:
        """Delete what can be deleted, then raise the first fault. Without a directory there is nothing to delete."""
        if not self._directory.is_dir():
            return
        fault: OSError | None = None
        dated = [(path, named) for path in sorted(self._directory.iterdir()) if (named := _dated(path)) is not None]
        # A clock that is far ahead deletes nothing on its first day.
        latest = max((named for _, named in dated if named < today), default=today)
        until = min(today, latest + timedelta(days=1))
        for path, named in dated:
            if (until - named).days > self._keep_days and path.is_file():
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    fault = fault or error
        if fault is not None:
            raise fault

    def _attempt(self, work: str, path: Path, action: Callable[[], None], *, loses: int = 0) -> bool:
        """Do it; returns whether it succeeded. Only the beginning and the end of a failure are logged."""
        try:
            action()
        except OSError as fault:
            self._failed(work, path, fault, loses)
            return False
        failure = self._failures.pop(work, None)
        if failure is not None:
            fields = {"path": str(failure.path), "since": failure.since, "lost": failure.lost}
            record = self._say(logging.WARNING, "log.file_recovered", fields)
            with suppress(OSError):
                append_line(self._log(self._date(self._now())), self.format(record))
        return True

    def _failed(self, work: str, path: Path, fault: OSError, loses: int) -> None:
        reason = fault.strerror or str(fault)
        known, everything = self._failures.get(work), self._failures.get(_ALL)
        if known is not None:
            self._failures[work] = evolve(known, lost=known.lost + loses)
        elif everything is None or everything.reason != reason:
            self._failures[work] = FileFailure(path, reason, self._now(), loses)
            self._say(logging.ERROR, "log.file_failed", {"path": str(path), "reason": reason})

    def _say(self, level: int, event: str, fields: dict[str, object]) -> logging.LogRecord:
        """Log past the loggers, so that the record cannot come back here."""
        record = logging.LogRecord(__name__, level, __file__, 0, event, None, None)
        vars(record).update(created=self._now().timestamp(), event=event, fields=fields)
        self._tell(record)
        return record

    def _log(self, day: date) -> Path:
        return self._directory / f"log_{day}.log"

    def _moved(self, day: date) -> Path:
        return self._directory / f"error_{day}.log"

    def _date(self, instant: datetime) -> date:
        return instant.astimezone(self._zone).date()


def _dated(path: Path) -> date | None:
    """The date in the name of a file of ours; None for any other."""
    named = _DATED.fullmatch(path.name)
    if named is None or path.is_symlink():
        return None
    try:
        return date.fromisoformat(named[1])
    except ValueError:  # such as 2026-13-45
        return None
