"""Lines at the end of files: whole or not at all, in files that the group may read. Raises OSError, nothing else."""

import os
from contextlib import suppress
from pathlib import Path

FILE_MODE = 0o640
DIRECTORY_MODE = 0o750


def append_line(path: Path, line: str) -> None:
    """Append one line in one piece; the file and its directory are made where they are missing.

    :raises OSError: nothing of the line stands in the file then.
    """
    _append(path, f"{line}\n".encode("utf-8", "backslashreplace"))


def prepare(path: Path) -> None:
    """Make sure that the file can be appended to, and that a line which a crash cut short does not run into the next.

    :raises OSError: where it cannot.
    """
    _append(path, b"")
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                _append(path, b"\n")


def move_behind(source: Path, target: Path) -> None:
    """Rename, or append to a target that is there already. A source that is not there is no fault.

    :raises OSError: the source is still there then, and the target as it was.
    """
    with suppress(FileNotFoundError):
        if target.exists():
            _append(target, source.read_bytes())
            source.unlink()
        else:
            source.rename(target)


def _append(path: Path, octets: bytes) -> None:
    descriptor = _open(path)
    try:
        before, written = os.fstat(descriptor).st_size, 0
        try:
            while written < len(octets):
                written += os.write(descriptor, octets[written:])
        except OSError:
            # Half a line would spoil the next one. Not where another process has written meanwhile.
            if written and os.fstat(descriptor).st_size == before + written:
                os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        _make_directory(path.parent)
        descriptor = os.open(path, flags | os.O_CREAT, FILE_MODE)
        os.fchmod(descriptor, FILE_MODE)  # whatever the umask is
        return descriptor


def _make_directory(path: Path) -> None:
    with suppress(FileExistsError):
        path.mkdir(DIRECTORY_MODE, parents=True)
        path.chmod(DIRECTORY_MODE)
