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
from baikaldoc_pos.journal.connection import Database
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

    def undelivered(self) -> list[Undelivered]:
        """Recipients whom the last mail that was finished for them did not reach."""
        query = select(outbox).order_by(outbox.c.id.desc()).limit(_RECENT)
        with self._database.read() as connection:
            newest_first = [_mail(row) for row in connection.execute(query)]
        return undelivered(newest_first)

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
        )


def undelivered(newest_first: Sequence[OutboxMail]) -> list[Undelivered]:
    """Each recipient whose last finished mails were given up, since the oldest in that unbroken row."""
    failing: dict[str, Undelivered] = {}
    reached: set[str] = set()
    for mail in newest_first:
        for recipient, trial in mail.trials.items():
            if trial.state is MailState.SENT:
                reached.add(recipient)
            elif trial.state is MailState.GIVEN_UP and recipient not in reached:
                reply = failing[recipient].reply if recipient in failing else trial.reply
                failing[recipient] = Undelivered(recipient, mail.letter.written_at, reply)
    return list(failing.values())


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
    at = trial.next_attempt_at
    return attrs.asdict(trial) | {"next_attempt_at": None if at is None else at.isoformat()}


def _trial(values: Mapping[str, Any]) -> Trial:
    at = values.get("next_attempt_at")
    return Trial(
        state=MailState(values["state"]),
        attempts=values["attempts"],
        refusals=values["refusals"],
        next_attempt_at=None if at is None else datetime.fromisoformat(at),
        reply=values.get("reply"),
    )


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
