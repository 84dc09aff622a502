"""Progress of jobs, the reload's result, and telling a restart from a stop."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.service import shutdown
from baikaldoc_pos.service.reload import ReloadFile, ReloadResult, await_reload
from baikaldoc_pos.service.shutdown import own_unit, restart_is_pending
from baikaldoc_pos.service.systemd import Notifier
from baikaldoc_pos.service.watchdog import JobMonitor, has_room

# A service in a nutshell: on SIGHUP it leaves the next result, as the daemon does.
SERVICE = """
import os, signal, sys
from pathlib import Path
from baikaldoc_pos.service.reload import ReloadFile, ReloadResult
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
file = ReloadFile(Path(sys.argv[1]))
file.write(ReloadResult(os.getpid(), 4, 0))
print("ready", flush=True)
signal.sigwait({signal.SIGHUP})
file.write(ReloadResult(os.getpid(), 5, 2))
sys.stdin.read()
"""


def test_reload_is_awaited_and_its_outcome_known(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    try:
        assert await_reload(tmp_path, process.pid, timeout=10) == ReloadResult(process.pid, 5, 2)
    finally:
        process.communicate()


def test_result_is_known_where_the_disk_of_the_state_directory_is_full(tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    environ = {"RUNTIME_DIRECTORY": str(runtime)}
    result = ReloadResult(os.getpid(), 5, 0)
    ReloadFile.of(tmp_path / "full", environ).write(result)
    assert ReloadFile.of(tmp_path / "full", environ).read() == result
    assert ReloadFile(runtime).read() == result
    with pytest.raises(OSError, match="No such file"):
        ReloadFile(tmp_path / "full").write(result)
    (tmp_path / "reload.json").write_text('{"pid": 1')
    assert ReloadFile(tmp_path).read() is None


def test_there_is_room_wherever_space_is_not_what_is_wrong(tmp_path: Path) -> None:
    assert has_room(tmp_path)
    assert not list(tmp_path.iterdir())
    assert has_room(tmp_path / "nowhere")


def test_unit_is_found_in_either_kind_of_control_group(tmp_path: Path) -> None:
    groups = tmp_path / "cgroup"
    groups.write_text("2:cpu:/\n1:name=systemd:/system.slice/baikaldoc-pos@omsk.service\n0::/\n")
    assert own_unit(groups) == "baikaldoc-pos@omsk.service"
    groups.write_text("0::/user.slice/session-1.scope\n")
    assert own_unit(groups) is None
    assert own_unit(tmp_path / "nowhere") is None


def test_a_journal_that_a_backup_holds_is_waited_for_at_the_start(tmp_path, monkeypatch):
    faults = [JournalUnavailable("journal.sqlite3", "database is locked")] * 2
    said = []
    monkeypatch.setattr(shutdown, "wait_tick", lambda notifier, status: said.append(status))

    def opening():
        if faults:
            raise faults.pop()
        return "open"

    assert shutdown.retry_until_possible(opening, tmp_path, Notifier(), Catalogue("ru")) == "open"
    assert len(said) == 2
    assert said[0].startswith("Запуск: ждёт, пока освободится журнал.")


def test_where_systemd_cannot_be_asked_it_is_a_stop() -> None:
    assert restart_is_pending("no-such-unit-of-ours.service") is False


def test_only_running_jobs_have_an_age_and_progress_renews_it() -> None:
    monitor = JobMonitor()
    assert not monitor.ages()
    monitor.progress()
    with monitor.running("cycle"):
        assert monitor.ages().keys() == {"cycle"}
        first = monitor.ages()["cycle"]
        monitor.progress()
        assert monitor.ages()["cycle"] <= first + 1
    assert not monitor.ages()
