"""Collects everything that an installation without internet needs: one wheel a package, each for any platform.

``python packaging/wheelhouse.py DIRECTORY`` (``make wheelhouse``). Closed environments refuse unsigned ELF files and
some machines are aarch64 or e2k, so a wheel that is bound to a platform is an error. The dependencies are those of
``requirements.lock``, with their hashes; ``python packaging/wheelhouse.py --lock`` (``make lock``) writes it anew.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
LOCK = CHECKOUT / "requirements.lock"
# Published as source only; pure Python all the same.
SOURCE_ONLY = "sdnotify"
ANY_PLATFORM = ("--platform=any", "--implementation=py", "--abi=none", "--python-version=3.11", "--only-binary=:all:")


def collect(directory: Path) -> list[str]:
    """Fill the directory; returns the names of wheels that are bound to a platform (there should be none)."""
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.whl"):
        old.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        source, binary = Path(scratch, "source.txt"), Path(scratch, "binary.txt")
        lines = LOCK.read_text(encoding="utf-8").splitlines(keepends=True)
        source.write_text("".join(line for line in lines if line.startswith(SOURCE_ONLY)), encoding="utf-8")
        binary.write_text("".join(line for line in lines if not line.startswith(SOURCE_ONLY)), encoding="utf-8")
        own_wheel(directory)
        pip("wheel", "--no-deps", "--require-hashes", f"--wheel-dir={directory}", f"--requirement={source}")
        pip(
            "download", "--no-deps", "--require-hashes", f"--dest={directory}", *ANY_PLATFORM, f"--requirement={binary}"
        )
    return sorted(wheel.name for wheel in directory.iterdir() if not wheel.name.endswith("-any.whl"))


def lock() -> None:
    """Write the newest versions that setup.cfg allows, and the hashes of their files, into ``requirements.lock``."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        own = own_wheel(directory)
        pip("download", "--no-deps", f"--dest={directory}", "--no-binary=:all:", "sdnotify>=0.3.2,<0.4")
        (source,) = directory.glob("sdnotify-*.tar.gz")
        pip("wheel", "--no-deps", f"--wheel-dir={directory}", str(source))
        (built,) = directory.glob("sdnotify-*.whl")
        pip("download", f"--dest={directory}", f"--find-links={directory}", *ANY_PLATFORM, str(own))
        files = sorted(each for each in directory.iterdir() if each.suffix == ".whl" and each not in {own, built})
        LOCK.write_text("".join(sorted(map(_locked, [*files, source]), key=str.lower)), encoding="utf-8")


def _locked(file: Path) -> str:
    name, version = file.name.removesuffix(".tar.gz").split("-")[:2]
    return f"{name.replace('_', '-')}=={version} --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


def own_wheel(directory: Path) -> Path:
    """Build this checkout's wheel into the directory.

    From a copy: setuptools leaves build/ where it works, and would pack what an older or another build left there.
    """
    with tempfile.TemporaryDirectory() as copy:
        for file in source_files():
            target = Path(copy, file.relative_to(CHECKOUT))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        pip("wheel", "--no-deps", f"--wheel-dir={directory}", copy)
    (wheel,) = directory.glob("baikaldoc_pos-*.whl")
    return wheel


def source_files() -> Iterator[Path]:
    """Everything that our own wheel is made of."""
    for name in ("setup.py", "setup.cfg", "README.md", "LICENSE", "daemon", "schema"):
        source = CHECKOUT / name
        for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if file.is_file() and not any(part == "__pycache__" or part.endswith(".egg-info") for part in file.parts):
                yield file


def commit_time() -> str:
    """When the commit was made, in seconds since 1970: the time of every file that is built."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return (
        given or subprocess.check_output(["/usr/bin/git", "log", "-1", "--format=%ct"], cwd=CHECKOUT, text=True).strip()
    )


def pip(*arguments: str) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": commit_time(), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], check=True, env=environment)


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} DIRECTORY|--lock")
    if sys.argv[1] == "--lock":
        lock()
        return 0
    directory = Path(sys.argv[1])
    bound = collect(directory)
    for name in bound:
        print(f"{directory / name} is bound to a platform", file=sys.stderr)
    print(f"{directory}: {len(list(directory.glob('*.whl')))} wheels")
    return 1 if bound else 0


if __name__ == "__main__":
    sys.exit(main())
