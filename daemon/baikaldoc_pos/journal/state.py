"""The state that one cycle leaves to the next, as both the writer and readers see it."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Row, func, select

from baikaldoc_pos.journal.database import Database, blamed, one_of
from baikaldoc_pos.journal.followed import WRITTEN, FollowedRubrics
from baikaldoc_pos.journal.lists import Exclusions, IncompleteWindows
from baikaldoc_pos.journal.models import (
    Checkpoint,
    OpenChange,
    RetryEntry,
    Snapshot,
    UnmappedRubric,
)
from baikaldoc_pos.journal.schema import (
    changes,
    marks,
    open_changes,
    outcomes,
    retries,
    server_profiles,
    snapshots,
    unmapped,
)
from baikaldoc_pos.model import Answer, Change, Rubric
from baikaldoc_pos.server_profile import ServerProfile, from_json


class StateReader:
    """The state that one cycle leaves to the next. Every method raises JournalUnavailable where it cannot read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.followed = FollowedRubrics(database)
        self.exclusions = Exclusions(database)
        self.incomplete_windows = IncompleteWindows(database)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def blamed(self) -> AbstractContextManager[None]:
        """What reads no more than values of the journal raises JournalDamaged for one that is of a foreign kind."""
        return blamed(self._database.path.parent)

    def open_changes(self) -> list[OpenChange]:
        """Intents without an outcome, oldest first."""
        query = select(changes).join(open_changes).order_by(open_changes.c.change_id)
        return [_open_change(row) for row in self._database.rows(query)]

    def open_retries(self) -> list[RetryEntry]:
        """The whole retry list, the next to be tried first."""
        return self._retries()

    def due_retries(self, now: datetime, longest: timedelta) -> list[RetryEntry]:
        """What is to be tried again by now, longest due first.

        :param longest: no delay is longer; an entry beyond it was made by a wrong clock, and is due.
        """
        return self._retries((retries.c.next_attempt_at <= now) | (retries.c.next_attempt_at > now + longest))

    def retry_times(self) -> Mapping[int, datetime]:
        """When each rubric on the retry list is to be tried again."""
        rows = self._database.rows(select(retries.c.rubric_isn, retries.c.next_attempt_at))
        return {row.rubric_isn: row.next_attempt_at for row in rows}

    def retry_entries(self, isns: Collection[int]) -> dict[int, RetryEntry]:
        """The entries of those of these rubrics that are on the retry list."""
        return {entry.rubric_isn: entry for entry in self._retries(one_of(retries.c.rubric_isn, isns))}

    def unmapped_rubrics(self) -> list[UnmappedRubric]:
        """Rubrics whose ССТУ status the mapping did not know, the longest known first."""
        query = select(unmapped).order_by(unmapped.c.first_seen, unmapped.c.rubric_isn)
        return [UnmappedRubric(**row._mapping) for row in self._database.rows(query)]

    def unmapped_not_seen_since(self, instant: datetime) -> list[int]:
        """Unmapped rubrics that no cycle has met since then, the longest unseen first."""
        query = (
            select(unmapped.c.rubric_isn)
            .where(unmapped.c.last_seen < instant)
            .order_by(unmapped.c.last_seen, unmapped.c.rubric_isn)
        )
        return list(self._database.values(query))

    def unmapped_having(self, statuses: Collection[str]) -> list[int]:
        """Unmapped rubrics with one of these ССТУ statuses (without surrounding whitespace)."""
        query = select(unmapped.c.rubric_isn).where(one_of(unmapped.c.sstu_status, statuses))
        return list(self._database.values(query.order_by(unmapped.c.rubric_isn)))

    def last_failed(self, isns: Collection[int]) -> Mapping[int, Change]:
        """The last change of each of these rubrics where it ended, and was not carried out as far as is known."""
        last = select(func.max(changes.c.id)).where(one_of(changes.c.rubric_isn, isns)).group_by(changes.c.rubric_isn)
        failed = changes.c.id.in_(last) & outcomes.c.outcome.not_in(WRITTEN)
        rows = self._database.rows(select(changes).join(outcomes).where(failed))
        return {row.rubric_isn: _open_change(row).change for row in rows}

    def written_since(self, instant: datetime) -> int:
        """How many changes were carried out since then."""
        settled = (outcomes.c.settled_at >= instant) & outcomes.c.outcome.in_(WRITTEN)
        return self._database.value(select(func.count()).where(settled)) or 0

    def snapshot(self, name: Snapshot) -> tuple[datetime, Any] | None:
        """The value of that name with its time, if one is kept."""
        rows = self._database.rows(select(snapshots).where(snapshots.c.name == name))
        return (rows[0].at, rows[0].value) if rows else None

    def checkpoint(self, name: Checkpoint) -> datetime | None:
        """The instant of that name, if it has been set."""
        return self._database.value(select(marks.c.at).where(marks.c.name == name))

    def server_profile(self, address: str) -> ServerProfile | None:
        """What the server at this address can do, as far as that is known."""
        known, profile = self.known_server()
        return profile if known == address else None

    def known_server(self) -> tuple[str, ServerProfile | None]:
        """The address of the server that is known, and what it can do."""
        rows = self._database.rows(select(server_profiles))
        return (rows[0].address, from_json(rows[0].profile)) if rows else ("", None)

    def _retries(self, *conditions: Any, limit: int | None = None) -> list[RetryEntry]:
        query = select(retries).where(*conditions).order_by(retries.c.next_attempt_at, retries.c.rubric_isn)
        query = query.limit(limit)
        return [_retry_entry(row) for row in self._database.rows(query)]


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
