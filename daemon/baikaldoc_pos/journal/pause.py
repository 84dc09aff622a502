"""A pause of writing that somebody asked for: until when, and who asked. It ends by itself.

A small file beside the journal, so that it can be set while the service holds the state directory.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path

from attrs import frozen

from baikaldoc_pos.errors import JournalMissing, WritingPaused
from baikaldoc_pos.files import read_small, replace_private
from baikaldoc_pos.journal.database import unavailable

FILE_NAME = "pause.json"
LONGEST_PAUSE = timedelta(days=31)


@frozen
class Pause:
    """Writing rests until this instant.

    :param by: the account that asked for it.
    """

    until: datetime
    since: datetime
    by: str


class PauseFile:
    """The pause of one state directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE_NAME

    def current(self, now: datetime) -> Pause | None:
        """The pause that holds now; raises JournalUnavailable where the file is there and cannot be understood.

        One that would last longer than a pause may was begun by a clock that was ahead.
        """
        try:
            kept = json.loads(read_small(self._path))
            pause = Pause(datetime.fromisoformat(kept["until"]), datetime.fromisoformat(kept["since"]), str(kept["by"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as fault:
            # Somebody wanted a pause; that it cannot be read is no reason to write.
            raise unavailable(self._path, fault) from fault
        return pause if timedelta(0) < pause.until - now <= LONGEST_PAUSE else None

    def check(self, now: datetime) -> None:
        """Raise WritingPaused where a pause holds."""
        pause = self.current(now)
        if pause is not None:
            raise WritingPaused(pause.until, pause.by)

    def begin(self, pause: Pause) -> None:
        """Pause, in place of a pause that may hold already.

        :raises JournalMissing: there is no such directory; none is made, for a service would not look there.
        :raises JournalUnavailable: the file cannot be written.
        """
        content = {"until": pause.until.isoformat(), "since": pause.since.isoformat(), "by": pause.by}
        try:
            replace_private(self._path, json.dumps(content, ensure_ascii=False))
        except FileNotFoundError:
            raise JournalMissing(str(self._path.parent)) from None
        except OSError as fault:
            raise unavailable(self._path, fault) from fault

    def end(self) -> bool:
        """End the pause; tells whether there was a file of one. Raises JournalUnavailable."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        except OSError as fault:
            raise unavailable(self._path, fault) from fault
        return True
