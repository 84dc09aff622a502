"""Small files that only the service's account may read, whatever the umask and whoever's command writes them."""

import errno
import os
import stat
from pathlib import Path

MOST_BYTES = 64 * 1024
PRIVATE = 0o600


def read_small(path: Path, most: int = MOST_BYTES) -> bytes:
    """The content of a regular file.

    :raises OSError: it cannot be read, has more than ``most`` bytes, or is no regular file; a FIFO is not waited for.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(None, "not a regular file", str(path))
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content


def open_private(path: Path, flags: int) -> int:
    """As :func:`open_owned`, for a file that nobody else may read."""
    return open_owned(path, flags, PRIVATE)


def open_owned(path: Path, flags: int, mode: int) -> int:
    """Open a file for writing, made where it is absent; no link is followed, and no umask matters.

    The file has the owner of its directory: what root's command makes is read by the service.
    """
    descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        found, directory = os.fstat(descriptor), path.parent.stat()
        if os.geteuid() == found.st_uid and stat.S_IMODE(found.st_mode) != mode:
            os.fchmod(descriptor, mode)
        if os.geteuid() == 0 and found.st_uid != directory.st_uid:
            os.fchown(descriptor, directory.st_uid, directory.st_gid)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def replace_private(path: Path, text: str) -> None:
    """Put a text in place of the file as a whole, so that nobody ever reads half of it; raises OSError."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(open_private(fresh, os.O_WRONLY | os.O_TRUNC), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
