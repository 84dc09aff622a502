"""Where the directories are."""

from pathlib import Path

from baikaldoc_pos.config import Paths

SYSTEMD = {
    "CONFIGURATION_DIRECTORY": "/etc/baikaldoc-pos:/etc/other",
    "STATE_DIRECTORY": "/var/lib/baikaldoc-pos",
    "LOGS_DIRECTORY": "/var/log/baikaldoc-pos",
}


def test_an_option_goes_before_systemd_and_that_before_the_working_directory():
    assert Paths.resolve({"STATE_DIRECTORY": ""}) == Paths(Path("config"), Path("state"), Path("logs"))
    log = Path("/var/log/baikaldoc-pos")
    assert Paths.resolve(SYSTEMD) == Paths(Path("/etc/baikaldoc-pos"), Path("/var/lib/baikaldoc-pos"), log)
    assert Paths.resolve(SYSTEMD, state=Path("/srv/state")).state == Path("/srv/state")
