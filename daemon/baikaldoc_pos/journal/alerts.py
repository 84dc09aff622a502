"""What alerting keeps in the journal: conditions, and the mails about them with how each went with each recipient.

A condition and the mail about it are changed in one transaction, so neither is ever there without the other.
Works beside the worker and without the state lock; only one process at a time may deliver, which a lock file sees to.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import attrs
from sqlalchemy import Connection, Row, func, insert, select, update

from baikaldoc_pos.files import open_private
from baikaldoc_pos.journal.database import Database, put, unavailable
from baikaldoc_pos.journal.models import (
    Checkpoint,
    Mail,
    MailState,
    NewCondition,
    Notified,
    OpenCondition,
    OutboxMail,
    OutboxSummary,
    RecipientStatus,
    Undelivered,
)
from baikaldoc_pos.journal.queries import CUT_SHORT, JournalReader
from baikaldoc_pos.journal.schema import alert_conditions, alert_settings, cycles, marks, outbox
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
        return [_open_condition(row) for row in self._database.rows(query)]

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
        return self._database.value(query)

    def note_pause(self, now: datetime) -> None:
        """Keep that writing is paused now."""
        with self._database.write() as connection:
            put(connection, marks, {"name": Checkpoint.PAUSED, "at": now})

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
        told: Mapping[int, Notified] | None = None,
        letters: Sequence[Mail] = (),
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
        with self._database.write() as connection:
            put(connection, alert_settings, {"id": 1, "section": dict(section)})

    def remembered_settings(self) -> Mapping[str, object] | None:
        """The section that was kept, if any."""
        with self._database.read() as connection:
            found = connection.execute(select(alert_settings.c.section)).scalar()
            return found if isinstance(found, dict) else None


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


def _told_columns(told: Notified) -> dict[str, object]:
    return {
        "told_at": told.at,
        "told_count": told.count,
        "told_tokens": sorted(told.tokens),
        "message_id": told.message_id,
    }


def _letter_row(letter: Mail) -> dict[str, object]:
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
        told = Notified(row.told_at, row.told_count or 0, frozenset(row.told_tokens or ()), row.message_id or "")
    return OpenCondition(
        id=row.id,
        kind=row.kind,
        key=row.key,
        since=row.since,
        opened_at=row.opened_at,
        fields=row.fields or {},
        told=told,
    )


LOCK_NAME = "outbox.lock"
_RECENT = 50  # mails looked at to learn who could not be reached


class Outbox:
    """The mails that are to be delivered. Every method raises JournalUnavailable where it cannot."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = database.path.with_name(LOCK_NAME)

    @classmethod
    def beside(cls, journal: StateReader) -> Self:
        """On the file that a journal has open."""
        return cls(journal._database)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """The right to deliver, while the context lasts; False where another process (or thread) has it."""
        with _locked(self._lock) as held:
            yield held

    def waiting(self) -> list[OutboxMail]:
        """What is to be delivered, oldest first."""
        query = select(outbox).where(outbox.c.state == MailState.WAITING).order_by(outbox.c.id)
        return [_mail(row) for row in self._database.rows(query)]

    def note(self, mail: int, trials: Mapping[str, RecipientStatus], state: MailState, now: datetime) -> None:
        """Keep how it went, or that it is about to be tried."""
        values: dict[str, object] = {
            "trials": {recipient: _trial_values(trial) for recipient, trial in trials.items()},
            "state": state,
        }
        if state is not MailState.WAITING:
            values["settled_at"] = now
        with self._database.write() as connection:
            connection.execute(update(outbox).where(outbox.c.id == mail).values(values))

    def undelivered(self, refused_before: datetime) -> list[Undelivered]:
        """Recipients whom the last mail that was finished for them did not reach, and those whose mail waits and was
        refused for good before that instant.
        """
        recent = select(outbox.c.id).order_by(outbox.c.id.desc()).limit(_RECENT)
        looked_at = outbox.c.id.in_(recent) | (outbox.c.state == MailState.WAITING)
        with self._database.read() as connection:
            rows = connection.execute(select(outbox).where(looked_at).order_by(outbox.c.id.desc()))
            newest_first = [_mail(row) for row in rows]
        return undelivered(newest_first, refused_before)

    def summary(self) -> OutboxSummary:
        """The outbox at a glance, for people and metrics."""
        counted = select(outbox.c.state, func.count()).group_by(outbox.c.state)
        oldest = select(outbox).where(outbox.c.state == MailState.WAITING).order_by(outbox.c.id).limit(1)
        with self._database.read() as connection:
            counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(counted)}
            row = connection.execute(oldest).first()
        first = None if row is None else _mail(row)
        replies = [] if first is None else [trial.reply for trial in first.trials.values() if trial.reply]
        return OutboxSummary(
            waiting=counts.get(MailState.WAITING, 0),
            oldest=None if first is None else first.letter.written_at,
            reply=replies[0] if replies else None,
            given_up=counts.get(MailState.GIVEN_UP, 0),
            unknown=counts.get(MailState.UNKNOWN, 0),
        )


def undelivered(newest_first: Sequence[OutboxMail], refused_before: datetime) -> list[Undelivered]:
    """Each recipient whose last mails were given up or long refused, since the oldest in that unbroken row."""
    failing: dict[str, Undelivered] = {}
    reached: set[str] = set()
    for mail in newest_first:
        for recipient, trial in mail.trials.items():
            if trial.state is MailState.SENT:
                reached.add(recipient)
            since = _fails_since(mail, trial, refused_before)
            if since is not None and recipient not in reached:
                reply = failing[recipient].reply if recipient in failing else trial.reply
                failing[recipient] = Undelivered(recipient, since, reply)
    return list(failing.values())


def _fails_since(mail: OutboxMail, trial: RecipientStatus, refused_before: datetime) -> datetime | None:
    if trial.state is MailState.GIVEN_UP:
        return mail.letter.written_at
    refused = trial.refused_since
    return refused if trial.state is MailState.WAITING and refused is not None and refused <= refused_before else None


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    try:
        descriptor = open_private(path, os.O_RDWR)
    except OSError as error:
        raise unavailable(path, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held = False
        else:
            held = True
        yield held
    finally:
        os.close(descriptor)


def _trial_values(trial: RecipientStatus) -> dict[str, object]:
    return attrs.asdict(
        trial, value_serializer=lambda _, __, value: value.isoformat() if isinstance(value, datetime) else value
    )


def _trial(values: Mapping[str, Any]) -> RecipientStatus:
    # What is not there was written by an earlier version.
    return RecipientStatus(
        state=MailState(values["state"]),
        attempts=values["attempts"],
        refusals=values["refusals"],
        refused_since=_instant(values.get("refused_since")),
        unanswered=values.get("unanswered", 0),
        next_attempt_at=_instant(values.get("next_attempt_at")),
        reply=values.get("reply"),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _mail(row: Row[Any]) -> OutboxMail:
    return OutboxMail(
        id=row.id,
        letter=Mail(
            purpose=row.purpose,
            message_id=row.message_id,
            written_at=row.written_at,
            subject=row.subject,
            text=row.text,
            html=row.html,
            headers=row.headers or {},
        ),
        state=MailState(row.state),
        trials={recipient: _trial(values) for recipient, values in (row.trials or {}).items()},
    )
