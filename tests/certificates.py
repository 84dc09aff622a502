"""An internal certification authority, such as most installations of ДЕЛО have, made by openssl.

Like many of them it has no keyUsage, which Python takes exception to from 3.13 on unless it is told not to.
"""

import ssl
import subprocess
from pathlib import Path

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


class Authority:
    """A root certificate in ``ca``, and server certificates that it signs."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.ca = directory / "ca.pem"
        self._directory = directory
        self._key = directory / "ca.key"
        _certificate(self.ca, self._key, "-subj", "/CN=Внутренний УЦ")

    def server(self, name: str = "IP:127.0.0.1") -> ssl.SSLContext:
        """The context of a server whose certificate is for that name."""
        certificate, key = self._directory / "server.pem", self._directory / "server.key"
        signed = ("-CA", str(self.ca), "-CAkey", str(self._key), "-addext", "basicConstraints=critical,CA:FALSE")
        _certificate(certificate, key, "-subj", "/CN=delo", "-addext", f"subjectAltName={name}", *signed)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


def _certificate(certificate: Path, key: Path, *options: str) -> None:
    command = ("openssl", "req", "-x509", "-utf8", *KEY, *options, "-keyout", str(key), "-out", str(certificate))
    subprocess.run(command, capture_output=True, check=True)
