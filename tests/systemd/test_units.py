"""The units of packaging/systemd, under a real systemd with stand-ins for the daemon's commands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mail_server import MailServer, make_certificates
from tests.systemd.box import SystemdBox
from tests.systemd.directives import SINCE
from tests.systemd.product import PREFIX, UNITS
from tests.systemd.servers import Https, serving

pytestmark = pytest.mark.systemd

SERVICE, INSTANCE = "baikaldoc-pos.service", "baikaldoc-pos@omsk.service"
ALERT, INSTANCE_ALERT = "baikaldoc-pos-alert@baikaldoc-pos.service", "baikaldoc-pos-alert@baikaldoc-pos@omsk.service"
ALL = (SERVICE, INSTANCE, ALERT, INSTANCE_ALERT)
DIRECTORIES = {SERVICE: "baikaldoc-pos", ALERT: "baikaldoc-pos", INSTANCE: "baikaldoc-pos@omsk"}
DIRECTORIES[INSTANCE_ALERT] = DIRECTORIES[INSTANCE]
READY = "/usr/bin/systemd-notify --ready"


def directives(unit: str) -> list[tuple[str, str]]:
    lines = (UNITS / unit).read_text().splitlines()
    assert not [line for line in lines if line.endswith("\\")], "this reader knows no continued lines"
    return [(line.partition("=")[0], line.partition("=")[2]) for line in lines if re.match(r"\w+=", line)]


def drop_in(box: SystemdBox, unit: str, text: str) -> None:
    """Add to the [Service] section of a unit, until the next box."""
    box.write(f"/run/systemd/system/{unit}.d/test.conf", f"[Service]\n{text}\n")
    box.systemctl("daemon-reload")


def run_shell(box: SystemdBox, unit: str, script: str, extra: str = "") -> None:
    """Put a shell script into the place of the unit's command."""
    box.write(f"/usr/local/lib/{unit}.sh", script)
    # In production only the main process may notify; a shell's is its child.
    drop_in(box, unit, f"NotifyAccess=all\nExecStart=\nExecStart=/bin/sh /usr/local/lib/{unit}.sh\n{extra}")


# -- read as text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [path.name for path in UNITS.glob("*.service")])
def test_every_directive_is_known_to_systemd_249(unit: str) -> None:
    used = {name for name, _ in directives(unit)}
    assert used <= SINCE.keys(), "look up in its manual since when it is there, and add it to directives.py"
    assert {name for name in used if SINCE[name] > 249} == set()


def test_template_is_the_same_file_as_the_plain_unit() -> None:
    assert (UNITS / "baikaldoc-pos@.service").read_bytes() == (UNITS / SERVICE).read_bytes()


def test_alert_is_in_the_same_sandbox_as_the_service() -> None:
    def sandbox(unit: str) -> list[tuple[str, str]]:
        lines = [(name, value.replace("%i", "%N")) for name, value in directives(unit) if name != "WantedBy"]
        return lines[lines.index(("NoNewPrivileges", "yes")) :]

    assert len(sandbox(SERVICE)) > 25
    assert sandbox("baikaldoc-pos-alert@.service") == sandbox(SERVICE)


# -- looked at by systemd ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ALL)
def test_unit_verifies_without_a_word(shared_box: SystemdBox, unit: str) -> None:
    # The manuals of systemd's own units are not on every machine, hence --man=no.
    result = shared_box.run("systemd-analyze", "verify", "--man=no", unit)
    assert result.stdout + result.stderr == ""


@pytest.mark.parametrize("unit", ALL)
def test_exposure_is_at_most_1_2(shared_box: SystemdBox, unit: str) -> None:
    report = shared_box.run("systemd-analyze", "security", "--no-pager", unit).stdout
    exposure = re.search(rf"Overall exposure level for {re.escape(unit)}: ([\d.]+)", report)
    assert exposure is not None
    assert float(exposure[1]) <= 1.2, report


def test_account_is_a_system_account_that_nobody_can_log_in_to(shared_box: SystemdBox) -> None:
    name, _, uid, gid, _, _, shell = shared_box.run("getent", "passwd", "baikaldoc-pos").stdout.strip().split(":")
    assert (name, shell) == ("baikaldoc-pos", "/usr/sbin/nologin")
    assert 0 < int(uid) < 1000
    assert shared_box.run("getent", "group", gid).stdout.startswith("baikaldoc-pos:")
    assert shared_box.run("getent", "shadow", "baikaldoc-pos").stdout.split(":")[1].startswith("!")


# -- at work in the sandbox -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    certificate, context = make_certificates(tmp_path_factory.mktemp("tls"))
    with serving(Https, context) as https, MailServer() as mail:
        yield {"ca": certificate, "arguments": {"https": f"https://localhost:{https}/", "smtp": mail.port}}


def probe(box: SystemdBox, unit: str, servers: dict[str, Any]) -> dict[str, Any]:
    """Run sandbox_probe.py as the unit, and return its answers."""
    directory = DIRECTORIES[unit]
    box.write("/usr/local/lib/probe.py", Path(__file__).with_name("sandbox_probe.py").read_text())
    box.write(f"/etc/{directory}/ca.pem", servers["ca"].read_text(), 0o640)
    box.run("chgrp", "baikaldoc-pos", f"/etc/{directory}/ca.pem")
    # What only the sandbox forbids: by their modes the account may write to the one and read the other.
    box.write(f"/etc/{directory}/credentials/delo-password", "пароль", 0o644)
    for path in ("/srv/open", f"/etc/{directory}/open"):
        box.run("install", "-d", "-m", "0777", path)
    arguments = json.dumps(servers["arguments"], separators=(",", ":")).replace('"', '\\"')
    drop_in(box, unit, f'ExecStart=\nExecStart={PREFIX}/bin/python /usr/local/lib/probe.py "{arguments}"')
    box.systemctl("start", unit)
    answers: dict[str, Any] = json.loads(box.read(f"/var/lib/{directory}/probe.json"))
    return answers


@pytest.mark.parametrize("unit", [SERVICE, INSTANCE, INSTANCE_ALERT])
def test_sandbox_lets_the_work_be_done_and_nothing_else(box: SystemdBox, unit: str, servers: dict[str, Any]) -> None:
    answers = probe(box, unit, servers)
    directory = DIRECTORIES[unit]

    assert "127.0.0.1" in answers["resolve"]
    assert answers["https"] == "здравствуйте"
    assert answers["smtp"] == {}
    assert answers["wal"] == ["wal", 1, True]

    uid = int(box.run("id", "-u", "baikaldoc-pos").stdout)
    assert answers["account"] == [uid, uid, 0o027]
    assert answers["environment"]["CONFIGURATION_DIRECTORY"] == f"/etc/{directory}"
    assert answers["environment"]["STATE_DIRECTORY"] == f"/var/lib/{directory}"
    passwords = {"smtp-password": "\n"}
    owned = {"STATE_DIRECTORY": "written"}
    modes = {f"/var/lib/{directory}": "700 baikaldoc-pos"}
    if unit in (SERVICE, INSTANCE):
        passwords["delo-password"] = "пароль"
        owned |= {"LOGS_DIRECTORY": "written", "RUNTIME_DIRECTORY": "written"}
        modes |= {f"/var/log/{directory}": "750 baikaldoc-pos", f"/run/{directory}": "700 baikaldoc-pos"}
        modes |= {f"/var/log/{directory}/probe.txt": "640 baikaldoc-pos"}
    assert answers["credentials"] == passwords
    assert answers["own_directories"] == owned
    for path, mode in modes.items():
        assert box.run("stat", "--format=%a %G", path).stdout.strip() == mode

    assert "Read-only file system" in answers["write_elsewhere"]
    assert "Read-only file system" in answers["write_configuration"]
    assert "Permission denied" in answers["see_home"]
    assert "Permission denied" in answers["read_password_file"]
    assert answers["other_processes"] is False
    assert "PermissionError" in answers["raw_socket"]
    assert "not supported by protocol" in answers["packet_socket"]
    assert "PermissionError" in answers["write_and_execute"]
    assert "PermissionError" in answers["unshare"]


def test_reload_command_in_the_sandbox_can_signal_the_daemon(box: SystemdBox, servers: dict[str, Any]) -> None:
    probe(box, SERVICE, servers)
    reload = f"{PREFIX}/bin/python -c 'import os; os.kill(int(os.environ[\"MAINPID\"]), 1)'"
    box.write(f"/run/systemd/system/{SERVICE}.d/test2.conf", f"[Service]\nExecReload=\nExecReload={reload}\n")
    box.systemctl("daemon-reload")
    box.systemctl("reload", SERVICE)
    box.wait_until(lambda: box.run("test", "-e", "/var/lib/baikaldoc-pos/reloaded", check=False).returncode == 0)


@pytest.mark.parametrize("unit", [SERVICE, INSTANCE])
def test_service_starts_without_any_credential_and_takes_one_that_is_there(shared_box: SystemdBox, unit: str) -> None:
    directory = DIRECTORIES[unit]
    run_shell(shared_box, unit, f'cp -r "$CREDENTIALS_DIRECTORY" "$STATE_DIRECTORY/taken"; {READY}; exec sleep 60')
    shared_box.systemctl("start", unit)
    assert shared_box.read(f"/var/lib/{directory}/taken/delo-password").strip() == ""
    shared_box.systemctl("stop", unit)
    shared_box.run("rm", "-rf", f"/var/lib/{directory}/taken")
    shared_box.write(f"/etc/{directory}/credentials/delo-password", "пароль\n", 0o600)
    shared_box.systemctl("start", unit)
    assert shared_box.read(f"/var/lib/{directory}/taken/delo-password") == "пароль\n"
    shared_box.systemctl("stop", unit)


def test_runtime_directory_outlives_a_restart_but_not_a_stop(shared_box: SystemdBox) -> None:
    run_shell(shared_box, SERVICE, f'touch "$RUNTIME_DIRECTORY/cookies"; {READY}; exec sleep 60')
    shared_box.systemctl("start", SERVICE)
    run_shell(shared_box, SERVICE, f'test -e "$RUNTIME_DIRECTORY/cookies" && {READY} && exec sleep 60')
    shared_box.systemctl("restart", SERVICE)
    # An instance that stops takes nothing from its neighbour.
    run_shell(shared_box, INSTANCE, f"{READY}; exec sleep 60")
    shared_box.systemctl("start", INSTANCE)
    shared_box.systemctl("stop", INSTANCE)
    assert shared_box.run("ls", "/run/baikaldoc-pos").stdout == "cookies\n"
    shared_box.systemctl("stop", SERVICE)
    assert shared_box.run("test", "-e", "/run/baikaldoc-pos", check=False).returncode == 1


# -- failing ----------------------------------------------------------------------------------------------------------

ALERT_SCRIPT = 'echo alert for "$0" "$@" with $CONFIGURATION_DIRECTORY $STATE_DIRECTORY'


def watch_alerts(box: SystemdBox) -> None:
    """Let the alert unit log what it was told, under its own command line."""
    command = dict(directives("baikaldoc-pos-alert@.service"))["ExecStart"]
    _, _, arguments = command.partition(" notify-failure ")
    box.write("/usr/local/lib/alert.sh", ALERT_SCRIPT)
    drop_in(box, "baikaldoc-pos-alert@.service", f"ExecStart=\nExecStart=/bin/sh /usr/local/lib/alert.sh {arguments}")


def alerts(box: SystemdBox) -> list[str]:
    return [line for line in box.messages().splitlines() if line.startswith("alert for")]


@pytest.mark.parametrize("unit", [SERVICE, INSTANCE])
def test_exit_78_is_final_and_alerts_with_the_units_own_directories(box: SystemdBox, unit: str) -> None:
    watch_alerts(box)
    run_shell(box, unit, "exit 78")
    box.systemctl("start", unit, check=False)
    assert box.show(unit, "ActiveState") == "failed"
    box.wait_until(lambda: alerts(box), what="the alert")
    assert box.show(unit, "NRestarts") == "0"
    directory = DIRECTORIES[unit]
    assert alerts(box) == [f"alert for /usr/local/lib/alert.sh {unit} with /etc/{directory} /var/lib/{directory}"]


@pytest.mark.slow
def test_crashes_restart_the_service_ten_times_and_then_alert_once(box: SystemdBox) -> None:
    watch_alerts(box)
    run_shell(box, SERVICE, f"{READY}; echo started; kill -SEGV $$", "RestartSec=0")
    box.systemctl("start", SERVICE, check=False)
    box.wait_until(lambda: alerts(box), what="the alert")
    box.wait_for(SERVICE, ActiveState="failed")
    assert box.messages(SERVICE).splitlines().count("started") == 10
    assert len(alerts(box)) == 1


@pytest.mark.slow
def test_watchdog_kills_and_restarts_without_an_alert(box: SystemdBox) -> None:
    watch_alerts(box)
    run_shell(box, SERVICE, f"{READY}; exec sleep 60", "WatchdogSec=300ms\nRestartSec=0")
    box.systemctl("start", SERVICE)
    box.wait_until(lambda: int(box.show(SERVICE, "NRestarts")) >= 2)
    box.systemctl("stop", SERVICE)
    assert "status=6/ABRT" in box.messages(SERVICE)
    assert alerts(box) == []


def test_alert_that_fails_is_tried_again_but_not_where_it_never_can(box: SystemdBox) -> None:
    alert = "baikaldoc-pos-alert@.service"
    run_shell(
        box, alert, 'test -e "$STATE_DIRECTORY/tried" || { touch "$STATE_DIRECTORY/tried"; exit 1; }', "RestartSec=0"
    )
    box.run("systemctl", "start", "--no-block", ALERT)
    box.wait_until(lambda: "Finished" in box.messages(ALERT), what="the second attempt")
    for status in (2, 78):
        run_shell(box, alert, f"exit {status}", "RestartSec=0")
        box.systemctl("start", INSTANCE_ALERT, check=False)
        assert box.show(INSTANCE_ALERT, "NRestarts") == "0"
        box.wait_for(INSTANCE_ALERT, ActiveState="failed")
