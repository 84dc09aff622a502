"""The earlier script's units give way to the service, which goes on from the script's bookmark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.delo_server import PASSWORD, DeloServer
from tests.systemd.box import SystemdBox
from tests.systemd.product import PREFIX
from tests.systemd.service import Service, new_rubric, recent_rubrics, wrong_or_missing

pytestmark = pytest.mark.systemd
ZONE = timezone(timedelta(hours=8))  # of the configuration
UNITS = "/etc/systemd/system"
OLD_SERVICE = "[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
OLD_TIMER = "[Timer]\nOnUnitActiveSec=1h\nOnBootSec=1h\n[Install]\nWantedBy=timers.target\n"


@pytest.fixture
def server() -> Iterator[DeloServer]:
    with DeloServer([*recent_rubrics(20), new_rubric(140_000_000)]) as running:
        yield running


@pytest.mark.slow
def test_the_service_takes_the_place_of_the_script_and_its_timer(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server)
    for name in ("processing", "connection"):
        box.write(f"/root/script/{name}_config.json", json.dumps(getattr(service, name), ensure_ascii=False))
        box.run("rm", f"/etc/baikaldoc-pos/{name}_config.json")
    bookmark = datetime.now(UTC) - timedelta(hours=60)
    box.write("/root/script/state.json", json.dumps({"lastRunTime": f"{bookmark:%Y-%m-%dT%H:%M:%SZ}"}))
    box.write(f"{UNITS}/baikaldoc-pos.service", OLD_SERVICE)
    box.write(f"{UNITS}/baikaldoc-pos.timer", OLD_TIMER)
    box.systemctl("daemon-reload")
    box.systemctl("enable", "--now", "baikaldoc-pos.timer")
    box.systemctl("enable", "baikaldoc-pos.service")

    migrate = f"{PREFIX}/bin/baikaldoc-pos migrate /root/script"
    put_off = box.run("bash", "-c", f"printf 'y\\nn\\n' | {migrate}").stdout
    assert ("повторите команду" in put_off, "enable --now" in put_off) == (True, False)
    assert box.show("baikaldoc-pos.timer", "ActiveState") == "active"
    edited = json.dumps(service.processing | {"batchSize": 7}, ensure_ascii=False)
    box.run("sh", "-c", f"echo '{edited}' > /etc/baikaldoc-pos/processing_config.json")
    box.write("/root/script/state.json", json.dumps({"lastRunTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}))
    done = box.run("bash", "-c", f"echo y | {migrate}")

    assert ("enable --now" in done.stdout, box.read("/etc/baikaldoc-pos/processing_config.json")) == (
        True,
        edited + "\n",
    )
    assert f"{UNITS}/baikaldoc-pos.timer" in done.stdout
    assert box.show("baikaldoc-pos.timer", "LoadState") == "not-found"
    assert "/lib/systemd/system/" in box.show("baikaldoc-pos.service", "FragmentPath")
    left = box.run("find", UNITS, "-name", "baikaldoc*").stdout.split()
    assert sorted(left) == [f"{UNITS}/baikaldoc-pos.service.earlier", f"{UNITS}/baikaldoc-pos.timer.earlier"]
    modes = box.run("stat", "-c", "%a %U:%G", *(f"/etc/baikaldoc-pos/{name}" for name in (
        "processing_config.json", "connection_config.json", "credentials", "credentials/delo-password",
    ))).stdout.splitlines()  # fmt: skip
    assert modes == ["640 root:baikaldoc-pos", "640 root:baikaldoc-pos", "700 root:root", "600 root:root"]
    assert PASSWORD not in box.read("/etc/baikaldoc-pos/connection_config.json")
    box.run(f"{PREFIX}/bin/baikaldoc-pos", "check", timeout=60)
    service.systemctl("enable")
    service.start()
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")
    assert f"{bookmark.astimezone(ZONE):%H:%M}" in box.messages("baikaldoc-pos.service")
    again = box.run(f"{PREFIX}/bin/baikaldoc-pos", "migrate", "/root/script", "--yes")
    assert "юнитов прежнего скрипта" in again.stdout
    assert box.show("baikaldoc-pos.service", "ActiveState") == "active"
