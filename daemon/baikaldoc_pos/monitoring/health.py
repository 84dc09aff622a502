"""How well the service fares: green, amber or red, and every reason for it. Pure.

Red means that it does not do its work or that only a person can mend it; amber that it works, and a person ought to
look at something; green that nobody has to do anything.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import field, frozen

from baikaldoc_pos.config import AlertKind
from baikaldoc_pos.errors import (
    AccessDenied,
    CredentialsRejected,
    DeloUnavailable,
    JournalDamaged,
    JournalUnavailable,
    NameUnknown,
    RefusalsExceeded,
    SchemaMismatch,
    SessionNotAccepted,
    SignInPostponed,
)
from baikaldoc_pos.state import ServiceState

# Which of our reasons say the same as an alert of that kind; of the others, the alert's name is a reason.
_TOLD_BY: Mapping[str, frozenset[str]] = {
    AlertKind.DELO_UNAVAILABLE: frozenset({DeloUnavailable.event, SignInPostponed.event}),
    AlertKind.CREDENTIALS_REJECTED: frozenset({CredentialsRejected.event, SessionNotAccepted.event}),
    AlertKind.ACCESS_DENIED: frozenset({AccessDenied.event}),
    AlertKind.WRITES_REFUSED: frozenset({RefusalsExceeded.event}),
    AlertKind.SCHEMA_MISMATCH: frozenset({SchemaMismatch.event, NameUnknown.event}),
    AlertKind.RECORDS_REFUSED: frozenset({"health.retries"}),
    AlertKind.UNMAPPED_STATUS: frozenset({"health.unmapped"}),
    AlertKind.NO_SUCCESS: frozenset({"health.late", "health.never"}),
    AlertKind.CONFIGURATION_REJECTED: frozenset({"state.rejected_configuration"}),
    AlertKind.STORAGE_FAILING: frozenset(
        {
            "state.failing_files",
            "watchdog.journal_fault",
            "watchdog.disk_full",
            JournalUnavailable.event,
            JournalDamaged.event,
        }
    ),
}


class Level(StrEnum):
    """From good to bad."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@frozen
class Reason:
    """Why the level is not green: a sentence's id with its fields.

    :param in_status: the sentence of ``STATUS=`` tells it too.
    """

    level: Level
    event: str
    fields: Mapping[str, object] = field(factory=dict)
    in_status: bool = False


@frozen
class HealthInput:
    """What the verdict rests on.

    :param paused_at: when writing was last seen to be paused; nobody is late for what was not wanted.
    :param trying_since: where there has been no success: since when one has been tried for.
    :param conditions: the kinds of alerts that are open.
    """

    state: ServiceState
    paused_at: datetime | None = None
    trying_since: datetime | None = None
    conditions: tuple[str, ...] = ()


@frozen
class Waiting:
    """What the journal says is waiting, in rubrics.

    :param would_write: what the last cycle, a dry run, would have written.
    """

    retries: int = 0
    unmapped: int = 0
    would_write: int = 0


@frozen
class Health:
    """The verdict; reasons are in the order of their weight."""

    level: Level
    reasons: tuple[Reason, ...]

    @property
    def http_status(self) -> int:
        """What ``/healthz`` answers with: 503 where the service does not do its work."""
        return 503 if self.level is Level.RED else 200


def judge(known: HealthInput, waiting: Waiting, now: datetime, late_after: timedelta) -> Health:
    """The verdict on the service."""
    reasons = [*_of_work(known, now, late_after), *_of_records(waiting)]
    reasons += _of_alerts(known, {reason.event for reason in reasons})
    levels = {reason.level for reason in reasons}
    worst = next((level for level in (Level.RED, Level.AMBER) if level in levels), Level.GREEN)
    return Health(worst, tuple(sorted(reasons, key=lambda reason: reason.level is not Level.RED)))


def unreadable(event: str, fields: Mapping[str, object]) -> Health:
    """The verdict where the journal cannot be read."""
    return Health(Level.RED, (Reason(Level.RED, event, fields),))


def _of_work(known: HealthInput, now: datetime, late_after: timedelta) -> Iterator[Reason]:
    state = known.state
    for each in state.health_problems:
        yield Reason(Level.RED, each.event, each.fields)
    if state.problem is not None:
        # ДЕЛО comes back by itself, unless it has been away for so long that people are told.
        passes = state.problem.event == DeloUnavailable.event and AlertKind.DELO_UNAVAILABLE not in known.conditions
        level = Level.AMBER if passes else Level.RED
        yield Reason(level, state.problem.event, state.problem.fields, in_status=True)
    success = state.last_success
    since = success if success is not None else known.trying_since
    waited_from = max((at for at in (since, known.paused_at) if at is not None), default=now)
    if since is not None and now - waited_from > late_after and state.paused_until is None:
        yield Reason(Level.RED, "health.late" if success is not None else "health.never", {"at": since})
    elif success is None:
        yield Reason(Level.AMBER, "state.never", in_status=True)
    if state.rejected_faults:
        count = len(state.rejected_faults)
        yield Reason(Level.AMBER, "state.rejected_configuration", {"count": count}, in_status=True)
    if state.failing_files:
        yield Reason(Level.AMBER, "state.failing_files", {"paths": state.failing_files}, in_status=True)
    if state.paused_until is not None:
        yield Reason(Level.AMBER, "health.paused", {"until": state.paused_until}, in_status=True)


def _of_records(waiting: Waiting) -> Iterator[Reason]:
    if waiting.would_write:
        yield Reason(Level.AMBER, "health.dry_run", {"count": waiting.would_write})
    if waiting.retries:
        yield Reason(Level.AMBER, "health.retries", {"count": waiting.retries})
    if waiting.unmapped:
        yield Reason(Level.AMBER, "health.unmapped", {"count": waiting.unmapped})


def _of_alerts(known: HealthInput, told: Collection[str]) -> Iterator[Reason]:
    """What is open by the rules of the alerts and not told already by a reason of our own."""
    for kind in dict.fromkeys(known.conditions):
        if not _TOLD_BY.get(kind, frozenset()) & set(told):
            level = Level.RED if kind == AlertKind.NO_SUCCESS else Level.AMBER
            yield Reason(level, f"alert.kind.{kind}.name")
