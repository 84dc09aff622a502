"""What alerting keeps in the journal: conditions, the mails written about them, and what they are judged by.

A condition and the mail about it are changed in one transaction, so neither is ever there without the other.
Works beside the worker and without the state lock; only :mod:`outbox` may be used by one process at a time.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from baikaldoc_pos.journal.alert_rows import Letter, MailState, NewCondition, OpenCondition, Told
from baikaldoc_pos.journal.alert_tables import alert_conditions, alert_settings, outbox
from baikaldoc_pos.journal.database import Database
from baikaldoc_pos.journal.queries import CUT_SHORT, JournalReader
from baikaldoc_pos.journal.rows import Checkpoint
from baikaldoc_pos.journal.schema import cycles, marks
from baikaldoc_pos.journal.state import StateReader


class AlertJournal(JournalReader):
    """The journal as alerting needs it. Every method raises JournalUnavailable where it cannot."""

    @classmethod
    def beside(cls, journal: StateReader) -> Self:
        """On the file that a journal has open; closing either closes both."""
        return cls(journal._database)

    @classmethod
    def create(cls, directory: Path, now: datetime) -> Self:
        """On a file of its own, which is made or brought up to date where that is needed."""
        return cls(Database.create(directory, now))

    def open_conditions(self) -> list[OpenCondition]:
        """What is open, oldest first."""
        query = select(alert_conditions).where(alert_conditions.c.closed_at.is_(None)).order_by(alert_conditions.c.id)
        with self._database.read() as connection:
            return [_open_condition(row) for row in connection.execute(query)]

    def last_written(self, purpose: str) -> datetime | None:
        """When a mail of that purpose was last written."""
        with self._database.read() as connection:
            return connection.execute(
                select(outbox.c.written_at)
                .where(outbox.c.purpose == purpose)
                .order_by(outbox.c.written_at.desc())
                .limit(1)
            ).scalar()

    def trying_since(self) -> datetime | None:
        """When the first cycle after the last success and the last pause began, without those cut short on purpose."""
        succeeded = cycles.c.error_event.is_(None) & cycles.c.finished_at.is_not(None)
        last = select(cycles.c.id).where(succeeded).order_by(cycles.c.finished_at.desc()).limit(1).scalar_subquery()
        paused = select(marks.c.at).where(marks.c.name == Checkpoint.PAUSED).scalar_subquery()
        query = (
            select(cycles.c.started_at)
            .where(cycles.c.id > func.coalesce(last, 0))
            .where(func.coalesce(cycles.c.error_event, "").not_in(CUT_SHORT))
            .where(cycles.c.started_at > func.coalesce(paused, ""))
            .order_by(cycles.c.id)
            .limit(1)
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar()

    def note_pause(self, now: datetime) -> None:
        """Keep that writing is paused now."""
        statement = upsert(marks).values(name=Checkpoint.PAUSED, at=now)
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": now}))

    def paused_at(self) -> datetime | None:
        """When writing was last seen to be paused."""
        return self.checkpoint(Checkpoint.PAUSED)

    def record(
        self,
        now: datetime,
        *,
        opened: Sequence[NewCondition] = (),
        closed: Sequence[int] = (),
        seen: Mapping[int, Mapping[str, object]] | None = None,
        told: Mapping[int, Told] | None = None,
        letters: Sequence[Letter] = (),
    ) -> None:
        """One decision and its mails, in one transaction.

        :param closed: ids of conditions that are over.
        :param seen: present fields of conditions that go on.
        :param told: what the mails tell of conditions that were open before.
        """
        with self._database.write() as connection:
            for condition in opened:
                connection.execute(insert(alert_conditions).values(_new_row(condition, now)))
            for id_, fields in (seen or {}).items():
                _change(connection, id_, {"fields": dict(fields)})
            for id_, each in (told or {}).items():
                _change(connection, id_, _told_columns(each))
            for id_ in closed:
                _change(connection, id_, {"closed_at": now})
            for letter in letters:
                connection.execute(insert(outbox).values(_letter_row(letter)))

    def remember_settings(self, section: Mapping[str, object]) -> None:
        """Keep the section ``alerts`` as it stands in the file, which may be unreadable when it is needed most."""
        if self.remembered_settings() == section:
            return
        statement = upsert(alert_settings).values(id=1, section=dict(section))
        with self._database.write() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["id"], set_={"section": statement.excluded.section})
            )

    def remembered_settings(self) -> Mapping[str, object] | None:
        """The section that was kept, if any."""
        with self._database.read() as connection:
            found = connection.execute(select(alert_settings.c.section)).scalar()
            return found if isinstance(found, dict) else None

    def forget_settled(self, before: datetime) -> None:
        """Delete mails that were settled, and conditions that were closed, before that instant."""
        with self._database.write() as connection:
            connection.execute(delete(outbox).where(outbox.c.settled_at < before))
            connection.execute(delete(alert_conditions).where(alert_conditions.c.closed_at < before))


def _change(connection: Connection, id_: int, values: Mapping[str, object]) -> None:
    connection.execute(update(alert_conditions).where(alert_conditions.c.id == id_).values(values))


def _new_row(condition: NewCondition, now: datetime) -> dict[str, object]:
    return {
        "kind": condition.kind,
        "key": condition.key,
        "since": min(condition.since, now),
        "opened_at": now,
        "fields": dict(condition.fields),
        **(_told_columns(condition.told) if condition.told is not None else {}),
    }


def _told_columns(told: Told) -> dict[str, object]:
    return {
        "told_at": told.at,
        "told_count": told.count,
        "told_tokens": sorted(told.tokens),
        "message_id": told.message_id,
    }


def _letter_row(letter: Letter) -> dict[str, object]:
    return {
        "purpose": letter.purpose,
        "message_id": letter.message_id,
        "written_at": letter.written_at,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "headers": dict(letter.headers),
        "state": MailState.WAITING,
        "trials": {},
    }


def _open_condition(row: Row[Any]) -> OpenCondition:
    told = None
    if row.told_at is not None:
        told = Told(row.told_at, row.told_count or 0, frozenset(row.told_tokens or ()), row.message_id or "")
    return OpenCondition(
        id=row.id,
        kind=row.kind,
        key=row.key,
        since=row.since,
        opened_at=row.opened_at,
        fields=row.fields or {},
        told=told,
    )
