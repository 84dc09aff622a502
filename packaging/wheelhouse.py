"""Collects everything that an installation without internet needs: one wheel a package, each for any platform.

``python packaging/wheelhouse.py DIRECTORY`` (``make wheelhouse``). Closed environments refuse unsigned ELF files and
some machines are aarch64 or e2k, so a wheel that is bound to a platform is an error.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
# Published as source only; pure Python all the same.
SOURCE_ONLY = ("sdnotify>=0.3.2,<0.4",)
ANY_PLATFORM = ("--platform=any", "--implementation=py", "--abi=none", "--python-version=3.11", "--only-binary=:all:")


def collect(directory: Path) -> list[str]:
    """Fill the directory; returns the names of wheels that are bound to a platform (there should be none)."""
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.whl"):
        old.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        own = own_wheel(Path(scratch))
        pip("wheel", "--no-deps", f"--wheel-dir={scratch}", *SOURCE_ONLY)
        pip("download", f"--dest={directory}", f"--find-links={scratch}", *ANY_PLATFORM, str(own))
    return sorted(wheel.name for wheel in directory.iterdir() if not wheel.name.endswith("-any.whl"))


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


def pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], check=True)


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} DIRECTORY")
    directory = Path(sys.argv[1])
    bound = collect(directory)
    for name in bound:
        print(f"{directory / name} is bound to a platform", file=sys.stderr)
    print(f"{directory}: {len(list(directory.glob('*.whl')))} wheels")
    return 1 if bound else 0


if __name__ == "__main__":
    sys.exit(main())
