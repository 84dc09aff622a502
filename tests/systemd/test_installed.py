"""Root's command works on the installed service, and leaves nothing that the service cannot read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.delo_server import PASSWORD, DeloServer
from tests.systemd.box import SystemdBox
from tests.systemd.product import PREFIX
from tests.systemd.service import Service, recent_rubrics, wrong_or_missing

pytestmark = pytest.mark.systemd
COMMAND = f"umask 077; {PREFIX}/bin/baikaldoc-pos"


@pytest.fixture
def server() -> Iterator[DeloServer]:
    with DeloServer(recent_rubrics(30)) as running:
        yield running


@pytest.mark.parametrize(
    ("unit", "option"),
    [("baikaldoc-pos", ""), pytest.param("baikaldoc-pos@omsk", "--instance omsk ", marks=pytest.mark.slow)],
)
def test_root_needs_no_directories_and_no_password(box: SystemdBox, server: DeloServer, unit: str, option: str) -> None:
    service = Service(box, server, f"{unit}.service")
    del service.connection["password"]
    service.connection["password_file"] = "credentials/delo-password"
    service.save()
    box.run("install", "-d", "-m", "0700", f"/etc/{unit}/credentials")
    absent = box.run("bash", "-c", f"{COMMAND} {option}check --offline", check=False)
    assert (absent.returncode, f"/etc/{unit}/credentials/delo-password нет" in absent.stderr) == (78, True)
    box.write(f"/etc/{unit}/credentials/delo-password", PASSWORD + "\n", 0o600)
    box.run("bash", "-c", f"{COMMAND} {option}check --offline")
    assert box.run("stat", "-c", "%a %U", f"/var/lib/{unit}", f"/var/log/{unit}").stdout.split() == [
        *("700", "baikaldoc-pos"),
        *("750", "baikaldoc-pos"),
    ]
    service.start()
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")

    def command(arguments: str) -> str:
        return box.run("bash", "-c", f"{COMMAND} {option}{arguments}", timeout=60).stdout

    assert "Последний успешный цикл" in command("status")
    assert "ДЕЛО" in command("check")
    command("pause --for 1h")
    foreign = box.run("find", f"/var/lib/{unit}", f"/var/log/{unit}", "!", "-user", "baikaldoc-pos").stdout
    assert foreign == ""
    command("resume")
    service.systemctl("stop")
    service.start()
    box.run("bash", "-c", f"printf '\\377\\n' > /etc/{unit}/credentials/delo-password")
    refused = box.run("bash", "-c", f"{COMMAND} {option}check --offline", check=False)
    assert (refused.returncode, f"/etc/{unit}/credentials/delo-password" in refused.stderr) == (78, True)
    assert "Последний успешный цикл" in command("status")
