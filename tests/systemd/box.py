"""A real systemd as PID 1 in a box of its own, for tests: throw-away file system, own processes, the host's network.

Needs root with CAP_SYS_ADMIN, overlayfs and cgroup2 in the kernel, and on a Debian machine the packages systemd, dbus
and util-linux (and python3-venv and openssl for product.py and servers.py). systemd_box.sh makes the namespaces; this
module boots, talks to and ends what runs in them. It knows nothing of the product.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

SCRIPT = Path(__file__).with_name("systemd_box.sh")
PARENT = Path("/var/tmp")  # not /tmp: the box has a /tmp of its own
PREFIX = "baikaldoc-box-"
SYSTEMD = Path("/lib/systemd/systemd")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

# Answers questions to databases, one a line, so that not each of them takes a Python of its own.
READER = """
import json, sqlite3, sys
for line in sys.stdin:
    database, sql = json.loads(line)
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    print(json.dumps(connection.execute(sql).fetchall()), flush=True)
    connection.close()
"""

_numbers = itertools.count(1)


def missing_requirement() -> str | None:
    """Say why no box can be booted on this machine, or None where one can."""
    if os.geteuid() != 0:
        return "needs root"
    if not SYSTEMD.exists():
        return "systemd is not installed"
    for tool in ("dbus-daemon", "nsenter", "setpriv", "unshare"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    if "cgroup2" not in Path("/proc/filesystems").read_text():
        return "the kernel has no cgroup2"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False).returncode:
        return "not allowed to make namespaces (CAP_SYS_ADMIN)"
    return None


def box_command(
    directory: Path, argv: Sequence[str], binds: Mapping[str, Path], *, writable: bool = False
) -> list[str]:
    """Return the command that runs `argv` as PID 1 of a box, each of `binds` (path inside: directory outside) mounted.

    It dies with the thread that starts it (pdeathsig), and everything in the box with it: a pytest that was killed
    leaves nothing running and nothing mounted.
    """
    option = "--bind-rw" if writable else "--bind"
    mounts = [part for inside, outside in binds.items() for part in (option, str(outside), inside)]
    prefix = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", str(SCRIPT)]
    return [*prefix, str(directory), *mounts, "--", *argv]


def new_directory() -> Path:
    """Make an empty directory for a box; its name is its cgroup's too, and says which process it belongs to."""
    directory = PARENT / f"{PREFIX}{os.getpid()}-{next(_numbers)}"
    directory.mkdir(mode=0o700)
    return directory


def remove_directory(directory: Path) -> None:
    """Remove the directory and the cgroup of a box that has ended."""
    for cgroup in _cgroups(directory.name):
        for child in sorted(cgroup.rglob("*/"), key=lambda path: len(path.parts), reverse=True):
            child.rmdir()
        cgroup.rmdir()
    directory.rmdir()


def remove_stale() -> None:
    """Remove what boxes left whose test process was killed: an empty directory and an empty cgroup each."""
    for directory in PARENT.glob(f"{PREFIX}*"):
        owner = directory.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists():
            try:
                remove_directory(directory)
            except OSError:
                continue  # another worker is at it, or the box is just dying


def _cgroups(name: str) -> Iterator[Path]:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, mountpoint, kind, *_ = line.split()
        cgroup = Path(mountpoint, name)
        if kind == "cgroup2" and cgroup.is_dir():
            yield cgroup


class SystemdBox:
    """One booted systemd; a context manager. Paths in its methods are paths inside the box."""

    def __init__(self, binds: Mapping[str, Path] | None = None) -> None:
        """`binds`: path inside → directory outside, mounted read-only."""
        self._binds = dict(binds or {})
        self._directory: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._init = 0
        self._reader: subprocess.Popen[str] | None = None

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self, timeout: float = 30) -> None:
        """Boot, and return when systemd has nothing left to do. Raises AssertionError with its output otherwise."""
        remove_stale()
        self._directory = new_directory()
        systemd = [str(SYSTEMD), "--system", "--unit=basic.target", "--show-status=0", "--log-target=journal"]
        log = self._directory.with_suffix(".log")
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                box_command(self._directory, systemd, self._binds),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
                start_new_session=True,
            )
        try:
            self.wait_until(self._booted, timeout, "the box to boot")
        except AssertionError as error:
            error.add_note(log.read_text(errors="replace"))
            self.stop()
            raise
        finally:
            log.unlink()

    def stop(self) -> None:
        """End every process in the box and remove all that is left of it. May be called twice."""
        if self._process is not None:
            # PID 1 first: it ends only after every process of its namespace has, so waiting for it waits for all.
            for pid in (self._init, self._process.pid):
                if pid and self._process.poll() is None:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        continue
                    if pid == self._init:
                        self._process.wait(timeout=30)
            self._process.wait(timeout=30)
            self._process, self._init = None, 0
        if self._reader is not None:
            with self._reader:
                self._reader.kill()
            self._reader = None
        if self._directory is not None:
            remove_directory(self._directory)
            self._directory = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def _booted(self) -> bool:
        assert self._process is not None
        pid = self._process.pid
        assert self._process.poll() is None, "the box ended while it booted"
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if not children or Path(f"/proc/{children[0]}/comm").read_text().strip() != "systemd":
                return False
        except OSError:
            return False  # just ended: the next call says so
        self._init = int(children[0])
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        assert state != "degraded", self.run("systemctl", "--failed", "--no-pager").stdout
        return state == "running"

    # -- what a test does in it ---------------------------------------------------------------------------------------

    def run(
        self, *argv: str, check: bool = True, timeout: float = 60, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root; CalledProcessError has its output as a note."""
        result = subprocess.run(
            [*self._enter(), *argv],
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout,
            env=ENVIRONMENT,
            check=False,
        )
        if check and result.returncode:
            error = subprocess.CalledProcessError(result.returncode, argv, result.stdout, result.stderr)
            error.add_note(f"{result.stdout}{result.stderr}")
            raise error
        return result

    def _enter(self) -> list[str]:
        return ["nsenter", "--target", str(self._init), "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--"]

    def query(self, database: str, sql: str) -> list[tuple[Any, ...]]:
        """Ask an SQLite database in the box."""
        if self._reader is None:
            argv = [*self._enter(), "/usr/bin/python3", "-c", READER]
            self._reader = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._reader.stdin is not None
        assert self._reader.stdout is not None
        print(json.dumps([database, sql]), file=self._reader.stdin, flush=True)
        return [tuple(row) for row in json.loads(self._reader.stdout.readline())]

    def systemctl(self, *argv: str, check: bool = True, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return self.run("systemctl", *argv, check=check, timeout=timeout)

    def inside(self, path: str) -> Path:
        """Where a path of the box is for a process outside it, which needs no process of its own to look there."""
        return Path(f"/proc/{self._init}/root{path}")

    def write(self, path: str, text: str, mode: int = 0o644, owner: str = "root:root") -> None:
        """Write a file; missing directories are made with mode 755."""
        file = self.inside(path)
        for directory in reversed(file.parents):
            if not directory.exists():
                directory.mkdir()
                directory.chmod(0o755)
        file.write_text(text)
        user, _, group = owner.partition(":")
        os.chown(file, self._number("passwd", user), self._number("group", group))
        file.chmod(mode)

    def _number(self, register: str, name: str) -> int:
        lines = [line.split(":") for line in self.inside(f"/etc/{register}").read_text().splitlines()]
        return next(int(fields[2]) for fields in lines if fields[0] == name)

    def read(self, path: str) -> str:
        return self.inside(path).read_text()

    def show(self, unit: str, prop: str) -> str:
        """Return one property of a unit as `systemctl show` prints it."""
        return self.systemctl("show", "--value", f"--property={prop}", "--", unit).stdout.strip()

    def main_pid(self, unit: str) -> int:
        """Return the unit's main process as the box numbers it (0: none)."""
        return int(self.show(unit, "MainPID"))

    def journal(self, unit: str | None = None, *args: str) -> list[dict[str, Any]]:
        """Return the journal's entries, oldest first; with `unit` those that `journalctl -u` shows."""
        self.run("journalctl", "--sync")
        selection = [] if unit is None else ["--unit", unit]
        lines = self.run("journalctl", "--no-pager", "--all", "--output=json", *selection, *args).stdout
        entries = [json.loads(line) for line in lines.splitlines()]
        for entry in entries:
            if isinstance(entry.get("MESSAGE"), list):  # has bytes in it that JSON cannot have
                entry["MESSAGE"] = bytes(entry["MESSAGE"]).decode(errors="replace")
        return entries

    def messages(self, unit: str | None = None, *args: str) -> str:
        """Return the messages of journal(), one a line."""
        return "\n".join(str(entry.get("MESSAGE")) for entry in self.journal(unit, *args))

    def wait_until(self, condition: Callable[[], T], timeout: float = 20, what: str = "the condition") -> T:
        """Return the condition's first true answer; AssertionError where there is none in time."""
        began = time.monotonic()
        while True:
            asked = time.monotonic()
            if answer := condition():
                return answer
            now = time.monotonic()
            assert now < began + timeout, f"waited {timeout:g} s in vain for {what}"
            time.sleep(max(0.02, 2 * (now - asked)))  # asking may take processes, and is not to take all their time

    def wait_for(self, unit: str, timeout: float = 20, **properties: str) -> None:
        """Wait until every property of the unit has its value, such as ActiveState="active"."""
        arguments = ["show", *(f"--property={name}" for name in properties), "--", unit]
        wanted = {f"{name}={value}" for name, value in properties.items()}
        try:
            self.wait_until(lambda: wanted <= set(self.systemctl(*arguments).stdout.splitlines()), timeout, str(wanted))
        except AssertionError as error:
            error.add_note(self.systemctl("status", "--no-pager", "--lines=40", "--", unit, check=False).stdout)
            raise
