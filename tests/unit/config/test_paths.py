"""Where the directories are."""

from pathlib import Path

from baikaldoc_pos.config import Paths

SYSTEMD = {
    "CONFIGURATION_DIRECTORY": "/etc/baikaldoc-pos:/etc/other",
    "STATE_DIRECTORY": "/var/lib/baikaldoc-pos",
    "LOGS_DIRECTORY": "/var/log/baikaldoc-pos",
}


def test_started_by_hand():
    assert Paths.resolve({}) == Paths(Path("config"), Path("state"), Path("logs"))
    assert Paths.resolve({"STATE_DIRECTORY": ""}).state == Path("state")


def test_started_by_systemd():
    paths = Paths.resolve(SYSTEMD)
    assert paths == Paths(Path("/etc/baikaldoc-pos"), Path("/var/lib/baikaldoc-pos"), Path("/var/log/baikaldoc-pos"))


def test_an_option_goes_before_systemd():
    assert Paths.resolve(SYSTEMD, state=Path("/srv/state")).state == Path("/srv/state")
