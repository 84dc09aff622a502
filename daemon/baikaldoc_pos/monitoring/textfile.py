"""The metrics as a file, for hosts where nothing may listen: node_exporter's textfile collector reads it."""

import os
import tempfile
from pathlib import Path

from baikaldoc_pos.i18n import EventLog

log = EventLog(__name__)

MODE = 0o644  # node_exporter runs under an account of its own


class Textfile:
    """Replaces the file as a whole, so that nobody ever reads half of it.

    :param path: the file; its directory must exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fault: str | None = None

    def write(self, content: bytes) -> None:
        """Put this in place of what was there. A failure is logged, once for each reason, and never raised."""
        try:
            self._replace(content)
        except OSError as fault:
            reason = fault.strerror or type(fault).__name__
            if reason != self._fault:
                log.warning("metrics.textfile_failed", path=str(self.path), reason=reason)
            self._fault = reason
            return
        if self._fault is not None:
            log.info("metrics.textfile_works", path=str(self.path))
        self._fault = None

    def _replace(self, content: bytes) -> None:
        # Its name must not end as the file's does, or the collector reads it too.
        descriptor, temporary = tempfile.mkstemp(prefix=f".{self.path.name}.", suffix=".tmp", dir=self.path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), MODE)
                file.write(content)
            Path(temporary).replace(self.path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
