"""Fixtures that the whole suite shares."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.alerting import Installed
from tests.clocks import NOW, ManualClock
from tests.delo_server import DeloServer
from tests.installation import Installation
from tests.mail_server import MailServer

# The processes that tests start are not to compile every module anew, wherever this was set for whatever reason.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# readline sets it for the workers of xdist, and commands obey it.
os.environ.pop("COLUMNS", None)

# A loaded machine is no defect; and what is random finds more over many runs than in a long one.
settings.register_profile("suite", deadline=None, max_examples=40)
settings.load_profile("suite")


def pytest_xdist_auto_num_workers() -> int:
    """More workers than processors, up to a point: most tests wait for sockets, processes and systemd half the time."""
    processors = len(os.sched_getaffinity(0))
    return max(processors, min(2 * processors, 8))


# ``make test-as-run``: the stand-in takes only the forms that have run, and nothing is known of it beforehand.
AS_RUN = os.environ.get("DELO_SERVER") == "as-run"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items if AS_RUN else ():
        if item.get_closest_marker("full_server"):
            item.add_marker(pytest.mark.skip(reason="the server as run lacks what this test speaks of"))


@pytest.fixture
def server() -> Iterator[DeloServer]:
    with DeloServer() as running:
        if AS_RUN:
            running.faults.as_run()
        yield running


@pytest.fixture
def installation(tmp_path: Path, server: DeloServer) -> Installation:
    return Installation(tmp_path, server, profile=None) if AS_RUN else Installation(tmp_path, server, counted=NOW)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture
def install(tmp_path: Path, mail: MailServer) -> Iterator[Callable[..., Installed]]:
    made: list[Installed] = []

    def make(port: int | None = None, **changes: object) -> Installed:
        made.append(Installed(tmp_path, mail.port if port is None else port, **changes))
        return made[-1]

    yield make
    for each in made:
        each.journal.close()


def pytest_collection_finish() -> None:
    """No garbage collection looks at what has been imported and collected any more."""
    gc.collect()
    gc.freeze()
