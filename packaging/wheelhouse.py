"""Collects everything that an installation without internet needs: one wheel a package, each for any platform.

``python packaging/wheelhouse.py DIRECTORY`` (``make wheelhouse``). Closed environments refuse unsigned ELF files and
some machines are aarch64 or e2k, so a wheel that is bound to a platform is an error.
"""

import subprocess
import sys
import tempfile
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
        pip("wheel", "--no-deps", f"--wheel-dir={scratch}", str(CHECKOUT), *SOURCE_ONLY)
        own = next(Path(scratch).glob("baikaldoc_pos-*.whl"))
        pip("download", f"--dest={directory}", f"--find-links={scratch}", *ANY_PLATFORM, str(own))
    return sorted(wheel.name for wheel in directory.iterdir() if not wheel.name.endswith("-any.whl"))


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
