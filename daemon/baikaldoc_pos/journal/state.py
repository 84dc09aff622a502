"""What the next cycle must not forget: open changes, the retry list, unmapped rubrics, marks. Reading only.

The writer and the reader of commands both are one of these, so each question is asked in one way.
"""

import json
from collections.abc import Collection
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Row, func, select

from baikaldoc_pos.journal.database import Database
from baikaldoc_pos.journal.rows import Checkpoint, OpenChange, RetryEntry, UnmappedRubric
from baikaldoc_pos.journal.schema import changes, marks, open_changes, retries, unmapped
from baikaldoc_pos.model import Answer, Change, Rubric


class StateReader:
    """The state that one cycle leaves to the next. Every method raises JournalUnavailable where it cannot read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def open_changes(self) -> list[OpenChange]:
        """Intents without an outcome, oldest first."""
        query = select(changes).join(open_changes).order_by(open_changes.c.change_id)
        with self._database.read() as connection:
            return [_open_change(row) for row in connection.execute(query)]

    def open_retries(self) -> list[RetryEntry]:
        """The whole retry list, the next to be tried first."""
        return self._retries()

    def due_retries(self, now: datetime) -> list[RetryEntry]:
        """What is to be tried again by now, longest due first."""
        return self._retries(retries.c.next_attempt_at <= now)

    def waiting_isns(self, now: datetime) -> frozenset[int]:
        """Rubrics on the retry list whose time has not come."""
        query = select(retries.c.rubric_isn).where(retries.c.next_attempt_at > now)
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def retry_entries(self, isns: Collection[int]) -> dict[int, RetryEntry]:
        """The entries of those of these rubrics that are on the retry list."""
        # As JSON, since the number of bound values in a statement is limited.
        given = func.json_each(json.dumps(list(isns))).table_valued("value")
        return {entry.rubric_isn: entry for entry in self._retries(retries.c.rubric_isn.in_(select(given.c.value)))}

    def unmapped_rubrics(self) -> list[UnmappedRubric]:
        """Rubrics whose ССТУ status the mapping did not know, the longest known first."""
        query = select(unmapped).order_by(unmapped.c.first_seen, unmapped.c.rubric_isn)
        with self._database.read() as connection:
            return [UnmappedRubric(**row._mapping) for row in connection.execute(query)]

    def unmapped_not_seen_since(self, instant: datetime) -> list[int]:
        """Unmapped rubrics that no cycle has met since then, the longest unseen first."""
        query = (
            select(unmapped.c.rubric_isn)
            .where(unmapped.c.last_seen < instant)
            .order_by(unmapped.c.last_seen, unmapped.c.rubric_isn)
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def unmapped_having(self, statuses: Collection[str]) -> list[int]:
        """Unmapped rubrics with one of these ССТУ statuses (without surrounding whitespace)."""
        given = func.json_each(json.dumps(list(statuses))).table_valued("value")
        query = select(unmapped.c.rubric_isn).where(unmapped.c.sstu_status.in_(select(given.c.value)))
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(unmapped.c.rubric_isn)).scalars())

    def checkpoint(self, name: Checkpoint) -> datetime | None:
        """The instant of that name, if it has been set."""
        with self._database.read() as connection:
            return connection.execute(select(marks.c.at).where(marks.c.name == name)).scalar()

    def _retries(self, *conditions: Any, limit: int | None = None) -> list[RetryEntry]:
        query = select(retries).where(*conditions).order_by(retries.c.next_attempt_at, retries.c.rubric_isn)
        query = query.limit(limit)
        with self._database.read() as connection:
            return [_retry_entry(row) for row in connection.execute(query)]


def _open_change(row: Row[Any]) -> OpenChange:
    rubric = Rubric(
        isn=row.rubric_isn,
        document_isn=row.document_isn,
        number=row.number,
        sstu_status=row.sstu_status,
        pos_status=row.old_pos,
    )
    return OpenChange(change_id=row.id, planned_at=row.planned_at, change=Change(rubric, row.new_pos))


def _retry_entry(row: Row[Any]) -> RetryEntry:
    return RetryEntry(
        rubric_isn=row.rubric_isn,
        document_isn=row.document_isn,
        number=row.number,
        attempts=row.attempts,
        first_failed_at=row.first_failed_at,
        next_attempt_at=row.next_attempt_at,
        answer=Answer(row.outcome, row.message, row.message_code, row.system_message),
    )
