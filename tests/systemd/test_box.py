"""The harness itself: what runs in a box is a real systemd, and nothing of it reaches the host or stays there."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd import box as boxes
from tests.systemd import conftest
from tests.systemd.box import SystemdBox

pytestmark = pytest.mark.systemd

TOY = """
import faulthandler, os, socket, sys, threading
faulthandler.enable()
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect(os.environ["NOTIFY_SOCKET"])
print("<3>сбой", file=sys.stderr, flush=True)
def deeply_wedged(): threading.Event().wait()
threading.Thread(target=deeply_wedged, daemon=True).start()
notify.send("READY=1\\nSTATUS=готово".encode())
deeply_wedged()
"""


@pytest.fixture(scope="module")
def bare(bootable: None) -> Iterator[SystemdBox]:
    with SystemdBox() as box:
        yield box


def install_toy(box: SystemdBox, name: str, extra: str = "") -> None:
    box.write("/usr/local/lib/toy.py", TOY)
    unit = f"[Service]\nType=notify\nExecStart=/usr/bin/python3 /usr/local/lib/toy.py\nTimeoutStartSec=10\n{extra}"
    box.write(f"/etc/systemd/system/{name}", unit)
    box.systemctl("daemon-reload")


def test_watchdog_aborts_a_service_that_does_not_ping_and_restarts_it(bare: SystemdBox) -> None:
    install_toy(bare, "dog.service", "WatchdogSec=500ms\nRestart=always\nRestartSec=0\nLimitCORE=0\n")
    bare.systemctl("start", "dog.service")
    bare.wait_until(lambda: int(bare.show("dog.service", "NRestarts")) >= 1)
    assert "deeply_wedged" in bare.messages("dog.service")
    bare.systemctl("stop", "dog.service")


def test_boxes_side_by_side_see_nothing_of_each_other_and_leave_nothing(bare: SystemdBox) -> None:
    install_toy(bare, "side.service")
    bare.systemctl("start", "side.service")
    with SystemdBox() as other:
        install_toy(other, "side.service")
        other.systemctl("start", "side.service")
        other.systemctl("kill", "--signal=KILL", "side.service")
        other.wait_for("side.service", ActiveState="failed")
        directory, init = other._directory, other._init
        assert directory is not None
        assert list(boxes._cgroups(directory.name))
    assert bare.show("side.service", "ActiveState") == "active"
    assert not directory.exists()
    assert not list(boxes._cgroups(directory.name))
    assert not Path(f"/proc/{init}").exists()
    assert not Path("/usr/local/lib/toy.py").exists()


def test_killed_test_process_takes_its_box_with_it(bare: SystemdBox) -> None:
    script = (
        "from tests.systemd.box import SystemdBox; import time\n"
        "with SystemdBox() as box: print(box._init, box._directory, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        init, directory = owner.stdout.readline().split()
        assert Path(f"/proc/{init}/comm").read_text() == "systemd\n"
        owner.send_signal(signal.SIGKILL)
    bare.wait_until(lambda: _dead(init), what="the box to die")

    def swept() -> bool:
        boxes.remove_stale()
        return not Path(directory).exists()

    bare.wait_until(swept, what="its directory to be removed")


def test_where_no_box_can_be_booted_ci_fails_and_a_developer_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="needs root"):
        conftest.require("needs root")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="needs root"):
        conftest.require("needs root")
    conftest.require(None)


def _dead(pid: str) -> bool:
    """Gone, or a zombie that the machine's PID 1 has not collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
