"""Runs inside a box in the place of the service, in exactly its sandbox, and writes down what it could do there.

Argument: a JSON object with the addresses of the test's servers. The answers go to probe.json in the state directory;
what raised is there as the exception's text.
"""

import ctypes
import json
import mmap
import os
import signal
import smtplib
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apscheduler.schedulers.background
import requests
import rich.console
import sdnotify
import sgqlc.operation
import sqlalchemy

STATE = Path(os.environ["STATE_DIRECTORY"])
CONFIGURATION = Path(os.environ["CONFIGURATION_DIRECTORY"])
ARGUMENTS = json.loads(sys.argv[1])
IMPORTED = [apscheduler, rich, sgqlc]


def https() -> str:
    return requests.get(ARGUMENTS["https"], verify=str(CONFIGURATION / "ca.pem"), timeout=10).text


def smtp() -> dict[str, Any]:
    with smtplib.SMTP("127.0.0.1", ARGUMENTS["smtp"], timeout=10) as client:
        return client.sendmail("a@example.org", ["b@example.org"], "Subject: probe\r\n\r\nprobe\r\n")


def resolve() -> list[Any]:
    return sorted({address[4][0] for address in socket.getaddrinfo("localhost", 443)})


def wal() -> list[Any]:
    """Two connections, one of them in another thread, see each other's rows through the shared memory."""
    path = STATE / "probe.sqlite3"
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    answers = []
    with engine.connect() as mine:
        answers.append(mine.exec_driver_sql("PRAGMA journal_mode=WAL").scalar_one())
        mine.exec_driver_sql("CREATE TABLE IF NOT EXISTS probe (x)")
        mine.commit()

        def insert() -> None:
            with sqlite3.connect(path) as other:
                other.execute("INSERT INTO probe VALUES (1)")
            other.close()

        thread = threading.Thread(target=insert)
        thread.start()
        thread.join()
        answers.append(mine.exec_driver_sql("SELECT max(x) FROM probe").scalar_one())
        answers.append(Path(f"{path}-shm").exists())
    return answers


def credentials() -> dict[str, Any]:
    return {file.name: file.read_text() for file in Path(os.environ["CREDENTIALS_DIRECTORY"]).iterdir()}


def write(directory: str) -> str:
    Path(directory, "probe.txt").write_text("probe")
    return "written"


def own_directories() -> dict[str, Any]:
    variables = ("STATE_DIRECTORY", "LOGS_DIRECTORY", "RUNTIME_DIRECTORY")
    return {name: write(os.environ[name]) for name in variables if name in os.environ}


def write_and_execute() -> str:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    return "mapped"


def unshare() -> str:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000) != 0:  # CLONE_NEWUSER
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "unshared"


CHECKS: dict[str, Callable[[], object]] = {
    "resolve": resolve,
    "https": https,
    "smtp": smtp,
    "wal": wal,
    "credentials": credentials,
    "own_directories": own_directories,
    "environment": lambda: {name: value for name, value in os.environ.items() if name.endswith("_DIRECTORY")},
    "account": lambda: [os.getuid(), os.getgid(), os.umask(0o027)],
    "write_elsewhere": lambda: write("/srv/open"),
    "write_configuration": lambda: write(f"{CONFIGURATION}/open"),
    "see_home": lambda: [path.name for path in Path("/home").iterdir()],
    "read_password_file": (CONFIGURATION / "credentials/delo-password").read_text,
    "other_processes": lambda: Path("/proc/1").exists(),
    "raw_socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).fileno(),
    "packet_socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).fileno(),
    "write_and_execute": write_and_execute,
    "unshare": unshare,
}


def answer(check: Callable[[], object]) -> object:
    try:
        return check()
    except (OSError, requests.RequestException, sqlite3.Error, sqlalchemy.exc.SQLAlchemyError) as error:
        return f"{type(error).__name__}: {error}"


reloaded = threading.Event()
signal.signal(signal.SIGHUP, lambda *_: reloaded.set())
(STATE / "probe.json").write_text(json.dumps({name: answer(check) for name, check in CHECKS.items()}))
if "NOTIFY_SOCKET" in os.environ and "RUNTIME_DIRECTORY" in os.environ:
    sdnotify.SystemdNotifier().notify("READY=1")
    reloaded.wait()
    (STATE / "reloaded").touch()
    threading.Event().wait()
