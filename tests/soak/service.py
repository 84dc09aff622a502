"""The service as a process, while people, ДЕЛО, the line and signals do what a seed draws."""

import random
import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.journal import JournalReader

from tests.clocks import ManualClock
from tests.delo_server import DeloServer, Request
from tests.installation import Installation
from tests.soak.machine import Violation, bring_about, check
from tests.system.test_quarter import Region

STEPS = 5
SECONDS = 30.0
WAYS = ["undisturbed", "SIGHUP", "SIGHUP, changed", "SIGHUP, broken", "SIGTERM", "SIGSTOP", "kill -9"]


class Service:
    """The process, started anew whenever it has ended."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._installation.arguments("run"), stderr=subprocess.DEVNULL)

    def last_cycle(self) -> int:
        """The number of the last cycle that has ended."""
        state = self._installation.paths.state
        with suppress(JournalUnavailable), JournalReader.open(state) or nullcontext() as journal:
            if journal is not None:
                return next((each.id for each in journal.last_cycles(5) if each.finished_at is not None), 0)
        return 0

    def cycle(self) -> None:
        """Ask for a cycle, and wait until one has ended."""
        before = self.last_cycle()
        asked = 0.0
        end = time.monotonic() + SECONDS
        while self.last_cycle() <= before:
            if self.process.poll() is not None:
                self.process = self._started()
            if time.monotonic() > end:
                raise Violation(f"no cycle has ended for {SECONDS} s")
            if time.monotonic() > asked + 2:  # a service that starts does not take it yet
                asked = time.monotonic()
                self.process.send_signal(signal.SIGUSR1)
            time.sleep(0.1)

    def end(self) -> None:
        """End it as systemd does."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Violation("SIGTERM does not end the service") from None
        # A service that is still starting has not blocked the signal.
        if code not in {0, -signal.SIGTERM}:
            raise Violation(f"the service ended with {code}")

    def disturb(self, way: str, chance: random.Random) -> None:
        """A cycle that this disturbs."""
        files = self._installation.paths.config / "processing_config.json"
        if way.startswith("SIGHUP"):
            self.cycle()  # a service that is starting would end by it
        match way:
            case "SIGTERM":
                self.end()
            case "SIGHUP, changed":
                self._installation.processing["batchSize"] = chance.choice([1, 7, 50])
                self._installation.save()
            case "SIGHUP, broken":
                files.write_text("{", encoding="utf-8")
            case "SIGSTOP" | "kill -9":
                self._at_request(chance.randint(1, 10), signal.SIGSTOP if way == "SIGSTOP" else signal.SIGKILL)
        if way.startswith("SIGHUP"):
            self.process.send_signal(signal.SIGHUP)
        self.cycle()
        self._installation.server.on_execute(None)
        self._installation.save()

    def _at_request(self, number: int, sent: signal.Signals) -> None:
        """Send a signal while the request of this number is under way; ДЕЛО executes it all the same."""
        requests, process = count(1), self.process

        def send(request: Request) -> None:
            if next(requests) == number and process.poll() is None:
                process.send_signal(sent)
                if sent is signal.SIGSTOP:
                    threading.Timer(1.0, process.send_signal, [signal.SIGCONT]).start()

        self._installation.server.on_execute(send)


def survive_as_service(root: Path, seed: int) -> Counter[str]:
    """Live through one seed; return the faults by kind.

    :raises Violation: with what is wrong.
    """
    chance, faults = random.Random(seed), Counter[str]()
    clock = ManualClock(datetime.now(UTC) - timedelta(hours=1))
    with DeloServer() as server:
        installation = Installation(root, server, profile=None)
        installation.processing |= {"updatePolicy": "follow", "retryAttempts": 1}
        installation.service |= {
            "lookback": {"days": 90, "everyMinutes": 0.01},
            "retries": {"firstMinutes": 0.01},
            "limits": {"requestSeconds": 0.4},
            "http": {"listen": None},
        }
        installation.connection["read_timeout"] = 0.3
        installation.save()
        region, service = Region(installation, chance), Service(installation)
        try:
            for _ in range(STEPS):
                region.live(clock)
                for _ in range(chance.randrange(3)):
                    # Wrong clocks, and sign-ins that are waited for by a real clock, are the other machine's.
                    faults[bring_about(server, region, chance, None)] += 1
                way = chance.choice(WAYS)
                service.disturb(way, chance)
                faults[f"service: {way}"] += 1
                if chance.random() < 0.5:
                    server.faults.clear()
            server.faults.clear()
            for _ in range(4):
                installation.command("retry", "--all")
                service.disturb("SIGHUP", chance)
            growth = _megabytes(service.process.pid)
        finally:
            if service.process.poll() is None:
                service.end()
        check(installation, region)
        if growth > 120:
            raise Violation(f"{growth} MB resident")
    return faults


def _megabytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024
