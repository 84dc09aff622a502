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

pytestmark = [pytest.mark.systemd, pytest.mark.packages, pytest.mark.xdist_group("packages"), pytest.mark.timeout(600)]
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
UBUNTU = os.environ.get("UBUNTU_MIRROR", "http://archive.ubuntu.com/ubuntu")
# Options, mirror and script of debootstrap; a Debian has neither Ubuntu's keys nor a script for its newest release.
BARE: dict[str, tuple[list[str], list[str]]] = {
    "bookworm": ([], [MIRROR]),
    "trixie": ([], [MIRROR]),
    "noble": (["--no-check-gpg"], [UBUNTU, "/usr/share/debootstrap/scripts/gutsy"]),
}
# Debian's rpm wants to be told that it is meant.
RPM = "rpm --force-debian"
SHARED = (
    "tmpfiles.d/baikaldoc-pos.conf",
    "doc/baikaldoc-pos/docs/ru/install.md",
    "man/ru/man1/baikaldoc-pos.1.gz",
    "bash-completion/completions/baikaldoc-pos",
    "zsh/*/_baikaldoc-pos",
    "baikaldoc-pos/monitoring/zabbix-template.yaml",
)
PLACES = ("/etc", "/var/lib", "/var/log", "/usr", "/opt")


@pytest.fixture
def server() -> Iterator[DeloServer]:
    with DeloServer(recent_rubrics(30)) as running:
        yield running


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .deb, an .rpm and a bundle of this checkout."""
    directory = tmp_path_factory.mktemp("dist")
    for kind in ("deb", "rpm", "bundle"):
        command = [sys.executable, str(ROOT / "packaging/build.py"), kind, str(directory)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return directory


@pytest.fixture
def bare(bootable: None, built: Path) -> Iterator[SystemdBox]:
    """A box without the product; the packages are in /mnt, the bundle is unpacked, and root has a Python at home."""
    with SystemdBox({"/mnt": built}) as booted:
        booted.run("sh", "-c", "mkdir /root/b && tar -xzf /mnt/*-bundle.tar.gz -C /root/b --strip-components=1")
        booted.run("install", "-D", "/usr/bin/python3", "/root/bin/python3")
        yield booted


def live(box: SystemdBox, server: DeloServer, install: str) -> None:
    """Install, configure, start; install again under the running service, in the end with a faulty configuration."""
    assert "systemctl enable --now baikaldoc-pos" in box.run("sh", "-c", install).stdout or "rpm" in install
    assert box.show("baikaldoc-pos.service", "ActiveState") == "inactive"
    shipped = json.loads(box.run("cat", "/etc/baikaldoc-pos/processing_config.json").stdout)
    assert shipped["dryRun"] is True
    listed = box.run("sh", "-c", "stat -c '%a %U %n' /*/baikaldoc-pos/credentials /var/*/baikaldoc-pos").stdout
    assert listed.splitlines() == [
        "700 root /etc/baikaldoc-pos/credentials",
        "700 baikaldoc-pos /var/lib/baikaldoc-pos",
        "750 baikaldoc-pos /var/log/baikaldoc-pos",
    ]
    for place in SHARED:
        assert box.run("sh", "-c", f"ls -d /usr/lib/{place} /usr/share/{place} /usr/local/share/{place} || :").stdout
    refused = box.run("baikaldoc-pos", "check", "--offline", check=False)
    assert (refused.returncode, "delo.example.org" in refused.stdout) == (78, True)
    assert "credentials/delo-password нет" in refused.stderr

    service, omsk = Service(box, server), Service(box, server, "baikaldoc-pos@omsk.service")
    del service.connection["password"]
    service.save()
    box.write("/etc/baikaldoc-pos/credentials/delo-password", PASSWORD, 0o600)
    assert "0.2.0" in box.run("baikaldoc-pos", "--version").stdout
    box.run("baikaldoc-pos", "check", timeout=60)
    for each in (service, omsk):
        each.systemctl("enable")
        each.start()
    service.wait(lambda: not wrong_or_missing(server), "every status to be set")
    before = service.pid
    box.run("sh", "-c", install)
    service.wait(lambda: service.pid not in {0, before}, "the service to be restarted")
    server.store.add(new_rubric(140_000_000))
    box.systemctl("kill", "--signal=SIGUSR1", "--kill-whom=main", "baikaldoc-pos")
    service.wait(lambda: not wrong_or_missing(server), "the new rubric to get its status")

    omsk.processing["dryRun"] = "да"
    omsk.save()
    before, kept = service.pid, omsk.pid
    told = box.run("sh", "-c", f"export LANG=en_US.UTF-8; {install}")
    assert "--instance omsk check --offline && systemctl restart baikaldoc-pos@omsk\n" in told.stdout
    assert ("the new program refuses" in told.stdout, "dryRun" in told.stderr) == (True, True)
    assert (service.pid not in {0, before}, omsk.pid) == (True, kept)


def left(box: SystemdBox) -> str:
    """The product's files on the machine, dpkg's own lists apart."""
    found = box.run("find", *PLACES, "-xdev", "-name", "*baikaldoc?pos*", "-not", "-path", "/var/lib/dpkg/*").stdout
    return "\n".join(line for line in found.splitlines() if "baikaldoc-pos-test" not in line)


@pytest.mark.parametrize(
    ("install", "remove", "purge"),
    [
        ("dpkg -i /mnt/*.deb", "dpkg -r baikaldoc-pos", "dpkg -P baikaldoc-pos"),
        (f"{RPM} -U --replacepkgs --nodeps /mnt/*.rpm", f"{RPM} -e --nodeps baikaldoc-pos", None),
        (
            "PATH=/root/bin:$PATH unshare -n /root/b/install.sh",
            "/root/b/install.sh remove",
            "/root/b/install.sh remove --purge",
        ),
    ],
    ids=["deb", "rpm", "bundle without a network"],
)
def test_a_life(bare: SystemdBox, server: DeloServer, install: str, remove: str, purge: str | None) -> None:
    live(bare, server, install)
    assert bare.run("systemd-analyze", "verify", "baikaldoc-pos.service").stderr == ""
    bare.run("systemd-analyze", "security", "--threshold=12", "baikaldoc-pos.service")
    bare.run("sh", "-c", remove)
    for unit in ("baikaldoc-pos.service", "baikaldoc-pos@omsk.service"):
        assert bare.show(unit, "ActiveState") in {"inactive", "failed"}
    assert bare.run("find", "/etc/systemd", "-name", "baikaldoc*").stdout == ""
    assert bare.run("sh", "-c", "test -s /var/lib/baikaldoc-pos/journal.sqlite3").returncode == 0
    if purge is not None:
        bare.run("sh", "-c", purge)
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


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ("cp wheels/click-*.whl wheels/evil-1-py3-none-any.whl", "wheels/evil-1-py3-none-any.whl"),
        ("echo >> config/service_config.json", "config/service_config.json"),
        ("rm systemd/baikaldoc-pos.service", "systemd/baikaldoc-pos.service"),
        ("echo > wheels/evil-1-py3-none-any.whl; sha256sum wheels/evil* >> SHA256SUMS", "zip"),
        ("export PYTHON=/root/bin/python3 LANG=en_US.UTF-8", "no suitable Python"),
    ],
)
def test_an_installer_that_refuses_leaves_nothing(bare: SystemdBox, spoil: str, told: str) -> None:
    assert told in bare.run("sh", "-c", f"cd /root/b && {{ {spoil}; }} && ! ./install.sh").stderr
    assert left(bare) == ""
