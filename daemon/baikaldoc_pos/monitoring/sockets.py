"""The socket that the site listens on: TCP, or a Unix socket whose leftovers are cleared away."""

import errno
import os
import socket
import stat
from pathlib import Path

from baikaldoc_pos.config import ListenAddress, TcpAddress, UnixAddress

MODE = 0o660  # a Unix socket is for the account and its group: a web server in front, say


def listen_on(address: ListenAddress) -> socket.socket:
    """A bound socket that listens.

    :raises OSError: the address is taken, is not one of this host, or may not be used.
    """
    return _tcp(address) if isinstance(address, TcpAddress) else _unix(address.path)


def remove_leftover(address: ListenAddress) -> None:
    """Remove the file of a Unix socket that was closed."""
    if isinstance(address, UnixAddress):
        address.path.unlink(missing_ok=True)


def _tcp(address: TcpAddress) -> socket.socket:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # "localhost" may be both ::1 and 127.0.0.1, of which monitoring expects the latter.
    family, _, _, _, where = min(found, key=lambda each: each[0] != socket.AF_INET)
    return socket.create_server(where[:2], family=family)


def _unix(path: Path) -> socket.socket:
    if _is_socket(path):
        if _answers(path):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(MODE)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
    return True
