"""Whether the service is being stopped or restarted. To the process both are a SIGTERM.

A restart hands the session over to the next process, a stop signs out; only systemd's job tells them apart.
"""

import re
import subprocess
from pathlib import Path

SYSTEMCTL_SECONDS = 5
_UNIT = re.compile(r"/([^/]+\.service)$")


def own_unit(cgroups: Path = Path("/proc/self/cgroup")) -> str | None:
    """The unit that this process belongs to, by its control group; None outside one."""
    try:
        lines = cgroups.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((found[1] for line in lines if (found := _UNIT.search(line))), None)


def restart_is_pending(unit: str) -> bool:
    """Whether systemd is restarting the unit. Where it cannot be asked, no: signing out is the safe side."""
    try:
        listed = subprocess.run(  # noqa: S603 - a fixed command
            ["/usr/bin/systemctl", "list-jobs", "--no-legend", "--plain", unit],
            capture_output=True,
            text=True,
            timeout=SYSTEMCTL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    jobs = (line.split() for line in listed.stdout.splitlines())
    return any(job[1:3] == [unit, "restart"] for job in jobs if len(job) >= 3)
