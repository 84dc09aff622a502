"""Takes over the bookmark of the script that did this work before: ``lastRunTime`` in its ``state.json``.

A bookmark that is there and cannot be understood is an error, never "no bookmark": a guess would drop a period.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from baikaldoc_pos.errors import BookmarkUnreadable
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal.models import Checkpoint
from baikaldoc_pos.journal.writer import Journal

log = EventLog(__name__)

FILE_NAME = "state.json"
KEY = "lastRunTime"
_TOLERANCE = timedelta(days=1)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # before it, the value is a zero that was written as a date
_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")


def script_bookmark(directories: Sequence[Path], zone: tzinfo, now: datetime) -> tuple[Path, datetime] | None:
    """The script's bookmark, in UTC, and the file it was found in: the first of ``directories`` that has one.

    :param zone: what a time without an offset is in.
    :raises BookmarkUnreadable: the file is there, but has no ``lastRunTime`` that can be relied on.
    """
    for directory in directories:
        path = directory / FILE_NAME
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise BookmarkUnreadable(str(path), error.strerror or str(error)) from error
        try:
            return path, _last_run_time(content, zone, now)
        except (ValueError, OverflowError, RecursionError) as error:
            raise BookmarkUnreadable(str(path), str(error)) from error
    return None


def take_over_bookmark(journal: Journal, directories: Sequence[Path], zone: tzinfo, now: datetime) -> None:
    """Begin where the script ended, where the journal has no bookmark yet; raises as :func:`script_bookmark`."""
    if journal.checkpoint(Checkpoint.BOOKMARK) is None and (found := script_bookmark(directories, zone, now)):
        path, at = found
        journal.set_checkpoint(Checkpoint.BOOKMARK, at)
        log.info("bookmark.taken_over", path=str(path), at=at)


def _last_run_time(content: bytes, zone: tzinfo, now: datetime) -> datetime:
    state = json.loads(content.decode("utf-8-sig"))  # an editor on Windows puts a byte order mark
    text = state.get(KEY) if isinstance(state, dict) else None
    if not isinstance(text, str):
        raise ValueError(f"{KEY}: {json.dumps(text)}")  # noqa: TRY004 - a fault of the file, not of a caller
    if not _DATE_AND_TIME.fullmatch(text.strip()):
        raise ValueError(f"{KEY}: {text!r}")
    read = datetime.fromisoformat(text.strip())
    instant = (read if read.tzinfo is not None else read.replace(tzinfo=zone)).astimezone(UTC)
    if instant > now + _TOLERANCE:
        raise ValueError(f"{KEY}: {text!r} > {now:%Y-%m-%dT%H:%M:%SZ}")
    if instant < _EARLIEST:
        raise ValueError(f"{KEY}: {text!r} < {_EARLIEST:%Y-%m-%d}")
    return instant
