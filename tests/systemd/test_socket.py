"""A page on a Unix socket: where the sandbox lets the service make one, and a web server in front may reach it."""

from __future__ import annotations

import pytest

from tests.delo_server import DeloServer
from tests.systemd.box import SystemdBox
from tests.systemd.service import Service

pytestmark = pytest.mark.systemd

DIRECTORY = "/run/baikaldoc-pos-http"
SOCKET = f"{DIRECTORY}/http.sock"
# As the unit's comment and the documentation tell an administrator.
TMPFILES = f"d {DIRECTORY} 2750 baikaldoc-pos www-data\n"
ASK = f"""
import socket
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect("{SOCKET}")
    connection.sendall(b"GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
    print(connection.recv(65536).decode())
"""


def ask(box: SystemdBox, account: str) -> str:
    become = ("setpriv", f"--reuid={account}", f"--regid={account}", "--clear-groups")
    answer = box.run(*become, "/usr/bin/python3", "-c", ASK, check=False)
    return answer.stdout + answer.stderr


def test_a_web_server_reaches_the_socket_and_others_do_not(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server, http={"listen": f"unix:{SOCKET}"})
    box.write("/etc/tmpfiles.d/baikaldoc-pos-http.conf", TMPFILES)
    box.run("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/baikaldoc-pos-http.conf")
    service.drop_in(f"ReadWritePaths={DIRECTORY}", "http")
    service.start()
    assert " 200 OK" in ask(box, "www-data")
    assert "Permission denied" in ask(box, "games")
    service.systemctl("restart")
    assert " 200 OK" in ask(box, "www-data")
    service.systemctl("stop")
    assert "No such file" in ask(box, "www-data")


@pytest.mark.slow
def test_without_that_the_fault_is_told(box: SystemdBox, server: DeloServer) -> None:
    service = Service(box, server, http={"listen": f"unix:{SOCKET}"})
    service.start()
    service.wait(lambda: SOCKET in service.status, "the status to tell of it")
