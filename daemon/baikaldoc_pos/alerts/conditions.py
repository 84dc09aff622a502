"""Which conditions hold, from the facts of one moment. Pure; knows neither the journal, nor mail, nor time.

What the facts cannot show is *unknown*, and neither opens nor closes anything: whether ДЕЛО answers, right after a
restart; whether it takes the password, while it does not answer; anything about it, while writing is paused.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from baikaldoc_pos.config import AlertKind, AlertSettings
from baikaldoc_pos.journal import Completeness, IncompleteWindow, RetryEntry, Undelivered
from baikaldoc_pos.state import LastError

# A record with the token that it is known by.
Named = tuple[str, Mapping[str, object]]
# A mail names so many records; the rest is counted.
MOST_RECORDS = 20

UNAVAILABLE = frozenset({"delo.unavailable", "delo.sign_in_postponed"})
REJECTED = frozenset({"delo.credentials_rejected", "delo.session_not_accepted"})
MISMATCH = frozenset({"delo.schema_mismatch", "delo.name_unknown"})
DENIED = "delo.access_denied"
REFUSED = "writes.refused"
UNEXPECTED = "delo.unexpected_answer"
_KINDS: Mapping[str, AlertKind] = {
    **dict.fromkeys(REJECTED, AlertKind.CREDENTIALS_REJECTED),
    DENIED: AlertKind.ACCESS_DENIED,
    REFUSED: AlertKind.WRITES_REFUSED,
}
# A cycle that ends by one of these has had an answer from ДЕЛО, and was let in.
_ANSWERED = REJECTED | MISMATCH | {UNEXPECTED, DENIED, REFUSED}
_LET_IN = MISMATCH | {DENIED, REFUSED}


@frozen
class StorageFault:
    """Something that cannot be written.

    :param what: "journal" or "logs".
    :param path: the file or directory.
    """

    what: str
    path: str
    reason: str
    since: datetime


@frozen(kw_only=True)
class Observed:
    """What the service itself knows; the rest is read from the journal.

    :param cycle_ended: a cycle has ended since the process began, so that ``trouble`` means something.
    :param paused: writing is paused, so that ``trouble`` is of the past.
    :param trouble: the error of the last cycle; None after a success.
    :param rejected_faults: one line for each fault of a configuration that was rejected at reload.
    :param storage: what cannot be written, the journal among it.
    """

    cycle_ended: bool = False
    paused: bool = False
    trouble: LastError | None = None
    rejected_faults: Sequence[str] = ()
    rejected_since: datetime | None = None
    storage: Sequence[StorageFault] = ()


@frozen(kw_only=True)
class ConditionInput:
    """The facts of one moment.

    :param trying_since: when the first cycle after the last success (and the last pause) began; None if none did.
    :param paused_at: when writing was last seen to be paused.
    :param unmapped: the conditions of the unmapped statuses.
    :param undelivered: recipients whom mails did not reach.
    :param incomplete_windows: windows that could not be read whole.
    :param completeness: which rubrics had no «Статус ПОС» when they were last counted.
    """

    now: datetime
    observed: Observed = field(factory=Observed)
    last_success: datetime | None = None
    trying_since: datetime | None = None
    paused_at: datetime | None = None
    retries: Sequence[RetryEntry] = ()
    unmapped: Sequence["Condition"] = ()
    undelivered: Sequence[Undelivered] = ()
    incomplete_windows: Sequence[IncompleteWindow] = ()
    completeness: Completeness | None = None


@frozen
class Condition:
    """Something that needs a person.

    :param key: tells conditions of one kind apart; "" where there is only one.
    :param since: when it began, as far as that is known.
    :param fields: plain JSON values: the fields of its sentences, and ``records``.
    :param count: how many records it is about.
    :param tokens: what it is made of; tokens that no mail has spoken of are news.
    :param records: all of its records, each with its token; ``fields`` have the first of them.
    """

    kind: AlertKind
    key: str
    since: datetime
    fields: Mapping[str, object] = field(factory=dict)
    count: int = 0
    tokens: frozenset[str] = frozenset()
    records: Sequence[Named] = field(default=(), repr=False)


@frozen
class ConditionSet:
    """The conditions that hold, and the kinds of which nothing can be said."""

    holding: Sequence[Condition]
    unknown: frozenset[AlertKind] = frozenset()


def evaluate(facts: ConditionInput, settings: AlertSettings) -> ConditionSet:
    """What holds and what is unknown."""
    holding = [*_about_delo(facts, settings), *_about_records(facts, settings), *_about_us(facts, settings)]
    unknown = _unknown(facts.observed)
    # Only a success ends "no success"; a pause, after which its clock begins anew, does not.
    if facts.paused_at is not None and (facts.last_success is None or facts.last_success <= facts.paused_at):
        unknown |= {AlertKind.NO_SUCCESS}
    return ConditionSet(holding, unknown)


def _unknown(observed: Observed) -> frozenset[AlertKind]:
    judged_by_cycles = (
        AlertKind.DELO_UNAVAILABLE,
        AlertKind.CREDENTIALS_REJECTED,
        AlertKind.ACCESS_DENIED,
        AlertKind.WRITES_REFUSED,
        AlertKind.SCHEMA_MISMATCH,
    )
    if observed.paused:
        return frozenset((*judged_by_cycles, AlertKind.NO_SUCCESS))
    if not observed.cycle_ended:
        return frozenset(judged_by_cycles)
    if observed.trouble is None:
        return frozenset()
    # The errors of a cycle that show the condition to be over; a success shows that of each.
    over_by = {
        AlertKind.DELO_UNAVAILABLE: _ANSWERED,
        AlertKind.CREDENTIALS_REJECTED: _LET_IN,
        AlertKind.ACCESS_DENIED: frozenset({REFUSED}),
        AlertKind.WRITES_REFUSED: frozenset[str](),
        AlertKind.SCHEMA_MISMATCH: frozenset({DENIED, REFUSED}),
    }
    return frozenset(kind for kind, events in over_by.items() if observed.trouble.event not in events)


def _about_delo(facts: ConditionInput, settings: AlertSettings) -> Iterator[Condition]:
    if facts.observed.paused:
        return
    trouble = facts.observed.trouble
    if trouble is not None and facts.paused_at is not None:
        # Nothing is asked during a pause, so that the time before its end does not count.
        trouble = evolve(trouble, since=max(trouble.since, facts.paused_at))
    if trouble is not None and facts.observed.cycle_ended:
        if trouble.event in UNAVAILABLE:
            if facts.now - trouble.since > timedelta(minutes=settings.unavailable_minutes):
                yield _of_trouble(AlertKind.DELO_UNAVAILABLE, trouble)
        elif trouble.event in _KINDS:
            yield _of_trouble(_KINDS[trouble.event], trouble)
        elif trouble.event in MISMATCH:
            yield _of_trouble(AlertKind.SCHEMA_MISMATCH, trouble, frozenset({str(trouble.fields.get("message"))}))
    starts = [facts.trying_since, trouble.since if trouble is not None else None]
    trying_since = min((start for start in starts if start is not None), default=None)
    if trying_since is not None and facts.now - trying_since > timedelta(hours=settings.no_success_hours):
        last = facts.last_success.isoformat() if facts.last_success is not None else None
        fields: dict[str, object] = {"last_success": last, "hours": settings.no_success_hours}
        if trouble is not None:
            fields |= {"event": trouble.event, "event_fields": _plain(trouble.fields)}
        yield Condition(AlertKind.NO_SUCCESS, "", trying_since, fields)


def _of_trouble(kind: AlertKind, trouble: LastError, tokens: frozenset[str] = frozenset()) -> Condition:
    fields = {"event": trouble.event, "event_fields": _plain(trouble.fields)}
    return Condition(kind, "", trouble.since, fields, tokens=tokens)


def _about_records(facts: ConditionInput, settings: AlertSettings) -> Iterator[Condition]:
    refused = sorted(
        (entry for entry in facts.retries if entry.attempts >= settings.refused_times),
        key=lambda entry: (entry.first_failed_at, entry.rubric_isn),
    )
    if refused:
        records = [(str(entry.rubric_isn), _record(entry)) for entry in refused]
        since, fields = refused[0].first_failed_at, {"times": settings.refused_times}
        yield _of_records(AlertKind.RECORDS_REFUSED, "", since, fields, records)
    yield from facts.unmapped
    # A window that was read whole the second time needs nobody.
    windows = [each for each in facts.incomplete_windows if each.tries > 1 and each.acknowledged_at is None]
    if windows:
        first = windows[0]
        shown = {"start": first.period.start.isoformat(), "end": first.period.end.isoformat()}
        counted: dict[str, object] = {**shown, "rows": first.rows, "total": first.total, "count": len(windows)}
        yield Condition(AlertKind.WINDOWS_INCOMPLETE, "", min(each.first_seen for each in windows), counted)
    waiting = facts.completeness
    if waiting is not None and waiting.late:
        oldest = waiting.oldest.isoformat() if waiting.oldest else None
        told = {"count": waiting.late, "days": waiting.waiting_days, "oldest": oldest, **waiting.reasons}
        yield Condition(AlertKind.WAITING_LONG, "", waiting.counted_at, told)


def of_unmapped(rubrics: Iterable[tuple[str, int, str]], now: datetime) -> list[Condition]:
    """The conditions of unmapped statuses, from the status, the ISN and the name of each rubric, the newest first."""
    by_status: dict[str, list[Named]] = {}
    for status, isn, name in rubrics:
        by_status.setdefault(status, []).append((str(isn), {"number": name}))
    return [
        _of_records(AlertKind.UNMAPPED_STATUS, status, now, {"status": status}, named)
        for status, named in by_status.items()
    ]


def _of_records(
    kind: AlertKind, key: str, since: datetime, fields: Mapping[str, object], records: Sequence[Named]
) -> Condition:
    first = [record for _, record in records[:MOST_RECORDS]]
    counted = {**fields, "count": len(records), "records": first}
    return Condition(kind, key, since, counted, len(records), frozenset(token for token, _ in records), records)


def _record(entry: RetryEntry) -> dict[str, object]:
    return {
        "number": entry.number,
        "isn": entry.rubric_isn,
        "attempts": entry.attempts,
        "code": entry.answer.message_code,
    }


def _about_us(facts: ConditionInput, settings: AlertSettings) -> Iterator[Condition]:
    observed = facts.observed
    if observed.rejected_faults:
        fields: dict[str, object] = {
            "count": len(observed.rejected_faults),
            "lines": list(observed.rejected_faults[:MOST_RECORDS]),
        }
        since = observed.rejected_since or facts.now
        yield Condition(AlertKind.CONFIGURATION_REJECTED, "", since, fields, tokens=frozenset(observed.rejected_faults))
    for what in sorted({fault.what for fault in observed.storage}):
        yield of_storage([fault for fault in observed.storage if fault.what == what])
    for each in facts.undelivered:
        if each.recipient in settings.recipients:
            fields = {"recipient": each.recipient, "said": each.reply}
            yield Condition(AlertKind.MAIL_UNDELIVERED, each.recipient, each.since, fields)


def of_storage(faults: Sequence[StorageFault]) -> Condition:
    """The condition for the faults of one thing that cannot be written."""
    first = min(faults, key=lambda fault: fault.since)
    lines = [f"{fault.path}: {fault.reason}" for fault in faults]
    fields = {"what": first.what, "path": first.path, "reason": first.reason, "lines": lines[:MOST_RECORDS]}
    return Condition(AlertKind.STORAGE_FAILING, first.what, first.since, fields, tokens=frozenset(lines))


def _plain(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields as JSON keeps them."""
    return {
        name: value if isinstance(value, str | int | float | None) else str(value) for name, value in fields.items()
    }
