"""The journal for the one process that works on the state directory.

An intent is committed before its request leaves and the outcome after it; what lies between is an open change.
Every method is one transaction and on the disk when it returns. Used by one worker thread; ``check_writable`` may
be called from another. Decides nothing: when a retry is due, or what a bookmark is, is told by the caller.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import attrs
from sqlalchemy import Connection, Delete, Table, bindparam, delete, insert, update

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Retention
from baikaldoc_pos.errors import JournalDamaged
from baikaldoc_pos.journal.database import FILE_NAME, Database, one_of, put
from baikaldoc_pos.journal.followed import follow
from baikaldoc_pos.journal.models import ChangeOutcome, Checkpoint, CycleCounts, RetryEntry, Snapshot
from baikaldoc_pos.journal.retention import EVERY, thin
from baikaldoc_pos.journal.schema import (
    changes,
    cycles,
    marks,
    outcomes,
    probe,
    retries,
    server_profiles,
    snapshots,
    unmapped,
)
from baikaldoc_pos.journal.state import StateReader
from baikaldoc_pos.model import Change, Period, Rubric
from baikaldoc_pos.server_profile import ServerProfile, as_json

INTERRUPTED = "cycle.interrupted"


class Journal(StateReader):
    """The journal for writing. Every method raises JournalUnavailable where it cannot; nothing is then half done."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database)
        self._clock = clock

    @classmethod
    def open(cls, directory: Path, clock: Clock) -> Self:
        """The journal in that state directory, made or brought up to date where that is needed."""
        return cls(Database.create(directory, clock.now()), clock)

    @classmethod
    @contextmanager
    def copy_of(cls, directory: Path, clock: Clock) -> Iterator[Self]:
        """A throw-away copy of the journal in that directory, empty where there is none; for a dry run."""
        with TemporaryDirectory(prefix="baikaldoc-pos-") as temporary:
            database = Database.existing(directory)
            if database is not None:
                with closing(database):
                    database.copy_to(Path(temporary) / FILE_NAME)
            with cls.open(Path(temporary), clock) as journal:
                try:
                    yield journal
                except JournalDamaged as damage:
                    raise JournalDamaged(str(directory / FILE_NAME), str(damage.fields["reason"])) from damage

    def begin_cycle(self, kind: str, period: Period | None) -> int:
        """Record that a cycle starts now; returns its id."""
        values = attrs.asdict(CycleCounts()) | {
            "kind": kind,
            "started_at": self._clock.now(),
            "period_start": period.start if period else None,
            "period_end": period.end if period else None,
        }
        with self._database.write() as connection:
            return connection.execute(insert(cycles).values(values)).lastrowid

    def finish_cycle(
        self, cycle_id: int, counts: CycleCounts, error: tuple[str, Mapping[str, object]] | None = None
    ) -> None:
        """Record that the cycle ends now, with the event and the fields of the error that ended it, if one did."""
        event, fields = error if error is not None else (None, None)
        values = attrs.asdict(counts) | {"finished_at": self._clock.now(), "error_event": event, "error_fields": fields}
        with self._database.write() as connection:
            connection.execute(update(cycles).where(cycles.c.id == cycle_id).values(values))

    def mark_interrupted_cycles(self) -> int:
        """Mark cycles that an earlier process did not live to finish; returns how many there were."""
        unfinished = cycles.c.finished_at.is_(None) & cycles.c.error_event.is_(None)
        with self._database.write() as connection:
            return connection.execute(update(cycles).where(unfinished).values(error_event=INTERRUPTED)).rowcount

    def record_intents(self, cycle_id: int | None, planned: Sequence[Change]) -> list[int]:
        """Record what is about to be written to ДЕЛО; returns the ids of the changes in the order given."""
        now = self._clock.now()
        rows: list[dict[str, object]] = [
            {
                "cycle_id": cycle_id,
                "planned_at": now,
                "rubric_isn": change.rubric.isn,
                "document_isn": change.rubric.document_isn,
                "number": change.rubric.number,
                "sstu_status": change.rubric.sstu_status,
                "old_pos": change.rubric.pos_status,
                "new_pos": change.target,
            }
            for change in planned
        ]
        with self._database.write() as connection:
            # What AUTOINCREMENT counts: ids that were once given are not given again, even where their rows are gone.
            last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").scalar() or 0
            ids = [last + number for number in range(1, len(rows) + 1)]
            if rows:
                connection.execute(insert(changes), [row | {"id": id_} for id_, row in zip(ids, rows, strict=True)])
        return ids

    def settle(
        self, settled: Sequence[ChangeOutcome], again: Sequence[RetryEntry] = (), cleared: Collection[int] = ()
    ) -> None:
        """Record how changes ended, and what follows from it for the retry list.

        :param again: entries that are put on the retry list, or replace the one that is there.
        :param cleared: rubrics that are done with: they leave the retry list and the unmapped ones.
        """
        now = self._clock.now()
        rows = [
            {"change_id": each.change_id, "settled_at": now, **attrs.asdict(each.answer, recurse=False)}
            for each in settled
        ]
        with self._database.write() as connection:
            if rows:
                connection.execute(insert(outcomes), rows)
                follow(connection, settled, now)
            _forget(connection, retries, cleared)
            _forget(connection, unmapped, cleared)
            _schedule(connection, again)

    def schedule_retries(self, entries: Sequence[RetryEntry]) -> None:
        """Put these on the retry list, each in place of the entry that its rubric may have there."""
        with self._database.write() as connection:
            _schedule(connection, entries)

    def retry_now(self, isns: Collection[int]) -> list[int]:
        """Have these rubrics tried at the next cycle; returns those of them that are on the retry list."""
        now = self._clock.now()
        known = sorted(self.retry_entries(isns))
        with self._database.write() as connection:
            for isn in known:
                connection.execute(update(retries).where(retries.c.rubric_isn == isn).values(next_attempt_at=now))
        return known

    def drop_retries(self, isns: Collection[int]) -> None:
        """Take these rubrics off the retry list."""
        with self._database.write() as connection:
            _forget(connection, retries, isns)

    def remember_unmapped(self, rubrics: Sequence[Rubric], now: datetime) -> None:
        """Remember rubrics whose ССТУ status the mapping does not know, or that they were seen again."""
        rows = [
            {
                "rubric_isn": rubric.isn,
                "document_isn": rubric.document_isn,
                "number": rubric.number,
                "sstu_status": (rubric.sstu_status or "").strip(),
                "first_seen": now,
                "last_seen": now,
            }
            for rubric in rubrics
        ]
        if rows:
            with self._database.write() as connection:
                put(connection, unmapped, *rows, keep=("first_seen",))

    def forget_unmapped(self, isns: Collection[int]) -> None:
        """These rubrics are mapped by now, or no longer wait for a status."""
        with self._database.write() as connection:
            _forget(connection, unmapped, isns)

    def set_checkpoint(self, name: Checkpoint, at: datetime) -> None:
        """Set the instant of that name, in place of the one it had."""
        with self._database.write() as connection:
            put(connection, marks, {"name": name, "at": at})

    def clear_checkpoint(self, name: Checkpoint) -> None:
        """Forget the instant of that name."""
        with self._database.write() as connection:
            connection.execute(delete(marks).where(marks.c.name == name))

    def keep_snapshot(self, name: Snapshot, value: object) -> None:
        """Keep the value of that name, which JSON can hold, in place of the one before."""
        with self._database.write() as connection:
            put(connection, snapshots, {"name": name, "at": self._clock.now(), "value": value})

    def keep_server_profile(self, address: str, profile: ServerProfile | None) -> None:
        """Keep what the server at this address can do, and of no other one; None forgets it."""
        with self._database.write() as connection:
            connection.execute(delete(server_profiles))
            if profile is not None:
                put(connection, server_profiles, {"address": address, "profile": as_json(profile)})

    def thin(self, kept: Retention) -> int:
        """Remove, once a day, what has been kept long enough; returns how many rows that were."""
        now, last = self._clock.now(), self.checkpoint(Checkpoint.THINNED)
        if last is not None and timedelta(0) <= now - last < EVERY:
            return 0
        self.set_checkpoint(Checkpoint.THINNED, now)
        return thin(self._database, kept, now)

    def check_writable(self) -> None:
        """Write and commit a trifle; raises JournalUnavailable where that cannot be done."""
        with self._database.write() as connection:
            put(connection, probe, {"id": 1, "at": self._clock.now()})


def _schedule(connection: Connection, entries: Sequence[RetryEntry]) -> None:
    rows = []
    for entry in entries:
        row = attrs.asdict(entry)
        rows.append(row | row.pop("answer"))
    put(connection, retries, *rows)


def _forget(connection: Connection, table: Table, isns: Collection[int]) -> None:
    if isns:
        connection.execute(_forgetting(table), {"isns": json.dumps(list(isns))})


@cache
def _forgetting(table: Table) -> Delete:
    return delete(table).where(one_of(table.c.rubric_isn, bindparam("isns")))
