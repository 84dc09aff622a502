"""The journal's file and the connections to it: mode, pragmas, transactions, versions, and what faults become.

Everything that SQLite, SQLAlchemy or the file system has against us turns into JournalUnavailable here, and only here.
"""

import errno
import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Table,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from baikaldoc_pos.errors import FileUnwritable, JournalDamaged, JournalUnavailable
from baikaldoc_pos.files import open_private
from baikaldoc_pos.journal import migrations
from baikaldoc_pos.journal.schema import damaged_row

FILE_NAME = "journal.sqlite3"
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
BUSY_TIMEOUT = 5.0  # seconds to wait for another connection's transaction


class Database:
    """The open journal file. Safe to use from several threads: each transaction has a connection of its own."""

    def __init__(self, path: Path, *, mode: str) -> None:
        self.path = path
        with reported(path):
            self._identity = _identity(path)
        self._wal = path.with_name(f"{FILE_NAME}-wal")
        self._wal_identity: tuple[int, int] | None = None
        self._engine = _engine(path, mode)
        self._reading = self._engine.execution_options(begin="BEGIN")
        self._writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")

    @classmethod
    def create(cls, directory: Path, now: datetime) -> "Database":
        """Open for writing; directory, file and schema are made or brought up to date where that is needed."""
        path = directory / FILE_NAME
        with reported(path):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = _make_private(path)
        database = cls(path, mode="rw")
        try:
            with database.read() as connection:
                version = migrations.version_of(connection)
            database._check_version(version)
            if 0 < version < migrations.LATEST:
                database._keep_copy(version)
            with database.write() as connection:
                migrations.migrate(connection, now)
        except JournalUnavailable:
            database.close()
            if made and path.stat().st_size == 0:
                path.unlink()  # or the next start would take it for a damaged one
            raise
        return database

    @classmethod
    def existing(cls, directory: Path) -> "Database | None":
        """Open for reading only; null where no journal has been made yet."""
        path = directory / FILE_NAME
        with reported(path):
            if not path.exists():
                return None
            _check_size(path)
            # Where nobody can write, SQLite cannot put its -shm file beside the journal, and needs none.
            still = not os.access(directory, os.W_OK) and not path.with_name(f"{FILE_NAME}-wal").exists()
        database = cls(path, mode="ro&immutable=1" if still else "ro")
        try:
            with database.read() as connection:
                version = migrations.version_of(connection)
            if version == 0:
                database.close()
                return None
            database._check_version(version, oldest=migrations.LATEST)
        except JournalUnavailable:
            database.close()
            raise
        return database

    def copy_to(self, file: Path) -> None:
        """Copy the journal, as it is at one moment, into a file."""
        with reported(self.path), closing(sqlite3.connect(file)) as copy:
            connection = self._engine.raw_connection()
            try:
                connection.driver_connection.backup(copy)  # type: ignore[union-attr]
            finally:
                connection.close()

    def back_up(self, file: Path) -> None:
        """Copy the journal into a file, and check the copy.

        :raises FileExistsError: the file is there already.
        :raises FileUnwritable: it cannot be written.
        """
        try:
            os.close(open_private(file, os.O_RDWR | os.O_EXCL))
        except FileExistsError:
            raise
        except OSError as fault:
            raise FileUnwritable(file, fault.strerror, self.path.parent) from fault
        try:
            self.copy_to(file)
            with reported(file), closing(sqlite3.connect(file)) as copy:
                check_integrity(copy, file)
        except JournalUnavailable as fault:
            file.unlink()
            if isinstance(fault, JournalDamaged):
                raise
            raise FileUnwritable(file, str(fault.fields["reason"]), self.path.parent) from fault

    def _keep_copy(self, version: int) -> None:
        """Keep the journal as the earlier version of this program left it, and of no version before."""
        kept = self.path.with_name(f"journal-version-{version}.sqlite3")
        with reported(self.path):
            for earlier in self.path.parent.glob("journal-version-*.sqlite3"):
                earlier.unlink()
            os.close(open_private(kept, os.O_RDWR))
        self.copy_to(kept)

    def give_back_space(self) -> None:
        """Make the file smaller by what was removed, where it was made so that it can be; refresh the statistics."""
        with reported(self.path):
            connection = self._engine.raw_connection()
            try:
                # Frees a page a step, and execute() takes one step only.
                connection.driver_connection.executescript(  # type: ignore[union-attr]
                    "PRAGMA incremental_vacuum(10000); PRAGMA optimize"
                )
            finally:
                connection.close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the journal throughout."""
        with self._transaction(self._reading) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is on the disk when the block has been left, or has changed nothing."""
        with reported(self.path):
            self._check_wal()
        with self._transaction(self._writing) as connection:
            yield connection
        with reported(self.path):
            self._wal_identity = self._wal_identity or _identity(self._wal)

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with reported(self.path):
            self._check_identity()
            with blamed(self.path.parent), engine.begin() as connection:
                yield connection

    def rows(self, query: Select[*Ts]) -> Sequence[Row[*Ts]]:
        """The rows that answer to a query."""
        with self.read() as connection:
            return connection.execute(query).all()

    def values(self, query: Select[T]) -> Sequence[T]:
        """The one column of the rows that answer to a query."""
        with self.read() as connection:
            return connection.execute(query).scalars().all()

    def value(self, query: Select[T]) -> T | None:
        """The one value that answers to a query, if any."""
        with self.read() as connection:
            return connection.execute(query).scalar()

    def close(self) -> None:
        self._engine.dispose()

    def _check_identity(self) -> None:
        # A file that was deleted or replaced under us would go on taking writes that nobody will ever read.
        if _identity(self.path) != self._identity:
            raise OSError("the file has been replaced since it was opened")

    def _check_wal(self) -> None:
        """Raise OSError, once, where the -wal file was removed or replaced: what it holds is put into the journal.

        SQLite would go on with the removed one, and all of it would be lost in a crash.
        """
        known = self._wal_identity
        if known is None or (self._wal.exists() and _identity(self._wal) == known):
            return
        self._wal_identity = None
        connection = self._engine.raw_connection()
        try:
            connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
        finally:
            connection.close()
        self._engine.dispose()
        raise OSError("the -wal file has been removed since it was opened")

    def _check_version(self, found: int, oldest: int = 0) -> None:
        latest = migrations.LATEST
        if found > latest:
            raise JournalUnavailable(
                str(self.path),
                f"schema version {found}: written by a newer version of this program, which knows {latest}",
            )
        if found < oldest:
            raise JournalUnavailable(
                str(self.path), f"schema version {found}: the service has to bring it to {oldest} at its next start"
            )


def one_of(column: ColumnElement[Any], values: Collection[object] | BindParameter[str]) -> ColumnElement[bool]:
    """Whether a column has one of these values, however many: as JSON, since the number of bound values is limited."""
    listed = values if isinstance(values, BindParameter) else json.dumps(list(values))
    given = func.json_each(listed).table_valued("value")
    return column.in_(select(given.c.value))


def put(connection: Connection, table: Table, *rows: Mapping[str, object], keep: Collection[str] = ()) -> None:
    """Write rows, each in place of the one with its key; columns to keep stay as they were in that one."""
    if rows:
        connection.execute(replacing(table, insert(table), keep), list(rows))


def replacing(table: Table, statement: Insert, keep: Collection[str] = ()) -> Insert:
    """The statement with each row in place of the one with its key, as ``put`` has it."""
    fixed = {*table.primary_key.columns.keys(), *keep}
    renewed = {each.name: statement.excluded[each.name] for each in table.c if each.name not in fixed}
    return statement.on_conflict_do_update(index_elements=table.primary_key.columns, set_=renewed)


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn what goes wrong with this file into JournalUnavailable."""
    try:
        yield
    except SQLAlchemyError as error:
        # The driver's own words: SQLAlchemy's add the statement and its values.
        raise unavailable(path, getattr(error, "orig", None) or error) from error
    except (sqlite3.Error, OSError) as error:
        raise unavailable(path, error) from error


@contextmanager
def blamed(directory: Path) -> Iterator[None]:
    """Turn an error into JournalDamaged where a value in the journal is not what its column holds; else it is a
    defect of ours.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError, OperationalError) as error:
        path = directory / FILE_NAME
        uri = f"{path.absolute().as_uri()}?mode=ro"
        # SQLite's own error for a value that one of its functions does not take.
        if getattr(getattr(error, "orig", None), "sqlite_errorcode", sqlite3.SQLITE_ERROR) == sqlite3.SQLITE_ERROR:
            with suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True)) as looking:
                if (damaged := damaged_row(looking)) is not None:
                    raise JournalDamaged(str(path), damaged) from error
        raise


def check_integrity(connection: sqlite3.Connection, path: Path) -> None:
    """Raise JournalDamaged where SQLite finds the file's structure damaged. It reads everything."""
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise JournalDamaged(str(path), found)


def unavailable(path: Path, error: BaseException) -> JournalUnavailable:
    """The typed error for what goes wrong with a file of the state directory."""
    # The low byte is the primary result code: https://www.sqlite.org/rescode.html
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} or str(error).startswith("Could not decode"):
        return JournalDamaged(str(path), str(error))
    reason = str(getattr(error, "strerror", None) or error)
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY} and path.exists() and not os.access(path, os.R_OK):
        reason = os.strerror(errno.EACCES)
    return JournalUnavailable(str(path), reason)


def _engine(path: Path, mode: str) -> Engine:
    uri = f"{path.absolute().as_uri()}?mode={mode}"

    def connect() -> sqlite3.Connection:
        # isolation_level=None: transactions begin where we say so, and not where the driver guesses.
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        try:
            _set_pragmas(connection, writing=mode == "rw")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=QueuePool, json_serializer=_json)
    event.listen(engine, "begin", _begin)
    return engine


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _set_pragmas(connection: sqlite3.Connection, *, writing: bool) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    if not writing:
        return
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise sqlite3.OperationalError(f"the file system does not support WAL (journal_mode is {mode})")
    connection.execute("PRAGMA synchronous = FULL")


def _make_private(path: Path) -> bool:
    """Only the owner may read the journal, whatever the umask; SQLite gives -wal and -shm the mode of the file.

    Return whether the file is new.
    """
    try:
        os.close(open_private(path, os.O_RDWR | os.O_EXCL))
    except FileExistsError:
        _check_size(path)
        # By name and not by descriptor: closing one would drop the POSIX locks of this process's connections.
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        return False
    return True


def _check_size(path: Path) -> None:
    """Raise JournalDamaged for an empty file, which no start leaves behind: it is not a first start."""
    if path.stat().st_size == 0:
        raise JournalDamaged(str(path), "0 bytes")


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
