"""A pause that a clock set that was ahead does not last as long as it was wrong."""

from datetime import timedelta
from pathlib import Path

import pytest
from baikaldoc_pos.journal import LONGEST_PAUSE, Pause, PauseFile

from tests.unit.journal.conftest import START as NOW


@pytest.mark.parametrize(("ahead", "holds"), [(timedelta(hours=4), True), (timedelta(days=400), False)])
def test_a_pause_lasts_as_long_as_a_pause_may(tmp_path: Path, ahead: timedelta, holds: bool) -> None:
    file = PauseFile(tmp_path)
    file.begin(Pause(NOW + ahead, NOW, "admin"))
    assert (file.current(NOW) is not None) == holds
    assert file.current(NOW + ahead - LONGEST_PAUSE / 2) is not None
