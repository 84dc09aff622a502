"""A short run of the fault machine; ``make soak`` runs it for as long as one likes."""

from pathlib import Path

import pytest

from tests.soak.machine import survive


@pytest.mark.full_server
def test_what_must_hold_holds_whatever_happens(tmp_path: Path) -> None:
    assert survive(tmp_path, 7, steps=6)
