"""Commands in processes of their own, without the half second that each would spend on imports.

A process that has imported everything forks for each command: what runs is the program's own ``__main__``, with its
own arguments, directory, environment and streams. ``python -m tests.commands FD`` is that process.
"""

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from baikaldoc_pos.cli.main import COMMANDS

LONGEST = 1 << 20  # bytes of a request


def run_command(
    arguments: Sequence[str], cwd: Path, environ: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """As subprocess.run with captured text; raises subprocess.TimeoutExpired after killing the command."""
    request = json.dumps({"arguments": list(arguments), "cwd": str(cwd), "environ": dict(environ)}).encode()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr, Path(os.devnull).open() as stdin:
        with theirs:
            streams = [stream.fileno() for stream in (stdin, stdout, stderr, theirs)]
            socket.send_fds(_server(), [request], streams)
        ours.settimeout(timeout)
        pid = int(ours.recv(32))
        try:
            code = int(ours.recv(32))
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(arguments), timeout) from None
        texts = []
        for stream in (stdout, stderr):
            stream.seek(0)
            texts.append(stream.read().decode())
        return subprocess.CompletedProcess(list(arguments), code, *texts)


@cache
def _server() -> socket.socket:
    """The line to this process's server, which ends when the line does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        line = theirs.fileno()
        subprocess.Popen(
            [sys.executable, "-m", "tests.commands", str(line)], pass_fds=[line], cwd=Path(__file__).parents[1]
        )
    return ours


def serve(line: socket.socket) -> None:
    """Fork for each request, until nobody can ask any more."""
    for module in COMMANDS.values():
        import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    while True:
        request, streams, _, _ = socket.recv_fds(line, LONGEST, 4)
        if not request:
            return
        if os.fork() == 0:
            line.close()
            _attend(json.loads(request), streams)
        for stream in streams:
            os.close(stream)


def _attend(request: Mapping[str, object], streams: Sequence[int]) -> NoReturn:
    """Have the command run in a child, and tell its process id and its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    reply = socket.socket(fileno=streams[3])
    pid = os.fork()
    if pid == 0:
        reply.close()
        _become(request, streams)
    reply.send(str(pid).encode())
    _, status = os.waitpid(pid, 0)
    reply.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(request: Mapping[str, object], streams: Sequence[int]) -> NoReturn:
    for number, stream in enumerate(streams[:3]):
        os.dup2(stream, number)
    os.closerange(3, 64)
    os.chdir(str(request["cwd"]))
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv = ["baikaldoc-pos", *request["arguments"]]
    runpy.run_module("baikaldoc_pos", run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
