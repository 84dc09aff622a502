"""Whether a full disk is what ails the journal. No restart mends that, and it is over by itself once there is space."""

import errno
import os
from pathlib import Path
from tempfile import TemporaryFile

from baikaldoc_pos.errors import JournalUnavailable

# What SQLite says of ENOSPC; a quota that is used up, or too little space for its -shm, is "disk I/O error" to it.
_SAID = "database or disk is full"
_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT})
# A transaction takes several pages, each of which is written to -wal first.
PROBE_BYTES = 64 * 1024


def disk_is_full(fault: JournalUnavailable, directory: Path) -> bool:
    """Whether there is no room in the journal's directory for what could not be written."""
    return _SAID in str(fault.fields["reason"]) or not has_room(directory)


def has_room(directory: Path) -> bool:
    """Whether something can be written there; True where something else than space is wrong."""
    try:
        with TemporaryFile(dir=directory, buffering=0) as probe:
            probe.write(bytes(PROBE_BYTES))
            os.fsync(probe.fileno())
    except OSError as refusal:
        return refusal.errno not in _ERRNOS
    return True
