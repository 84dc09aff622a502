"""The servers on 127.0.0.1 that a probe in a box talks to: HTTPS with a CA of its own, and just enough SMTP."""

from __future__ import annotations

import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path


class Https(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write("здравствуйте".encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        pass


class Smtp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        in_data = False
        for line in self.rfile:
            command = line.strip().upper()
            if in_data and command != b".":
                continue
            in_data = command == b"DATA"
            self.wfile.write(b"354 go on\r\n" if in_data else b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """Make a self-signed certificate for localhost; return it and its key."""
    certificate, key = directory / "ca.pem", directory / "key.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    openssl = ["openssl", "req", "-x509", *kind, *names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(openssl, capture_output=True, check=True)
    return certificate, key


@contextmanager
def serving(handler: type[socketserver.BaseRequestHandler], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve on a free port, which is what is yielded."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
