"""The units of the earlier script. They have our base name: a service, and the hourly timer that starts it.

The script's service in /etc/systemd/system shadows ours in /usr/lib/systemd/system, and its timer starts ours.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from baikaldoc_pos.files import read_small

DIRECTORY = Path("/etc/systemd/system")
# The timer first: it would start the service again.
NAMES = ("baikaldoc-pos.timer", "baikaldoc-pos.service")
ASIDE = ".earlier"  # a file of this suffix is no unit
_OURS = re.compile(r"^ExecStart=\S*/baikaldoc-pos run$", re.MULTILINE)


def legacy_units(directory: Path = DIRECTORY) -> list[Path]:
    """The unit files of the earlier script in a directory; a service of ours that was put there by hand is none."""
    return [path for name in NAMES if _is_legacy(path := directory / name)]


def _is_legacy(path: Path) -> bool:
    try:
        content = read_small(path).decode(errors="replace")
    except OSError:  # absent, or masked
        return False
    return path.suffix == ".timer" or ("ExecStart=" in content and _OURS.search(content) is None)


def retire_units(units: Sequence[Path]) -> None:
    """Stop and disable the units and rename their files, so that systemd no longer takes them for units.

    :raises OSError: systemctl fails, with its words as the reason, or a file cannot be renamed.
    """
    for unit in units:
        _systemctl("disable", "--now", unit.name)
        if unit.exists():  # systemctl removes a mere link
            unit.rename(aside(unit))
    _systemctl("daemon-reload")


def aside(unit: Path) -> Path:
    """The name that the file gets."""
    return unit.with_name(unit.name + ASIDE)


def _systemctl(*arguments: str) -> None:
    done = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if done.returncode != 0:
        raise OSError(None, done.stderr.strip(), f"systemctl {' '.join(arguments)}")
