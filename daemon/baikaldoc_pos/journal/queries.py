"""What people ask the journal: the last cycles, the history of a rubric, what waits, counts a day and a month.

Opens the file for reading only and works beside a running service; makes no journal where there is none.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from itertools import chain
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Text,
    cast,
    func,
    literal,
    select,
    type_coerce,
    union,
)
from sqlalchemy.types import NullType

from baikaldoc_pos.journal.database import Database, one_of
from baikaldoc_pos.journal.models import (
    Cycle,
    CycleCounts,
    DayCount,
    HistoryRow,
    RetryEntry,
    TargetCount,
    UnmappedRubric,
)
from baikaldoc_pos.journal.schema import (
    changes,
    cycles,
    marks,
    open_changes,
    outcomes,
    retries,
    unmapped,
)
from baikaldoc_pos.journal.state import StateReader
from baikaldoc_pos.model import Period, UnmappedStatus

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")


def as_instant(value: object) -> object:
    """The instant that a text is, with its offset; any other value as it is."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) and _INSTANT.fullmatch(value) else value
    except ValueError:
        return value


# How cycles end that somebody has cut short on purpose.
CUT_SHORT = ("stop.requested", "writing.paused")
EXAMPLES = 5  # cards shown for one unmapped status
MOST_NAMED = 100  # unmapped statuses that have examples
_CHUNK = 1000  # rows fetched at a time


# What a HistoryRow is made of.
_FIELDS: Mapping[str, ColumnElement[Any]] = {
    "change_id": changes.c.id.label("change_id"),
    **{column.name: column for column in changes.c if column is not changes.c.id},
    **{column.name: column for column in outcomes.c if column is not outcomes.c.change_id},
}


# A card without a number is found by its rubric, after those that people know by name.
_NUMBER = func.nullif(func.trim(unmapped.c.number), "")
_NAME = func.coalesce(_NUMBER, "ISN " + cast(unmapped.c.rubric_isn, Text))


class Conditions(TypedDict, total=False):
    """Which changes are asked for; what is null or not there lets all pass.

    :param numbers: the registration number is one of these, exactly.
    :param since: planned at that instant or later.
    """

    rubric: int | None
    document: int | None
    numbers: Collection[str] | None
    since: datetime | None


class JournalReader(StateReader):
    """The journal for reading. Every method raises JournalUnavailable where it cannot read."""

    @classmethod
    def open(cls, directory: Path) -> Self | None:
        """The journal in that state directory, or null if none has been made yet."""
        database = Database.existing(directory)
        return None if database is None else cls(database)

    def back_up(self, file: Path) -> None:
        """Write a checked copy of the journal, as it is at one moment, into a file; raises as Database.back_up."""
        self._database.back_up(file)

    def last_success(self, now: datetime) -> datetime | None:
        """When the last cycle that ended without an error did so; what lies ahead comes from a wrong clock."""
        query = select(cycles.c.finished_at).where(cycles.c.error_event.is_(None), cycles.c.finished_at <= now)
        return self._database.value(query.order_by(cycles.c.finished_at.desc()).limit(1))

    def last_cycles(self, count: int) -> list[Cycle]:
        """The last so many cycles, newest first; one that runs is among them."""
        return [_cycle(row) for row in self._database.rows(select(cycles).order_by(cycles.c.id.desc()).limit(count))]

    def failing_since(self, event: str) -> datetime | None:
        """When the first of the last cycles that all ended by this error did so; null where the last did not.

        Cycles that were cut short tell nothing and are passed over.
        """
        ended = func.coalesce(cycles.c.error_event, "")
        other = cycles.c.finished_at.is_not(None) & ended.not_in((event, *CUT_SHORT))
        last_other = select(func.coalesce(func.max(cycles.c.id), 0)).where(other).scalar_subquery()
        since = (
            select(cycles.c.finished_at)
            .where(cycles.c.error_event == event, cycles.c.finished_at.is_not(None), cycles.c.id > last_other)
            .order_by(cycles.c.id)
            .limit(1)
        )
        return self._database.value(since)

    def marks(self) -> dict[str, datetime]:
        """All named instants."""
        return {row.name: row.at for row in self._database.rows(select(marks).order_by(marks.c.name))}

    def _count(self, table: Table) -> int:
        return self._database.value(select(func.count()).select_from(table)) or 0

    def count_retries(self) -> int:
        """How long the retry list is."""
        return self._count(retries)

    def count_unmapped(self) -> int:
        """How many rubrics wait for a mapping."""
        return self._count(unmapped)

    def next_retries(self, count: int) -> list[RetryEntry]:
        """The first so many of the retry list, the next to be tried first."""
        return self._retries(limit=count)

    def count_open_changes(self) -> int:
        """How many changes have no outcome yet."""
        return self._count(open_changes)

    def rubrics_of(self, numbers: Collection[str], isn: int | None, limit: int) -> list[int]:
        """The rubrics that the journal knows by one of these registration numbers, or by this ISN (a rubric's or a
        document's); the highest ISN first, at most ``limit``.
        """
        found = [
            select(table.c.rubric_isn).where(_named(table, numbers, isn)) for table in (changes, retries, unmapped)
        ]
        isns = union(*found).subquery().c.rubric_isn
        return list(self._database.values(select(isns).order_by(isns.desc()).limit(limit)))

    def unmapped_entry(self, isn: int) -> UnmappedRubric | None:
        """The rubric among the unmapped ones, if it is there."""
        with self._database.read() as connection:
            row = connection.execute(select(unmapped).where(unmapped.c.rubric_isn == isn)).one_or_none()
            return None if row is None else UnmappedRubric(**row._mapping)

    def unmapped_version(self) -> tuple[object, ...]:
        """What differs where the unmapped rubrics do: how many and which there are, and when one was seen last."""
        isn, last_seen = unmapped.c.rubric_isn, unmapped.c.last_seen
        (row,) = self._database.rows(select(func.count(), func.total(isn), func.max(last_seen)))
        return tuple(row)

    def unmapped_names(self) -> list[tuple[str, int, str]]:
        """Status, ISN and name (as in :meth:`unmapped_summary`) of each unmapped rubric, the first seen last."""
        query = select(unmapped.c.sstu_status, unmapped.c.rubric_isn, _NAME)
        query = query.order_by(unmapped.c.first_seen.desc(), unmapped.c.rubric_isn)
        return [(status, isn, name) for status, isn, name in self._database.rows(query)]

    def unmapped_summary(self, examples: int = EXAMPLES) -> list[UnmappedStatus]:
        """The ССТУ statuses that the mapping did not know, the most frequent first; the examples are registration
        numbers, and "ISN …" of rubrics whose cards have none.

        :param examples: how many are shown for each, at most; the rarer of many statuses have none.
        """
        status = unmapped.c.sstu_status
        counted = select(status, func.count()).group_by(status).order_by(func.count().desc(), status)
        with self._database.read() as connection:
            return [
                UnmappedStatus(
                    name, count, _examples(connection, name, examples) if examples and place < MOST_NAMED else ()
                )
                for place, (name, count) in enumerate(connection.execute(counted))
            ]

    def history(self, *, limit: int | None = None, **conditions: Unpack[Conditions]) -> Iterator[HistoryRow]:
        """Changes that meet all the conditions given, newest first, read as they are asked for."""
        query = _met(_history(list(_FIELDS.values())), conditions)
        with self._database.read() as connection:
            for row in connection.execute(query.limit(limit).execution_options(yield_per=_CHUNK)):
                yield HistoryRow(**row._mapping)

    def history_values(self, fields: Sequence[str], **conditions: Unpack[Conditions]) -> Iterator[Sequence[object]]:
        """As :meth:`history`, of these fields of a HistoryRow only, and as the file has them: text (instants in
        ISO 8601, UTC), whole numbers, null. For very many rows, of which no objects are made.
        """
        with self._database.read() as connection:
            # SQLAlchemy's rows would take as long as all of the reading.
            cursor = connection.execute(_met(_history(_plain(fields)), conditions)).cursor
            while cursor is not None and (rows := cursor.fetchmany(_CHUNK)):
                yield from rows

    def history_objects(self, fields: Mapping[str, str], **conditions: Unpack[Conditions]) -> Iterator[str]:
        """As :meth:`history_values`, each row as a JSON object on one line.

        :param fields: the object's keys, each with the field of a HistoryRow that is its value.
        """
        values = zip(map(literal, fields), _plain(fields.values()), strict=True)
        written = func.json_object(*chain.from_iterable(values))
        query = _met(_history([written]), conditions).execution_options(yield_per=_CHUNK)
        with self._database.read() as connection:
            yield from connection.execute(query).scalars()

    def daily(self, since: datetime, zone: timezone) -> list[DayCount]:
        """How changes ended, day by day in ``zone``, from that instant on; days without any are not named."""
        minutes = zone.utcoffset(None) // timedelta(minutes=1)
        # Without the fraction: SQLite rounds it, and the last moment of a day would fall into the next.
        day = func.date(func.substr(outcomes.c.settled_at, 1, 19), f"{minutes:+d} minutes")
        query = (
            select(day, outcomes.c.outcome, func.count())
            .where(outcomes.c.settled_at >= since)
            .group_by(day, outcomes.c.outcome)
            .order_by(day, outcomes.c.outcome)
        )
        return [
            DayCount(date.fromisoformat(text), outcome, count) for text, outcome, count in self._database.rows(query)
        ]

    def by_target(self, start: datetime, end: datetime) -> list[TargetCount]:
        """How the changes ended that were settled from ``start`` to before ``end``, by the status to be written."""
        query = (
            select(changes.c.new_pos, outcomes.c.outcome, func.count())
            .join_from(outcomes, changes)
            .where(outcomes.c.settled_at >= start, outcomes.c.settled_at < end)
            .group_by(changes.c.new_pos, outcomes.c.outcome)
            .order_by(changes.c.new_pos, outcomes.c.outcome)
        )
        return [TargetCount(*row) for row in self._database.rows(query)]


def _plain(fields: Iterable[str]) -> list[ColumnElement[Any]]:
    return [type_coerce(_FIELDS[name], NullType()).label(name) for name in fields]


def _named(table: Table, numbers: Collection[str], isn: int | None) -> ColumnElement[bool]:
    by_number = one_of(table.c.number, numbers)
    return by_number if isn is None else by_number | (table.c.rubric_isn == isn) | (table.c.document_isn == isn)


def _met(query: Select[Any], conditions: Conditions) -> Select[Any]:
    if (rubric := conditions.get("rubric")) is not None:
        query = query.where(changes.c.rubric_isn == rubric)
    if (document := conditions.get("document")) is not None:
        query = query.where(changes.c.document_isn == document)
    if (numbers := conditions.get("numbers")) is not None:
        query = query.where(one_of(changes.c.number, numbers))
    if (since := conditions.get("since")) is not None:
        query = query.where(changes.c.planned_at >= since)
    return query


def _history(columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    query: Select[Any] = select(*columns).join_from(changes, outcomes, isouter=True)
    return query.order_by(changes.c.planned_at.desc(), changes.c.id.desc())


def _cycle(row: Row[Any]) -> Cycle:
    return Cycle(
        id=row.id,
        kind=row.kind,
        started_at=row.started_at,
        finished_at=row.finished_at,
        period=None if row.period_start is None else Period(row.period_start, row.period_end),
        counts=CycleCounts(**{field.name: row._mapping[field.name] for field in attrs.fields(CycleCounts)}),
        error_event=row.error_event,
        error_fields={name: as_instant(value) for name, value in (row.error_fields or {}).items()},
    )


def _examples(connection: Connection, status: str, most: int) -> tuple[str, ...]:
    """Names of the unmapped rubrics of a status; in the order of an index, so that few rows are looked at."""
    of_status = select(unmapped.c.number, unmapped.c.rubric_isn).where(unmapped.c.sstu_status == status)
    numbered = of_status.where(_NUMBER.is_not(None)).group_by(unmapped.c.number).order_by(unmapped.c.number)
    names = [row.number.strip() for row in connection.execute(numbered.limit(most))]
    if len(names) < most:
        unnumbered = of_status.where(_NUMBER.is_(None)).order_by(unmapped.c.rubric_isn).limit(most - len(names))
        names += [f"ISN {row.rubric_isn}" for row in connection.execute(unnumbered)]
    return tuple(names)
