"""The product as an administrator installs it, for mounting into a box at /opt/baikaldoc-pos.

A virtual environment of /usr/bin/python3 (a sandboxed service cannot see an interpreter under /root) with the wheel of
this checkout. It is made inside a box, so that every path in it, the scripts' first line included, is right later. Once
for each content of the sources, shared by all workers and sessions, in $BAIKALDOC_TEST_CACHE (default
/var/tmp/baikaldoc-pos-test). The dependencies, the slow part, are kept by themselves until setup.cfg names others.
"""

from __future__ import annotations

import configparser
import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wheelhouse import own_wheel, source_files

from tests.systemd.box import ENVIRONMENT, SystemdBox, box_command, new_directory, remove_directory

CHECKOUT = Path(__file__).parents[2]
UNITS = CHECKOUT / "packaging" / "systemd"
PREFIX = "/opt/baikaldoc-pos"
PYTHON = Path("/usr/bin/python3")
KEPT_SECONDS = 24 * 3600


def missing_requirement() -> str | None:
    """Say why the product cannot be installed here, or None where it can."""
    probe = "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 11))"
    if not PYTHON.exists() or subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode:
        return "/usr/bin/python3 is not a Python 3.11 with venv (python3-venv)"
    return None


def installed() -> Path:
    """Return the directory to mount at PREFIX, made if it is not there yet."""
    cache = Path(os.environ.get("BAIKALDOC_TEST_CACHE", "/var/tmp/baikaldoc-pos-test"))
    cache.mkdir(mode=0o755, parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        requirements = _requirements()
        python = subprocess.run([PYTHON, "-VV"], capture_output=True, text=True, check=True).stdout
        dependencies = cache / f"dependencies-{_digest([python, *requirements])}"
        product = cache / f"product-{_digest([dependencies.name, *_source_contents()])}"
        if not dependencies.exists():
            with _replacing(dependencies) as made:
                pip = f"{PREFIX}/bin/python -m pip install --quiet"
                _in_box(made, f'{PYTHON} -m venv {PREFIX} && {pip} "$@"', *requirements)
        if not product.exists():
            with _replacing(product) as made:
                wheel = own_wheel(made)
                subprocess.run(["cp", "-a", f"{dependencies}/.", made], check=True)  # copytree takes five times as long
                _in_box(made, f"{PREFIX}/bin/python -m pip install --quiet --no-deps --no-index {PREFIX}/{wheel.name}")
                wheel.unlink()
        for used in (dependencies, product):
            os.utime(used)
        for old in cache.glob("*-*"):
            if old.stat().st_mtime < time.time() - KEPT_SECONDS:
                shutil.rmtree(old)
        return product


@contextmanager
def box(product: Path) -> Iterator[SystemdBox]:
    """Boot a box with the product, its units and its account, as after an installation; nothing is started."""
    with SystemdBox({PREFIX: product}) as booted:
        for unit in UNITS.glob("*.service"):
            booted.write(f"/usr/lib/systemd/system/{unit.name}", unit.read_text())
        booted.write("/usr/lib/sysusers.d/baikaldoc-pos.conf", (UNITS / "baikaldoc-pos.sysusers").read_text())
        booted.run("systemd-sysusers")
        booted.systemctl("daemon-reload")
        yield booted


def _requirements() -> list[str]:
    parser = configparser.ConfigParser()
    parser.read(CHECKOUT / "setup.cfg")
    lines = parser["options"]["install_requires"].splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _source_contents() -> Iterator[str]:
    for file in source_files():
        yield f"{file.relative_to(CHECKOUT)} {hashlib.sha256(file.read_bytes()).hexdigest()}"


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _in_box(prefix: Path, script: str, *arguments: str) -> None:
    """Run a shell script in a box without systemd, with `prefix` writable at PREFIX."""
    box = new_directory()
    try:
        argv = ["bash", "-ec", script, "bash", *arguments]
        environment = {**os.environ, **ENVIRONMENT}  # pip's own settings have to reach it
        subprocess.run(box_command(box, argv, {PREFIX: prefix}, writable=True), env=environment, check=True)
    finally:
        remove_directory(box)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _replacing(final: Path) -> Iterator[Path]:
    """Yield a directory to fill, which gets its name only when it is complete."""
    made = final.with_name(f"making-{final.name}")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(mode=0o755)
    yield made
    made.rename(final)
