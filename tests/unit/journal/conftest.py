import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from baikaldoc_pos.journal import Journal

START = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)


class StandingClock:
    """A clock that moves when it is told to."""

    def __init__(self, now: datetime = START) -> None:
        self.instant = now

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.instant.timestamp()

    def pause(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)

    def check_stop(self) -> None:
        pass

    def forward(self, **delta: float) -> datetime:
        self.instant += timedelta(**delta)
        return self.instant


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def journal(directory: Path, clock: StandingClock) -> Iterator[Journal]:
    with Journal.open(directory, clock) as opened:
        yield opened


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB of its own."""
    mount_point = tmp_path / "disk"
    mount_point.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount_point)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("a file system can be mounted by root only")
    yield mount_point
    subprocess.run(["umount", "--lazy", str(mount_point)], check=True)
