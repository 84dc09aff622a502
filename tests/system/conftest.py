"""Records of all levels are kept, so that tests can ask what was said; and rubrics that wait."""

import logging

import pytest

from tests.delo_server import pending_rubrics
from tests.installation import Installation
from tests.system.sixty import COUNT


@pytest.fixture(autouse=True)
def _everything_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="baikaldoc_pos")


@pytest.fixture
def sixty(installation: Installation) -> Installation:
    """Sixty rubrics that wait, in batches of fifty."""
    installation.server.store.add(*pending_rubrics(COUNT))
    return installation
