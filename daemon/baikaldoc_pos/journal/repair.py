"""A journal that is damaged: where, and what of it can still be read.

A change whose outcome is lost is open again, so the next cycle reads its rubric back before anything is written.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from baikaldoc_pos.errors import JournalDamaged, JournalMissing
from baikaldoc_pos.journal.database import FILE_NAME, Database, check_integrity, reported
from baikaldoc_pos.journal.schema import damaged_row, metadata, open_changes, probe, schema_version, sound

AT_ONCE = 500
SIDE_FILES = ("-wal", "-shm")
# Triggers keep the first; the new journal has its own of the others.
_NOT_COPIED = {open_changes, probe, schema_version}


def recover(directory: Path, now: datetime) -> tuple[Path, Mapping[str, int]]:
    """Begin a new journal with every row of the damaged one that can be read; it is kept aside under a new name.

    Return where it is now, and in how many places of each table rows could not be read.

    :raises JournalMissing: there is no journal.
    :raises JournalUnavailable: the new one cannot be written; the old one is where it was.
    """
    path = directory / FILE_NAME
    if not path.exists():
        raise JournalMissing(str(directory))
    fresh = directory / "recovery"
    aside = directory / f"journal-damaged-{now:%Y%m%d-%H%M%S}.sqlite3"
    with reported(path):
        fresh.mkdir(mode=0o700, exist_ok=True)
        for left in fresh.iterdir():
            left.unlink()
    Database.create(fresh, now).close()
    with reported(path):
        # For reading only: SQLite would write the -wal into the file that is kept aside.
        reading = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        with closing(sqlite3.connect(fresh / FILE_NAME)) as new, closing(reading) as damaged:
            lost = {table.name: _copied(damaged, new, table, _tables(damaged)) for table in metadata.sorted_tables}
            new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for suffix in ("", *SIDE_FILES):
            if (part := path.with_name(path.name + suffix)).exists():
                part.rename(aside.with_name(aside.name + suffix))
        (fresh / FILE_NAME).rename(path)
        for left in fresh.iterdir():
            left.unlink()
        fresh.rmdir()
    return aside, {name: count for name, count in lost.items() if count}


def _tables(damaged: sqlite3.Connection) -> Collection[str]:
    """The tables that the file knows of; none where it cannot be read at all."""
    try:
        return [name for (name,) in damaged.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    except sqlite3.Error:
        return ()


def _copied(damaged: sqlite3.Connection, new: sqlite3.Connection, table: Table, known: Collection[str]) -> int:
    """Copy the rows of a table; return in how many places they cannot be read or do not fit."""
    if table in _NOT_COPIED or (known and table.name not in known):
        return 0
    try:
        present = {row[1] for row in damaged.execute(f"PRAGMA table_info({table.name})")}
    except sqlite3.Error:
        present = set()
    columns = [column.name for column in table.c if column.name in present]
    if not columns:
        return 1
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    insert = f"INSERT OR ABORT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
    lost = 0
    with new:
        for row in _rows(damaged, table.name, names):
            try:
                if row is None or not all(map(sound, (table.c[name] for name in columns), row)):
                    raise sqlite3.DataError
                new.execute(insert, row)
            except sqlite3.Error:
                lost += 1
    return lost


def _rows(damaged: sqlite3.Connection, table: str, names: str) -> Iterator[tuple[Any, ...] | None]:
    """The rows of a table in their order; None for each place where there are rows that cannot be read."""
    query = f"SELECT rowid, {names} FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?"  # noqa: S608 - our own names

    def after(position: int, most: int) -> list[tuple[Any, ...]] | None:
        try:
            return damaged.execute(query, (position, most)).fetchall()
        except sqlite3.Error:
            return None

    position, most = -1, AT_ONCE
    while True:
        rows = after(position, most)
        if rows is None and most > 1:
            most = 1
            continue
        if rows is None:
            yield None
            step = next((step for step in map((2).__pow__, range(63)) if after(position + step, 1) is not None), None)
            if step is None:
                return
            # The first place behind the gap lies between half of the step and the step.
            position += bisect_left(range(step), True, key=lambda gap: after(position + gap, 1) is not None)
            most = AT_ONCE
            continue
        if not rows:
            return
        for _, *row in rows:
            yield tuple(row)
        position = rows[-1][0]


def check_whole(directory: Path) -> None:
    """Read everything; raise JournalUnavailable where the file, or a value in it, is damaged."""
    path = directory / FILE_NAME
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with reported(path), closing(sqlite3.connect(uri, uri=True)) as connection:
        check_integrity(connection, path)
        if (damaged := damaged_row(connection)) is not None:
            raise JournalDamaged(str(path), damaged)
