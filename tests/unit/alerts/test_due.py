"""Waits that a clock set that was ahead do not last as long as it was wrong."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from baikaldoc_pos.alerts.outbox import UNANSWERED_DELAY, _is_due
from baikaldoc_pos.journal import LONGEST_PAUSE, Pause, PauseFile, RecipientStatus

NOW = datetime(2026, 10, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "due"),
    [(timedelta(0), True), (timedelta(minutes=1), False), (UNANSWERED_DELAY, False), (timedelta(days=400), True)],
)
def test_a_mail_waits_for_its_longest_delay_at_most(ahead: timedelta, due: bool) -> None:
    assert _is_due(RecipientStatus(next_attempt_at=NOW + ahead), NOW) == due


@pytest.mark.parametrize(("ahead", "holds"), [(timedelta(hours=4), True), (timedelta(days=400), False)])
def test_a_pause_lasts_as_long_as_a_pause_may(tmp_path: Path, ahead: timedelta, holds: bool) -> None:
    file = PauseFile(tmp_path)
    file.begin(Pause(NOW + ahead, NOW, "admin"))
    assert (file.current(NOW) is not None) == holds
    assert file.current(NOW + ahead - LONGEST_PAUSE / 2) is not None
