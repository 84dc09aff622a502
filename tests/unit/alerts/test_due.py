"""A wait that a clock set that was ahead does not last as long as it was wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from baikaldoc_pos.alerts.outbox import UNANSWERED_DELAY, _is_due
from baikaldoc_pos.journal import RecipientStatus

NOW = datetime(2026, 10, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "due"),
    [(timedelta(0), True), (timedelta(minutes=1), False), (UNANSWERED_DELAY, False), (timedelta(days=400), True)],
)
def test_a_mail_waits_for_its_longest_delay_at_most(ahead: timedelta, due: bool) -> None:
    assert _is_due(RecipientStatus(next_attempt_at=NOW + ahead), NOW) == due
