"""The outbox: mails in the order in which they were written, each with how it went with each recipient.

One process at a time may deliver, which a lock file sees to: the service and ``notify-failure`` share the outbox.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import attrs
from sqlalchemy import Row, func, select, update

from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.journal.alert_rows import Letter, MailState, OutboxMail, OutboxSummary, Trial, Undelivered
from baikaldoc_pos.journal.alert_tables import outbox
from baikaldoc_pos.journal.database import Database
from baikaldoc_pos.journal.state import StateReader

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
        with self._database.read() as connection:
            return [_mail(row) for row in connection.execute(query)]

    def note(self, mail: int, trials: Mapping[str, Trial], state: MailState, now: datetime) -> None:
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


def _fails_since(mail: OutboxMail, trial: Trial, refused_before: datetime) -> datetime | None:
    if trial.state is MailState.GIVEN_UP:
        return mail.letter.written_at
    refused = trial.refused_since
    return refused if trial.state is MailState.WAITING and refused is not None and refused <= refused_before else None


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalUnavailable(str(path), str(error)) from error
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


def _trial_values(trial: Trial) -> dict[str, object]:
    return attrs.asdict(
        trial, value_serializer=lambda _, __, value: value.isoformat() if isinstance(value, datetime) else value
    )


def _trial(values: Mapping[str, Any]) -> Trial:
    # What is not there was written by an earlier version.
    return Trial(
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
        letter=Letter(
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
