"""Commands in processes of their own, without the half second that each would spend on imports.

A process that has imported everything forks for each command: what runs is the program's own ``__main__``, with its
own arguments, directory, environment and streams. ``python -m tests.commands FD`` is that process.
"""

import gc
import json
import os
import runpy
import shlex
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
    done = run_redirected(arguments, cwd, environ, timeout)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def run_redirected(
    arguments: Sequence[str],
    cwd: Path,
    environ: Mapping[str, str],
    timeout: float = 60,
    *,
    start: Mapping[str, str] | None = None,
    closed: str = "",
    stdout: int | None = None,
    stderr: int | None = None,
    user: int | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """The same with captured bytes.

    :param start: variables that Python looks at when it starts, such as those of its encoding.
    :param closed: streams that are closed when it starts, as a shell writes it: ``>&-``.
    :param user: the account that it runs as; where that is not ours, we are root.
    :param stdout: in place of a file that is captured; ``stderr`` likewise.
    """
    request = {"arguments": list(arguments), "cwd": str(cwd), "environ": {**environ, **(start or {})}}
    request["user"] = user
    request["closed"] = [n for n, sign in enumerate(("<&-", " >&-", "2>&-")) if sign in f" {closed}"]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, Path(os.devnull).open() as stdin:
        with theirs:
            given = (out.fileno() if stdout is None else stdout, err.fileno() if stderr is None else stderr)
            streams = [stdin.fileno(), *given, theirs.fileno()]
            line = _server(tuple((start or {}).items()), closed)
            socket.send_fds(line, [json.dumps(request).encode()], streams)
        ours.settimeout(timeout)
        pid = int(ours.recv(32))
        try:
            code = int(ours.recv(32))
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(arguments), timeout) from None
        for stream in (out, err):
            stream.seek(0)
        return subprocess.CompletedProcess(list(arguments), code, out.read(), err.read())


@cache
def _server(start: tuple[tuple[str, str], ...], closed: str) -> socket.socket:
    """The line to this process's server of commands that start like that; it ends when the line does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        line = theirs.fileno()
        command = f"exec {shlex.join([sys.executable, '-m', 'tests.commands', str(line)])} {closed}"
        subprocess.Popen(
            ["bash", "-c", command], pass_fds=[line], cwd=Path(__file__).parents[1], env={**os.environ, **dict(start)}
        )
    return ours


def serve(line: socket.socket) -> None:
    """Fork for each request, until nobody can ask any more."""
    # Another account may not be able to read Python's own files: what is imported late is imported here.
    for module in (*COMMANDS.values(), "encodings.utf_8_sig", "encodings.idna"):
        import_module(module)
    gc.collect()
    gc.freeze()
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
        if number in request["closed"]:
            os.close(number)
        else:
            os.dup2(stream, number)
    os.closerange(3, 64)
    if request["user"] is not None:
        os.setgid(request["user"])
        os.setuid(request["user"])
    os.chdir(str(request["cwd"]))
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv = ["baikaldoc-pos", *request["arguments"]]
    runpy.run_module("baikaldoc_pos", run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
