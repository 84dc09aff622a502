"""The packages under a real systemd: installed, configured, started, upgraded, removed, purged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delo_server import PASSWORD, USER, DeloServer
from tests.installation import ROOT
from tests.systemd.box import SystemdBox
from tests.systemd.service import Service, new_rubric, recent_rubrics, wrong_or_missing

pytestmark = [pytest.mark.systemd, pytest.mark.packages, pytest.mark.xdist_group("packages")]
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
UBUNTU = os.environ.get("UBUNTU_MIRROR", "http://archive.ubuntu.com/ubuntu")
# Options, mirror and script of debootstrap; a Debian has neither Ubuntu's keys nor a script for its newest release.
BARE: dict[str, tuple[list[str], list[str]]] = {
    "bookworm": ([], [MIRROR]),
    "trixie": ([], [MIRROR]),
    "noble": (["--no-check-gpg"], [UBUNTU, "/usr/share/debootstrap/scripts/gutsy"]),
}
PLACES = ("/etc", "/var/lib", "/var/log", "/usr", "/opt")


@pytest.fixture
def server() -> Iterator[DeloServer]:
    with DeloServer(recent_rubrics(30)) as running:
        yield running


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .deb and a bundle of this checkout."""
    directory = tmp_path_factory.mktemp("dist")
    for kind in ("deb", "bundle"):
        command = [sys.executable, str(ROOT / "packaging/build.py"), kind, str(directory)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return directory


@pytest.fixture
def bare(bootable: None, built: Path) -> Iterator[SystemdBox]:
    """A box without the product; the packages are in /mnt."""
    with SystemdBox({"/mnt": built}) as booted:
        yield booted


def live(box: SystemdBox, server: DeloServer, install: str) -> None:
    """Install, configure, start; install again under the running service."""
    box.run("sh", "-c", install)
    assert box.show("baikaldoc-pos.service", "ActiveState") == "inactive"
    shipped = json.loads(box.run("cat", "/etc/baikaldoc-pos/processing_config.json").stdout)
    assert shipped["dryRun"] is True
    assert box.run("stat", "-c", "%a %U:%G", "/etc/baikaldoc-pos/credentials").stdout == "700 root:root\n"
    refused = box.run("baikaldoc-pos", "check", "--offline", check=False)
    assert (refused.returncode, "connection_config.json" in refused.stderr) == (78, True)

    service = Service(box, server)
    del service.connection["password"]
    service.save()
    box.write("/etc/baikaldoc-pos/credentials/delo-password", PASSWORD, 0o600)
    assert "0.2.0" in box.run("baikaldoc-pos", "--version").stdout
    box.run("baikaldoc-pos", "check", timeout=60)
    box.systemctl("enable", "baikaldoc-pos")
    service.start()
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")
    before = service.pid
    box.run("sh", "-c", install)
    service.wait(lambda: service.pid not in {0, before}, "the service to be restarted")
    server.store.add(new_rubric(140_000_000))
    box.systemctl("kill", "--signal=SIGUSR1", "--kill-whom=main", "baikaldoc-pos")
    service.wait(lambda: not wrong_or_missing(server), "the new rubric to get its status")


def left(box: SystemdBox) -> str:
    """The product's files on the machine, dpkg's own lists apart."""
    found = box.run("find", *PLACES, "-xdev", "-name", "*baikaldoc?pos*", "-not", "-path", "/var/lib/dpkg/*").stdout
    return "\n".join(line for line in found.splitlines() if "baikaldoc-pos-test" not in line)


def test_the_deb(bare: SystemdBox, server: DeloServer) -> None:
    live(bare, server, "dpkg -i /mnt/*.deb")
    assert bare.run("systemd-analyze", "verify", "baikaldoc-pos.service").stderr == ""
    bare.run("systemd-analyze", "security", "--threshold=12", "baikaldoc-pos.service")
    bare.run("dpkg", "-r", "baikaldoc-pos")
    assert bare.show("baikaldoc-pos.service", "ActiveState") in {"inactive", "failed"}
    assert bare.run("sh", "-c", "test -s /var/lib/baikaldoc-pos/journal.sqlite3").returncode == 0
    bare.run("dpkg", "-P", "baikaldoc-pos")
    assert left(bare) == ""


@pytest.mark.parametrize("release", BARE)
def test_apt_installs_the_deb_on_a_bare_system(built: Path, server: DeloServer, tmp_path: Path, release: str) -> None:
    debootstrap = shutil.which("debootstrap", path="/usr/sbin")
    if debootstrap is None:
        pytest.fail("needs debootstrap") if os.environ.get("CI") else pytest.skip("needs debootstrap")
    root = tmp_path / "root"
    options, source = BARE[release]
    command = [debootstrap, "--variant=minbase", *options, release, root, *source]
    subprocess.run(command, check=True, capture_output=True, timeout=400)
    (deb,) = built.glob("*.deb")
    shutil.copy(deb, root / "tmp")

    def run(command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8"}
        chroot = ["/usr/sbin/chroot", str(root), "sh", "-c", command]
        return subprocess.run(chroot, capture_output=True, text=True, check=False, env=environment, timeout=300)

    for command in ("apt-get update", f"apt-get install -y --no-install-recommends /tmp/{deb.name}"):
        done = run(command)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "0.2.0" in run("baikaldoc-pos --version").stdout
    assert run("baikaldoc-pos check --offline").returncode == 78
    configuration = root / "etc/baikaldoc-pos"
    connection = {
        "login_url": server.login_url,
        "logout_url": server.logout_url,
        "graphql_endpoint": server.graphql_url,
        "username": USER,
    }
    for name, changes in (("connection", connection), ("processing", {"dryRun": False})):
        file = configuration / f"{name}_config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    (configuration / "credentials/delo-password").write_text(PASSWORD)
    done = run("baikaldoc-pos once")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not wrong_or_missing(server)
    assert run("apt-get purge -y baikaldoc-pos").returncode == 0
    assert run("find / -xdev -name '*baikaldoc?pos*' -not -path '/tmp/*' -not -path '/var/*/dpkg*'").stdout == ""


def test_two_builds_are_the_same_byte_for_byte(built: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(ROOT / "packaging/build.py"), "deb", str(tmp_path)], check=True, timeout=120)
    (first,), (second,) = built.glob("*.deb"), tmp_path.glob("*.deb")
    assert first.read_bytes() == second.read_bytes()
    lintian = shutil.which("lintian")
    if lintian is not None:
        said = subprocess.run([lintian, "--allow-root", str(first)], capture_output=True, text=True, check=False).stdout
        assert [line for line in said.splitlines() if line.startswith("E:")] == []


def test_the_bundle_without_a_network(bare: SystemdBox, server: DeloServer) -> None:
    bare.run("sh", "-c", "mkdir /root/b && tar -xzf /mnt/*-bundle.tar.gz -C /root/b --strip-components=1")
    live(bare, server, "unshare -n /root/b/install.sh")
    bare.run("/root/b/install.sh", "remove")
    assert bare.run("test", "-s", "/var/lib/baikaldoc-pos/journal.sqlite3").returncode == 0
    bare.run("/root/b/install.sh", "remove", "--purge")
    assert left(bare) == ""
