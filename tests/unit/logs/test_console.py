import os
import pty
import socket
import subprocess

import pytest

from tests.unit.logs.programs import start

FAILS = """
start()
try:
    raise ValueError("x" * 20000 + " hunter2! " + "я" * 20000)
except ValueError:
    log.exception("test.event", cycle=42)
log.info("service.stopped")
"""


def test_systemds_journal_gets_each_record_in_one_write_with_a_priority_on_every_line() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.settimeout(60)
        status = os.fstat(theirs.fileno())
        environ = os.environ | {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        process = start(FAILS, stderr=theirs, env=environ)
        theirs.close()
        writes = []
        while octets := ours.recv(1 << 20):
            writes.append(octets.decode())
        assert process.wait(60) == 0
    assert len(writes) == 2
    first, second = (write.removesuffix("\n").split("\n") for write in writes)
    assert first[0] == "<3>test.event cycle=42"
    assert first[1] == "<3>  Traceback (most recent call last):"
    assert all(line.startswith("<3>  ") for line in first[1:])
    assert first[-1].endswith("я")
    assert second == ["<6>Служба остановлена."]
    assert "hunter2!" not in "".join(writes)


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_a_terminal_gets_colours_unless_it_does_not_want_them(environ: dict[str, str], coloured: bool) -> None:
    ours, theirs = pty.openpty()
    process = start('start()\nlog.info("service.stopped")', stderr=theirs, env=os.environ | {"TERM": "xterm"} | environ)
    os.close(theirs)
    process.wait(60)
    text = os.read(ours, 4096).decode()
    os.close(ours)
    assert ("\x1b[32m" in text) is coloured
    assert text.rstrip().endswith("Служба остановлена.")


@pytest.mark.parametrize("breaking", ["os.close(2)", "sys.stderr = None"])
def test_a_closed_standard_error_stops_nothing(breaking: str) -> None:
    body = f'start()\n{breaking}\nlog.error("test.event")\nprint("still here", flush=True)\nos._exit(0)'
    process = start(body, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "still here\n")
