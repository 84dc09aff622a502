"""A short run of the fault machine; ``make soak`` runs it for as long as one likes."""

from pathlib import Path

import pytest

from tests.soak.machine import survive


@pytest.mark.full_server
@pytest.mark.parametrize("seed", [6, 7])
def test_what_must_hold_holds_whatever_happens(tmp_path: Path, seed: int) -> None:
    assert survive(tmp_path, seed, steps=5)
