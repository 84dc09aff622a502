"""The three directories that the program works in, and who says where they are."""

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen


@frozen
class Paths:
    """Directories of the configuration, the state (journal, lock) and the log files."""

    config: Path
    state: Path
    logs: Path

    @classmethod
    def resolve(
        cls,
        environ: Mapping[str, str],
        *,
        config: Path | None = None,
        state: Path | None = None,
        logs: Path | None = None,
    ) -> "Paths":
        """Options first, then what systemd sets (``CONFIGURATION_DIRECTORY`` …), then ./config, ./state, ./logs."""
        return cls(
            config or _from_systemd(environ, "CONFIGURATION_DIRECTORY") or Path("config"),
            state or _from_systemd(environ, "STATE_DIRECTORY") or Path("state"),
            logs or _from_systemd(environ, "LOGS_DIRECTORY") or Path("logs"),
        )


def _from_systemd(environ: Mapping[str, str], name: str) -> Path | None:
    """The first of the colon-separated paths."""
    first = environ.get(name, "").partition(":")[0]
    return Path(first) if first else None
