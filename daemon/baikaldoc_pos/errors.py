"""Everything that can go wrong, as one family.

::

    BaikaldocError
    ├── ConfigurationInvalid        78  every fault of every file
    ├── DeloError
    │   ├── DeloUnavailable         75  nothing answered, or what answered was not ДЕЛО
    │   ├── CredentialsRejected     77  ДЕЛО refused the account; never tried again by itself
    │   ├── SessionNotAccepted      77  signed in, and yet every request is sent back to sign-in
    │   ├── AccessDenied            77  signed in, and may not write
    │   ├── UnexpectedAnswer        76  ДЕЛО answered, but not in the form that is known
    │   ├── RefusalsExceeded         1  too many writes were refused; the rest of the cycle is not tried
    │   ├── NameUnknown             76  the server does not have a name of the configuration
    │   └── SchemaMismatch          76  the server's schema lacks what is asked for
    ├── MailError
    │   ├── MailUnavailable         75  the mail server did not answer, or asked to come again later
    │   └── MailRejected            76  the mail server refused for good, or cannot be trusted
    ├── CycleCrashed                70  a defect of the program ended a cycle
    ├── StateLocked                 69  another process works on the state directory
    ├── JournalMissing              66  there is no journal to read from
    ├── JournalUnavailable          74  the journal cannot be opened, read or written
    │   └── JournalDamaged          74  ... because its file, or a value in it, is damaged
    ├── BookmarkUnreadable          78  the old script's state.json cannot be taken over
    ├── FileUnwritable              73  the file that a command was to write cannot be written
    ├── OutputFailed                74  standard output cannot be written
    │   └── ReaderGone               0  whoever read the output has seen enough
    ├── WritingPaused               69  somebody paused writing; it ends by itself
    ├── ClockBehind                 69  the clock shows a time before what was done already; it ends by itself
    └── StopRequested                   somebody asked the process to stop; not a fault

Each class names the event under which it is reported (``event``, the id of its sentence in the catalogues),
carries the fields of that sentence, and has its exit code where a command ends by it (sysexits.h).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from baikaldoc_pos.config.issues import ConfigError


class BaikaldocError(Exception):
    """The root: an error with an event id and the fields of its sentence; neither ever holds a secret."""

    event: ClassVar[str]
    exit_code: ClassVar[int] = 70

    def __init__(self, **fields: object) -> None:
        super().__init__(self.event, fields)
        self.fields: Mapping[str, object] = fields

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.fields.items())
        return f"{self.event}: {details}" if details else self.event


class ConfigurationInvalid(BaikaldocError):
    """The configuration has faults; all of them are in ``faults``."""

    event = "config.invalid"
    exit_code = 78

    def __init__(self, faults: "Sequence[ConfigError]") -> None:
        super().__init__(count=len(faults))
        self.faults = tuple(faults)


def _server_message(text: str | None) -> dict[str, object]:
    """The server's own text as a field of its own: sentences append it, mails leave it out."""
    return {"server_message": text} if text else {}


class DeloError(BaikaldocError):
    """Something between us and ДЕЛО."""

    exit_code = 76

    @property
    def words(self) -> object:
        """What the server said, else what went wrong."""
        return self.fields.get("message") or self.fields.get("what") or self.fields.get("reason")


class DeloUnavailable(DeloError):
    """No usable answer: refused, reset, timed out, truncated, 429, 5xx, or a page that is not ДЕЛО's.

    :param reason: what happened; where the catalogues have ``transport.<reason>``, that is told.
    :param detail: the transport's own words.
    :param host: the host and port that were spoken to.
    :param retry_after: the seconds to wait, where the server gave them.
    :param retry: False where trying again cannot help (a certificate that is not trusted, a wrong address).
    :param status: the HTTP status of an answer that reports a fault of the server.
    :param busy: the server, or what stands before it, cannot serve now (429, 503).
    :param server_message: the server's own text.
    :param delivered: the request may have reached the server.
    """

    event = "delo.unavailable"
    exit_code = 75

    def __init__(
        self,
        reason: str,
        host: str,
        retry_after: float | None = None,
        *,
        retry: bool = True,
        status: int | None = None,
        busy: bool = False,
        server_message: str | None = None,
        delivered: bool = True,
        detail: str | None = None,
    ) -> None:
        details = {} if detail is None else {"detail": detail}
        super().__init__(reason=reason, host=host, **details, **_server_message(server_message))
        self.retry_after = retry_after
        self.retry = retry
        self.status = status
        self.busy = busy
        self.delivered = delivered


class SignInPostponed(DeloUnavailable):
    """The outcome of the last sign-ins is unclear; ДЕЛО counts failures, so the next try waits.

    :param until: nothing is sent before.
    """

    event = "delo.sign_in_postponed"

    def __init__(self, host: str, until: "datetime") -> None:
        super().__init__("sign-in postponed", host, retry=False)
        self.fields = {"host": host, "until": until}


class CredentialsRejected(DeloError):
    """ДЕЛО refused the user name or the password.

    :param until: the service does not try them again before that instant; None: never.
    """

    event = "delo.credentials_rejected"
    exit_code = 77

    def __init__(self, username: str, status: int, until: "datetime | None" = None) -> None:
        super().__init__(username=username, status=status, until=until)


class SessionNotAccepted(DeloError):
    """Signing in succeeded, yet the server answers requests with "sign in again" (rights, or a proxy in between)."""

    event = "delo.session_not_accepted"
    exit_code = 77

    def __init__(self, sign: str) -> None:
        super().__init__(sign=sign)
        self.sign = sign


class AccessDenied(DeloError):
    """The account is signed in and may not write: its rights do not suffice.

    :param sign: how the server said so.
    """

    event = "delo.access_denied"
    exit_code = 77

    def __init__(self, sign: str) -> None:
        super().__init__(sign=sign)


class UnexpectedAnswer(DeloError):
    """ДЕЛО answered in an unknown form; nothing of the answer was used."""

    event = "delo.unexpected_answer"

    def __init__(self, what: str, operation: str, status: int | None = None, server_message: str | None = None) -> None:
        super().__init__(what=what, operation=operation, **_server_message(server_message))
        self.status = status


class RefusalsExceeded(DeloError):
    """ДЕЛО refuses more writes than ``limits.refusedShare`` allows; the next cycles try one batch until it goes well.

    :param tried: how many changes were tried.
    :param bad: how many of them were refused or echoed wrongly.
    """

    event = "writes.refused"
    exit_code = 1

    def __init__(self, tried: int, bad: int) -> None:
        super().__init__(tried=tried, bad=bad)


class SchemaMismatch(DeloError):
    """The server refuses an operation as such: it lacks a field, a filter or an operator.

    :param final: it has looked at the document (HTTP 400); one that stumbles says so otherwise.
    """

    event = "delo.schema_mismatch"

    def __init__(self, operation: str, message: str, *, final: bool = False) -> None:
        super().__init__(operation=operation, message=message)
        self.final = final


class NameUnknown(DeloError):
    """The server does not know a name that the configuration gives.

    :param key: the key of processing_config.json.
    :param value: its value.
    :param candidates: names that the server has, where it tells.
    """

    event = "delo.name_unknown"

    def __init__(self, key: str, value: str, server_message: str, candidates: Sequence[str] = ()) -> None:
        super().__init__(
            key=key, value=value, candidates=", ".join(candidates) or "—", **_server_message(server_message)
        )


class MailError(BaikaldocError):
    """A mail could not be handed to the mail server.

    :param step: where the dialogue ended: connect, ehlo, starttls, auth, mail, rcpt, data.
    :param reason: the server's or the system's words, without secrets, on one line.
    :param host: the host and port that were spoken to.
    """

    exit_code = 76

    def __init__(self, step: str, reason: str, host: str) -> None:
        super().__init__(step=step, reason=reason, host=host)
        self.step = step
        self.reason = reason


class MailUnavailable(MailError):
    """Nothing answered, the line broke, or the server asked to come again later (4xx)."""

    event = "mail.unavailable"
    exit_code = 75


class MailRejected(MailError):
    """The mail server refused for good (5xx), or its certificate is not trusted."""

    event = "mail.rejected"


class CycleCrashed(BaikaldocError):
    """A defect of the program ended a cycle; the log has its traceback.

    :param error: the class of the exception.
    """

    event = "job.crashed"

    def __init__(self, error: str) -> None:
        super().__init__(job="cycle", error=error)


class StateLocked(BaikaldocError):
    """Another process works on this state directory."""

    event = "state.locked"
    exit_code = 69

    def __init__(self, path: str, pid: int | None, command: str, since: "datetime | None") -> None:
        super().__init__(path=path, pid=pid, command=command, since=since)


class JournalUnavailable(BaikaldocError):
    """The journal cannot be opened, read or written."""

    event = "journal.unavailable"
    exit_code = 74

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path=path, reason=reason)


class JournalDamaged(JournalUnavailable):
    """The journal's file, or a value in it, is not what was written.

    :param reason: the words of SQLite, or the table, the row and the column.
    """

    event = "journal.damaged"


class JournalMissing(BaikaldocError):
    """There is no journal in the state directory, so there is nothing to tell."""

    event = "journal.missing"
    exit_code = 66

    def __init__(self, path: str) -> None:
        super().__init__(path=path)


class BookmarkUnreadable(BaikaldocError):
    """``state.json`` of the earlier script is there, but its ``lastRunTime`` cannot be read."""

    event = "bookmark.unreadable"
    exit_code = 78

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path=path, reason=reason)


class FileUnwritable(BaikaldocError):
    """The file that a command was asked to write cannot be written.

    :param reason: the words of the system, or of SQLite.
    :param directory: where the account may write.
    """

    event = "file.unwritable"
    exit_code = 73

    def __init__(self, path: "Path", reason: str | None, directory: "Path") -> None:
        super().__init__(path=path, reason=reason, directory=directory.absolute())


class OutputFailed(BaikaldocError):
    """Standard output cannot be written: a full disk, a terminal that is gone."""

    event = "output.failed"
    exit_code = 74

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class ReaderGone(OutputFailed):
    """The reader of standard output is gone (``… | head``)."""

    exit_code = 0


class WritingPaused(BaikaldocError):
    """Somebody asked that nothing be written for a while."""

    event = "writing.paused"
    exit_code = 69

    def __init__(self, until: "datetime", by: str) -> None:
        super().__init__(until=until, by=by)
        self.until = until


class ClockBehind(BaikaldocError):
    """The clock is behind an instant that an earlier cycle has seen, so the period to read is not known.

    :param until: that instant.
    """

    event = "clock.behind"
    exit_code = 69

    def __init__(self, until: "datetime") -> None:
        super().__init__(until=until)


class StopRequested(BaikaldocError):
    """Raised where work is waiting or about to begin, after the process was asked to stop."""

    event = "stop.requested"
    exit_code = 0
