"""Short lists that people look at: excluded appeals, and windows that could not be read whole."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce

import attrs
from sqlalchemy import ColumnElement, delete, select, update

from baikaldoc_pos.journal.database import Database, put
from baikaldoc_pos.journal.models import Exclusion, IncompleteWindow
from baikaldoc_pos.journal.schema import exclusions, incomplete_windows
from baikaldoc_pos.model import Period


class Exclusions:
    """The appeals that the service keeps its hands off. Every method raises JournalUnavailable where it cannot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[Exclusion]:
        """All of them, the oldest first."""
        query = select(exclusions).order_by(exclusions.c.added_at, exclusions.c.name)
        return [Exclusion(**row._mapping) for row in self._database.rows(query)]

    def add(self, exclusion: Exclusion) -> None:
        """Exclude an appeal; a new reason replaces the old one."""
        with self._database.write() as connection:
            put(connection, exclusions, attrs.asdict(exclusion))

    def remove(self, name: str) -> None:
        """Include an appeal again."""
        with self._database.write() as connection:
            connection.execute(delete(exclusions).where(exclusions.c.name == name))


class IncompleteWindows:
    """The windows that could not be read whole. Every method raises JournalUnavailable where it cannot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[IncompleteWindow]:
        """All of them, by their start."""
        query = select(incomplete_windows).order_by(incomplete_windows.c.start, incomplete_windows.c.end)
        return [
            IncompleteWindow(
                Period(row.start, row.end),
                *(row.first_seen, row.last_read, row.tries, row.reason, row.rows, row.total, row.acknowledged_at),
                row.unreadable or "",
            )
            for row in self._database.rows(query)
        ]

    def note(
        self, period: Period, reason: str, rows: int, total: int | None, unreadable: str, now: datetime
    ) -> IncompleteWindow:
        """Note that a window could not be read whole. It takes the place of those that it mostly covers.

        A window is acknowledged for one reason.
        """
        earlier = [each for each in self.all() if _covers(period, each.period)]
        noted = IncompleteWindow(
            period,
            first_seen=min([now, *(each.first_seen for each in earlier)]),
            last_read=now,
            tries=1 + max([0, *(each.tries for each in earlier)]),
            reason=reason,
            rows=rows,
            total=total,
            acknowledged_at=next((each.acknowledged_at for each in earlier if each.reason == reason), None),
            # Rows are best placed before their neighbours are written.
            unreadable=next((each.unreadable for each in earlier if each.unreadable), "") or unreadable,
        )
        with self._database.write() as connection:
            for each in earlier:
                connection.execute(delete(incomplete_windows).where(_is(each.period)))
            values = attrs.asdict(noted, recurse=False)
            values.pop("period")
            put(connection, incomplete_windows, values | {"start": period.start, "end": period.end})
        return noted

    def read_whole(self, windows: Sequence[Period]) -> None:
        """Take those off the list that lie in windows read whole."""
        if not (listed := self.all()):
            return
        joined = _joined(windows)
        done = [each.period for each in listed if any(_contains(whole, each.period) for whole in joined)]
        with self._database.write() as connection:
            for period in done:
                connection.execute(delete(incomplete_windows).where(_is(period)))

    def acknowledge(self, now: datetime) -> int:
        """Record that a person took note of all of them; returns how many are new to that."""
        with self._database.write() as connection:
            unseen = update(incomplete_windows).where(incomplete_windows.c.acknowledged_at.is_(None))
            return connection.execute(unseen.values(acknowledged_at=now)).rowcount


def _covers(window: Period, listed: Period) -> bool:
    """Whether a window has at least half of a listed one: windows of a sweep move on with the time."""
    shared = min(window.end, listed.end) - max(window.start, listed.start)
    return shared >= timedelta(0) and shared * 2 >= listed.end - listed.start


def _contains(whole: Period, period: Period) -> bool:
    return whole.start <= period.start and period.end <= whole.end


def _joined(windows: Sequence[Period]) -> list[Period]:
    """Windows that touch as one."""

    def join(joined: list[Period], window: Period) -> list[Period]:
        if joined and window.start <= joined[-1].end:
            return [*joined[:-1], Period(joined[-1].start, max(joined[-1].end, window.end))]
        return [*joined, window]

    return reduce(join, sorted(windows, key=lambda window: window.start), [])


def _is(period: Period) -> ColumnElement[bool]:
    return (incomplete_windows.c.start == period.start) & (incomplete_windows.c.end == period.end)
