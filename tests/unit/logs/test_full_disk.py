import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.logs.programs import run

WRITES = """
import resource
directory = sys.argv[1]
setup = start(directory)
log.info("session.signed_in", number=0)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
for number in range(1, 40):
    log.error("session.ended", number=number)
assert setup.file_failures
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.error("session.ended", number=40)
assert not setup.file_failures
print("still here", file=sys.stderr)
"""

FILLS = """
directory = Path(sys.argv[1])
setup = start(directory / "logs")
log.info("session.signed_in", number=0)
ballast = directory / "ballast"
with ballast.open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
for number in range(1, 400):
    log.info("session.ended", number=number)
assert setup.file_failures
ballast.unlink()
log.info("session.ended", number=400)
assert not setup.file_failures
"""

FORBIDDEN = """
start(sys.argv[1])
for number in range(5):
    log.error("session.ended", number=number)
"""


def lines_of(directory: Path) -> list[dict[str, object]]:
    """Of the day's file; each must be whole."""
    (path,) = directory.glob("log_*.log")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_file_that_takes_no_more_stops_nothing_and_is_told_once(tmp_path: Path) -> None:
    status, errors = run(WRITES, str(tmp_path))
    assert status == 0, errors
    assert errors.rstrip().endswith("still here")
    assert errors.count("log.file_failed") == 1
    assert errors.count("log.file_recovered") == 1
    assert "Traceback" not in errors
    assert all(f"session.ended number={number}\n" in errors for number in range(1, 41))
    written = [line["number"] for line in lines_of(tmp_path) if "number" in line]
    (recovered,) = [line for line in lines_of(tmp_path) if line["event"] == "log.file_recovered"]
    assert written[0] == 0
    assert written[-1] == 40
    assert len(written) + int(str(recovered["lost"])) == 41


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(tmp_path)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system can only be mounted by root")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_stops_nothing_and_leaves_no_half_lines(small_disk: Path) -> None:
    status, errors = run(FILLS, str(small_disk))
    assert status == 0, errors
    assert errors.count("log.file_failed") == 1
    assert "No space left on device" in errors
    assert errors.count("log.file_recovered") == 1
    assert lines_of(small_disk / "logs")[-2]["number"] == 400


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_directory_that_the_account_may_not_write_stops_nothing(tmp_path: Path) -> None:
    forbidden = tmp_path / "logs"
    forbidden.mkdir(0o700)
    # Read the code as root, then write as nobody.
    status, errors = run(f"os.setgid(65534); os.setuid(65534){FORBIDDEN}", str(forbidden))
    assert status == 0, errors
    assert errors.count("log.file_failed") == 1
    assert "Permission denied" in errors
    assert "Traceback" not in errors
    assert errors.count("session.ended") == 5
