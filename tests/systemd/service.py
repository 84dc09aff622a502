"""The service in a box, configured for a stand-in of ДЕЛО that runs outside it (the network is shared)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.delo_server import MAPPING, PASSWORD, UNMAPPED, USER, DeloServer, StoredRubric, make_rubric, pending_rubrics
from tests.systemd.box import SystemdBox

UNIT = "baikaldoc-pos.service"
QUICK = "WatchdogSec=3\nRestartSec=0.2\nTimeoutAbortSec=5\nTimeoutStopSec=20"


def new_rubric(isn: int) -> StoredRubric:
    """A pending rubric that has just been created."""
    return make_rubric(isn, ins_date=datetime.now(UTC) - timedelta(seconds=30))


def recent_rubrics(count: int, first_isn: int = 128_000_001) -> list[StoredRubric]:
    """Pending rubrics created within the last days."""
    now = datetime.now(UTC)
    return pending_rubrics(count, since=now - timedelta(days=2), until=now - timedelta(hours=1), first_isn=first_isn)


class Service:
    """One unit in a box with a configuration of its own.

    :param settings: sections of service_config.json.
    """

    def __init__(self, box: SystemdBox, server: DeloServer, unit: str = UNIT, **settings: dict[str, Any]) -> None:
        self.box = box
        self.server = server
        self.unit = unit
        self.name = unit.removesuffix(".service")
        self.processing: dict[str, Any] = {
            "statusMapping": dict(MAPPING),
            "ignoredStatuses": list(UNMAPPED),
            "utcOffsetHours": 8,
            "retryAttempts": 1,
        }
        self.connection: dict[str, Any] = {
            "login_url": server.login_url,
            "logout_url": server.logout_url,
            "graphql_endpoint": server.graphql_url,
            "username": USER,
            "password": PASSWORD,
            "connect_timeout": 2,
            "read_timeout": 5,
        }
        self.service: dict[str, Any] = {"schedule": {"intervalMinutes": 60}, **settings}
        self.save()
        self.drop_in(QUICK)

    def save(self) -> None:
        """Write the three files as they are described now."""
        for name in ("processing", "connection", "service"):
            text = json.dumps(getattr(self, name), ensure_ascii=False)
            self.box.write(f"/etc/{self.name}/{name}_config.json", text, 0o640, "root:baikaldoc-pos")

    def drop_in(self, text: str, name: str = "quick") -> None:
        self.box.write(f"/run/systemd/system/{self.unit}.d/{name}.conf", f"[Service]\n{text}\n")
        self.box.systemctl("daemon-reload")

    def systemctl(self, verb: str, *, check: bool = True, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return self.box.systemctl(verb, self.unit, check=check, timeout=timeout)

    def start(self) -> None:
        """Start, and return when it is ready."""
        self.systemctl("start")

    @property
    def pid(self) -> int:
        return self.box.main_pid(self.unit)

    def send(self, signal: str) -> None:
        """Send a signal to the main process."""
        self.box.run("systemctl", "kill", "--kill-whom=main", f"--signal={signal}", self.unit)

    @property
    def status(self) -> str:
        """What STATUS= says."""
        return self.box.show(self.unit, "StatusText")

    @property
    def restarts(self) -> int:
        return int(self.box.show(self.unit, "NRestarts"))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the service's journal."""
        return self.box.query(f"/var/lib/{self.name}/journal.sqlite3", sql)

    def finished_cycles(self) -> int:
        return int(self.query("SELECT count(*) FROM cycles WHERE finished_at IS NOT NULL")[0][0])

    def wait(self, condition: Callable[[], object], what: str, timeout: float = 30) -> None:
        self.box.wait_until(condition, timeout, what)


def wrong_or_missing(server: DeloServer) -> dict[int, str | None]:
    """Rubrics of the stand-in whose ПОС status is not what the mapping says."""
    return {r.isn: r.pos for r in server.store.rubrics() if r.pos != MAPPING[r.sstu or ""]}
