"""Through any course of events: told once when it begins, once when it is over, and of news at most in a digest."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from baikaldoc_pos.alerts.conditions import Condition, ConditionSet
from baikaldoc_pos.alerts.engine import decide
from baikaldoc_pos.alerts.mail import Purpose
from baikaldoc_pos.alerts.outbox import UNANSWERED_DELAY, _is_due
from baikaldoc_pos.config import AlertKind, AlertSettings
from baikaldoc_pos.journal import Notified, OpenCondition, RecipientStatus
from hypothesis import given
from hypothesis import strategies as st

START = datetime(2026, 10, 15, 4, 0, tzinfo=UTC)
EVERY = timedelta(hours=24)
KINDS = (AlertKind.RECORDS_REFUSED, AlertKind.NO_SUCCESS)
SETTINGS = AlertSettings(recipients=("admin@example.org",), report=KINDS, digest_hours=EVERY.total_seconds() / 3600)

MOMENT = st.tuples(
    st.integers(1, 40),  # hours that pass
    st.dictionaries(st.sampled_from(KINDS), st.frozensets(st.sampled_from("abcdef"), min_size=1)),
    st.sets(st.sampled_from(KINDS)),  # unknown
)


@given(st.lists(MOMENT, max_size=30))
def test_any_course_of_events(course):
    now, present, last_digest, number = START, [], None, 0
    history: dict[str, list[Purpose]] = {}
    heard: dict[str, set[str]] = {}
    for hours, holding, unknown in course:
        now += timedelta(hours=hours)
        conditions = [Condition(kind, "", now, {}, len(tokens), tokens) for kind, tokens in holding.items()]
        decision = decide(present, ConditionSet(conditions, frozenset(unknown)), SETTINGS, last_digest, now)
        for mail in decision.mails:
            for entry in mail.entries:
                history.setdefault(entry.kind, []).append(mail.purpose)
            if mail.purpose is Purpose.DIGEST:
                assert last_digest is None or now - last_digest >= EVERY
                last_digest = now
        # What the journal does with a decision.
        closed = {each.id for each in decision.closed}
        kept = []
        for each in present:
            if each.id in closed:
                continue
            if each.id in decision.told:
                condition = decision.kept[each.id]
                fresh = condition.tokens - each.told.tokens
                assert fresh or condition.count > each.told.count
                told = Notified(now, max(each.told.count, condition.count), condition.tokens, "")
                each = attrs.evolve(each, told=told)  # noqa: PLW2901
            kept.append(each)
        for condition in decision.opened:
            number += 1
            told = Notified(now, condition.count, condition.tokens, "")
            kept.append(OpenCondition(number, condition.kind, "", now, now, {}, told))
            heard[condition.kind] = set()
        present = kept
        places = [(each.kind, each.key) for each in present]
        assert len(set(places)) == len(places)
        assert {kind for kind, _ in places} >= set(holding)
        assert {kind for kind, _ in places} <= set(holding) | unknown
    for kind, purposes in history.items():
        told = [purpose for purpose in purposes if purpose is not Purpose.DIGEST]
        assert told == [Purpose.OPENED, Purpose.CLOSED] * (len(told) // 2) + [Purpose.OPENED] * (len(told) % 2)
        assert (kind in {each.kind for each in present}) == (len(told) % 2 == 1)


@pytest.mark.parametrize(
    ("ahead", "due"),
    [(timedelta(0), True), (timedelta(minutes=1), False), (UNANSWERED_DELAY, False), (timedelta(days=400), True)],
)
def test_a_mail_waits_for_its_longest_delay_at_most(ahead: timedelta, due: bool) -> None:
    """A clock that was ahead does not make it wait as long as it was wrong."""
    assert _is_due(RecipientStatus(next_attempt_at=START + ahead), START) == due
