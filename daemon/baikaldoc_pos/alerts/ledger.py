"""What follows from the conditions that hold, given what is open: what opens, closes, and whom to tell. Pure.

A condition is told once when it opens and once when it is over. Its further news wait for a digest, which leaves
when one of them has waited for ``digest_every``, takes up all that are due to be told, and is at most as frequent.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import field, frozen

from baikaldoc_pos.alerts.conditions import MOST_RECORDS, Condition, Findings
from baikaldoc_pos.journal import OpenCondition

# Of one kind, so many at a time have a mail each; more are told in one.
MOST_SINGLE = 5


class Purpose(StrEnum):
    """What a mail is for. The values stand in the outbox and in the mails' headers."""

    OPENED = "opened"
    CLOSED = "closed"
    DIGEST = "digest"
    TEST = "test"


@frozen
class Entry:
    """One condition as a mail tells of it.

    :param fields: those of its sentences.
    :param over: when it was over; null while it holds.
    :param fresh: in a digest, how many records nobody has been told of.
    :param opening: the Message-ID of the mail about its opening.
    """

    kind: str
    key: str
    since: datetime
    fields: Mapping[str, object]
    over: datetime | None = None
    fresh: int = 0
    opening: str | None = None


@frozen
class Dispatch:
    """A mail to be written. ``about`` holds the (kind, key) of its entries."""

    purpose: Purpose
    entries: Sequence[Entry]

    @property
    def about(self) -> frozenset[tuple[str, str]]:
        return frozenset((entry.kind, entry.key) for entry in self.entries)


@frozen(kw_only=True)
class Decision:
    """What is to be recorded and written.

    :param opened: conditions that are new.
    :param kept: those that go on, by the id of the open one.
    :param closed: those that are over.
    :param told: of the kept ones, those that a mail of ``mails`` speaks of.
    """

    opened: Sequence[Condition] = ()
    kept: Mapping[int, Condition] = field(factory=dict)
    closed: Sequence[OpenCondition] = ()
    told: frozenset[int] = frozenset()
    mails: Sequence[Dispatch] = ()


@frozen(kw_only=True)
class Rules:
    """Whom to tell, and how often.

    :param reported: the kinds that mails are written about; none while there are no recipients.
    :param last_digest: when the last one was written.
    """

    reported: frozenset[str]
    digest_every: timedelta
    last_digest: datetime | None = None


def decide(present: Sequence[OpenCondition], found: Findings, rules: Rules, now: datetime) -> Decision:
    """Compare what is open with what holds."""
    before = {(each.kind, each.key): each for each in present}
    holding = {(str(each.kind), each.key): each for each in found.holding}
    opened = [each for place, each in holding.items() if place not in before]
    kept = {before[place].id: each for place, each in holding.items() if place in before}
    closed = [each for place, each in before.items() if place not in holding and each.kind not in found.unknown]

    # Also one that nobody has been told of: it was not reported, or there was nobody to tell.
    untold = {each.id for each in present if each.id in kept and each.told is None and each.kind in rules.reported}
    news = [entry for each in present if each.id in kept and (entry := _news(each, kept[each.id], rules))]
    openings = [_entry(each) for each in opened if each.kind in rules.reported]
    openings += [_entry(kept[id_]) for id_ in sorted(untold)]
    closings = [_closing(each, now) for each in closed if each.told is not None and each.kind in rules.reported]
    mails = [*_mails(Purpose.CLOSED, closings), *_mails(Purpose.OPENED, openings)]
    told = set(untold)
    if news and _digest_is_due([before[entry.kind, entry.key] for entry in news], rules, now):
        mails.append(Dispatch(Purpose.DIGEST, news))
        told |= {before[entry.kind, entry.key].id for entry in news}
    return Decision(opened=opened, kept=kept, closed=closed, told=frozenset(told), mails=mails)


def _news(before: OpenCondition, now: Condition, rules: Rules) -> Entry | None:
    """What has come to a condition since people were told of it; records that are news come first."""
    if before.told is None or before.kind not in rules.reported:
        return None
    told = before.told.tokens
    # What was told of before it had tokens is known by its number only.
    known_by_number = before.told.count > 0 and not told
    fresh = max(0, now.count - before.told.count) if known_by_number else len(now.tokens - told)
    if not fresh:
        return None
    fields = dict(now.fields)
    if now.records:
        news_first = sorted(now.records, key=lambda each: each[0] in told)
        fields["records"] = [record for _, record in news_first[:MOST_RECORDS]]
    return Entry(now.kind, now.key, before.since, fields, fresh=fresh, opening=before.told.message_id)


def _digest_is_due(about: Sequence[OpenCondition], rules: Rules, now: datetime) -> bool:
    if rules.last_digest is not None and now - rules.last_digest < rules.digest_every:
        return False
    return any(each.told is not None and now - each.told.at >= rules.digest_every for each in about)


def _entry(condition: Condition) -> Entry:
    return Entry(condition.kind, condition.key, condition.since, condition.fields)


def _closing(condition: OpenCondition, now: datetime) -> Entry:
    opening = condition.told.message_id if condition.told is not None else None
    return Entry(condition.kind, condition.key, condition.since, condition.fields, over=now, opening=opening)


def _mails(purpose: Purpose, entries: Sequence[Entry]) -> list[Dispatch]:
    """A mail for each, or one for all of a kind where there are many at a time."""
    by_kind: dict[str, list[Entry]] = {}
    for entry in entries:
        by_kind.setdefault(entry.kind, []).append(entry)
    mails = []
    for alike in by_kind.values():
        if len(alike) > MOST_SINGLE:
            mails.append(Dispatch(purpose, alike))
        else:
            mails += [Dispatch(purpose, [entry]) for entry in alike]
    return mails
