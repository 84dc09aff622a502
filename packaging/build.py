"""Builds what is carried to a machine: a .deb, an .rpm, or a bundle for anything else. The same commit, the same bytes.

``python packaging/build.py deb|rpm|bundle DIRECTORY`` (``make deb``, ``make rpm``, ``make bundle``). All run-time
dependencies are pure Python, so they are vendored: one package fits every architecture and every Python from 3.11 on.
"""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.parser import HeaderParser
from email.utils import format_datetime
from pathlib import Path

from baikaldoc_pos import __version__
from manpage import man_page
from wheelhouse import CHECKOUT, collect, commit_time

NAME = "baikaldoc-pos"
PREFIX = f"/usr/lib/{NAME}"
HERE = CHECKOUT / "packaging"
UNITS = HERE / "systemd"
SCRIPTLETS = HERE / "scriptlets.sh"
# The units name the program of an installation by hand.
MAINTAINER = f"{NAME} maintainers <maintainers@{NAME}.org>"
BY_HAND = f"/opt/{NAME}/bin/{NAME}"
LAUNCHER = f"""#!/usr/bin/python3 -sP
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "{PREFIX}")
from baikaldoc_pos.__main__ import main  # noqa: E402

sys.exit(main())
"""


def write(path: Path, content: bytes | str, mode: int = 0o644) -> None:
    """Write a file and its directories."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)


def wheels(directory: Path) -> Sequence[Path]:
    """All wheels of an installation, ours among them; exits where one is bound to a platform."""
    if bound := collect(directory):
        sys.exit(f"bound to a platform: {', '.join(bound)}")
    return sorted(directory.glob("*.whl"))


def vendor(collected: Sequence[Path], target: Path) -> None:
    """Unpack the wheels side by side; scripts and headers (``.data``) stay behind."""
    for wheel in collected:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if ".data/" not in member and not member.endswith("/"):
                    write(target / member, archive.read(member))


def stage(root: Path, collected: Sequence[Path], zsh: str) -> None:
    """Put the files of a package below ``root``; ``zsh`` as in ``share``."""
    vendor(collected, root / PREFIX[1:])
    write(root / PREFIX[1:] / SCRIPTLETS.name, SCRIPTLETS.read_bytes())
    write(root / "usr/bin" / NAME, LAUNCHER, 0o755)
    for unit in UNITS.glob("*.service"):
        text = unit.read_text(encoding="utf-8").replace(BY_HAND, f"/usr/bin/{NAME}")
        write(root / "usr/lib/systemd/system" / unit.name, text)
    for kind in ("sysusers", "tmpfiles"):
        write(root / f"usr/lib/{kind}.d/{NAME}.conf", (UNITS / f"{NAME}.{kind}").read_bytes())
    for example in (CHECKOUT / "config").glob("*.json"):
        write(root / "etc" / NAME / example.name, example.read_bytes(), 0o640)
    (root / "etc" / NAME / "credentials").mkdir(mode=0o700)
    share(root / "usr/share", zsh)


def share(root: Path, zsh: str) -> None:
    """Put below ``root`` what people and shells read: documents, man pages, completions, monitoring.

    :param zsh: the directory in which the system looks for zsh's completions.
    """
    for file in documents():
        write(root / "doc" / NAME / file.relative_to(CHECKOUT), file.read_bytes())
    for file in (HERE / "monitoring").iterdir():
        write(root / NAME / "monitoring" / file.name, file.read_bytes())
    for language, place in (("en", "man1"), ("ru", "ru/man1")):
        page = man_page(language, int(commit_time()))
        write(root / f"man/{place}/{NAME}.1.gz", gzip.compress(page.encode(), 9, mtime=0))
    write(root / f"bash-completion/completions/{NAME}", completion("bash"))
    write(root / f"zsh/{zsh}/_{NAME}", completion("zsh"))


def documents() -> Iterator[Path]:
    """The READMEs, the change log and docs/."""
    yield from (CHECKOUT / name for name in ("README.md", "README.ru.md", "CHANGELOG.md"))
    yield from (file for file in sorted((CHECKOUT / "docs").rglob("*")) if file.suffix in {".md", ".png"})


def completion(shell: str) -> bytes:
    """click's completion script."""
    environment = {**os.environ, "_BAIKALDOC_POS_COMPLETE": f"{shell}_source"}
    return subprocess.check_output([sys.executable, "-m", "baikaldoc_pos"], env=environment)


def settle_times(root: Path) -> None:
    """Give every file the time of the commit."""
    at = int(commit_time())
    for path in [root, *root.rglob("*")]:
        os.utime(path, (at, at), follow_symlinks=False)


def deb(directory: Path) -> Path:
    """Build the package for Debian, Ubuntu and Astra Linux."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "root")
        root.mkdir(mode=0o755)
        stage(root, wheels(Path(scratch, "wheels")), "vendor-completions")
        doc = root / "usr/share/doc" / NAME
        write(doc / "copyright", (CHECKOUT / "LICENSE").read_bytes())
        write(doc / "third-party.gz", gzip.compress(licences(Path(scratch, "wheels")).encode(), 9, mtime=0))
        write(doc / "changelog.gz", gzip.compress(debian_changelog().encode(), 9, mtime=0))
        files = sorted(path for path in root.rglob("*") if path.is_file())
        sums = (f"{hashlib.md5(file.read_bytes()).hexdigest()}  {file.relative_to(root)}\n" for file in files)  # noqa: S324
        size = sum(file.stat().st_size for file in files) // 1024
        control = (HERE / "debian/control").read_text(encoding="utf-8")
        write(root / "DEBIAN/control", control.format(version=__version__, size=size, maintainer=MAINTAINER))
        write(root / "DEBIAN/md5sums", "".join(sums))
        conffiles = (f"/{file.relative_to(root)}\n" for file in files if file.is_relative_to(root / "etc"))
        write(root / "DEBIAN/conffiles", "".join(conffiles))
        for script in ("postinst", "prerm", "postrm"):
            write(root / "DEBIAN" / script, (HERE / "debian" / script).read_bytes(), 0o755)
        settle_times(root)
        built = directory / f"{NAME}_{__version__}_all.deb"
        environment = {**os.environ, "SOURCE_DATE_EPOCH": commit_time()}
        subprocess.run(["/usr/bin/dpkg-deb", "--root-owner-group", "--build", root, built], check=True, env=environment)
        return built


def rpm(directory: Path) -> Path:
    """Build the package for RED OS and ALT."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "root")
        root.mkdir(mode=0o755)
        stage(root, wheels(Path(scratch, "wheels")), "site-functions")
        settle_times(root)
        defines = {
            "_topdir": f"{scratch}/rpm",
            "_rpmdir": f"{scratch}/built",
            "staged": root,
            "version_": __version__,
            "_buildhost": "reproducible",
            "use_source_date_epoch_as_buildtime": 1,
            "clamp_mtime_to_source_date_epoch": 1,
        }
        options = [part for name, value in defines.items() for part in ("--define", f"{name} {value}")]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": commit_time()}
        subprocess.run(
            ["/usr/bin/rpmbuild", "-bb", "--quiet", *options, HERE / f"rpm/{NAME}.spec"], check=True, env=environment
        )
        (built,) = Path(scratch, "built").rglob("*.rpm")
        return Path(shutil.copy(built, directory))


def bundle(directory: Path) -> Path:
    """Build the archive for closed networks."""
    title = f"{NAME}-{__version__}"
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, title)
        collected = wheels(root / "wheels")
        write(root / "install.sh", (HERE / "bundle/install.sh").read_bytes(), 0o755)
        write(root / SCRIPTLETS.name, SCRIPTLETS.read_bytes())
        for source in (UNITS, CHECKOUT / "config"):
            for file in source.iterdir():
                write(root / source.name / file.name, file.read_bytes())
        share(root / "share", "site-functions")
        write(root / "LICENSES.txt", licences(root / "wheels"))
        write(root / "sbom.cdx.json", json.dumps(bill_of_materials(collected), indent=2) + "\n")
        files = sorted(path for path in root.rglob("*") if path.is_file())
        sums = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(root)}\n" for file in files)
        write(root / "SHA256SUMS", "".join(sums))
        settle_times(root)
        built = directory / f"{title}-bundle.tar.gz"
        with (
            built.open("wb") as raw,
            gzip.GzipFile("", "wb", 9, raw, mtime=int(commit_time())) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for path in [root, *sorted(root.rglob("*"))]:
                archive.add(path, path.relative_to(scratch), recursive=False, filter=_of_root)
        return built


def _of_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def licences(directory: Path) -> str:
    """The licences of everything that is vendored."""
    parts = []
    for wheel in sorted(directory.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            texts = [name for name in archive.namelist() if ".dist-info/" in name and _is_licence(name)]
            described = _metadata(archive)
            said = described.get("License-Expression") or described.get("License") or "see the project"
            heading = f"{described['Name']} {described['Version']}: {said.splitlines()[0]}"
            parts.append("\n\n".join([f"{'=' * 79}\n{heading}", *(archive.read(name).decode() for name in texts)]))
    return "\n\n".join(parts) + "\n"


def _is_licence(name: str) -> bool:
    return any(word in name.rpartition("/")[2].upper() for word in ("LICEN", "COPYING", "NOTICE", "AUTHORS"))


def _metadata(archive: zipfile.ZipFile) -> dict[str, str]:
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    return dict(HeaderParser().parsestr(archive.read(name).decode()))


def bill_of_materials(collected: Sequence[Path]) -> dict[str, object]:
    """What the bundle is made of, as CycloneDX 1.5."""
    components = []
    for wheel in collected:
        with zipfile.ZipFile(wheel) as archive:
            described = _metadata(archive)
        name, version = described["Name"], described["Version"]
        components.append(
            {
                "type": "library",
                "bom-ref": f"pkg:pypi/{name.lower()}@{version}",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name.lower()}@{version}",
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}],
            }
        )
    own = {"type": "application", "bom-ref": NAME, "name": NAME, "version": __version__}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": own},
        "components": components,
    }


def debian_changelog() -> str:
    """The version in the form of Debian's change logs."""
    date = format_datetime(datetime.fromtimestamp(int(commit_time()), UTC))
    return f"{NAME} ({__version__}) stable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- {MAINTAINER}  {date}\n"


BUILDS: dict[str, Callable[[Path], Path]] = {"deb": deb, "rpm": rpm, "bundle": bundle}


def main() -> int:
    """Build what the arguments name."""
    if len(sys.argv) != 3 or sys.argv[1] not in BUILDS:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(BUILDS)} DIRECTORY")
    os.umask(0o022)
    directory = Path(sys.argv[2])
    directory.mkdir(parents=True, exist_ok=True)
    print(BUILDS[sys.argv[1]](directory))
    return 0


if __name__ == "__main__":
    sys.exit(main())
