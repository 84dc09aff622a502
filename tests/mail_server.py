"""A real mail server (aiosmtpd) with switches for what goes wrong, and certificates of an internal CA."""

import asyncio
import email
import email.policy
import socket
import ssl
import threading
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from tests.certificates import Authority


class Handler:
    """Keeps what it has accepted, as (message, recipients)."""

    def __init__(self) -> None:
        self.accepted: list[tuple[EmailMessage, list[str]]] = []
        self.dialogues = 0
        self.data_reply = "250 OK"
        self.refused: dict[str, str] = {}
        self.sender_reply: str | None = None
        self.hang_at: str | None = None
        self.raw: list[bytes] = []
        # Set where mail is taken but acknowledged only when the event is set.
        self.acknowledge: threading.Event | None = None
        self.drop_after_data = False

    async def _hang(self, step: str) -> None:
        if self.hang_at == step:
            await asyncio.sleep(3600)

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        self.dialogues += 1
        await self._hang("mail")
        if self.sender_reply:
            return self.sender_reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        await self._hang("data")
        if self.data_reply.startswith("250"):
            self.raw.append(envelope.original_content)
            message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
            self.accepted.append((message, list(envelope.rcpt_tos)))
        if self.drop_after_data:
            server.transport.abort()
        while self.acknowledge is not None and not self.acknowledge.is_set():
            await asyncio.sleep(0.01)
        return self.data_reply


class _Controller(Controller):
    def __init__(self, *args, sock: socket.socket, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._sock = sock

    def _create_server(self):
        return self.loop.create_server(self._factory_invoker, sock=self._sock, ssl=self.ssl_context)


class MailServer:
    """The server on a port of its own, which it keeps over :meth:`stop` and :meth:`start`."""

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, users=None, without=()
    ) -> None:
        self.handler = Handler()
        self.port = 0
        self._tls, self._starttls, self._users, self._without = tls, starttls, users, list(without)
        self._controller: _Controller | None = None

    def start(self) -> "MailServer":
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.bind(("127.0.0.1", self.port))
        self.port = line.getsockname()[1]
        options: dict = {}
        if self._users is not None:
            options |= {"authenticator": self._authenticate, "auth_required": True, "auth_require_tls": False}
            options |= {"auth_exclude_mechanism": self._without}
        if self._starttls is not None:
            options |= {"tls_context": self._starttls, "require_starttls": True}
        self._controller = _Controller(
            self.handler, "127.0.0.1", self.port, ssl_context=self._tls, sock=line, ready_timeout=10, **options
        )
        self._controller.start()
        return self

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> "MailServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _authenticate(self, server: SMTP, session, envelope, mechanism, data) -> AuthResult:
        known = self._users.get(data.login.decode())
        known_one = known is not None and known == data.password.decode()
        return AuthResult(success=known_one, handled=False)

    @property
    def mails(self) -> list[EmailMessage]:
        return [message for message, _ in self.handler.accepted]

    @property
    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.mails]

    def reaching(self, recipient: str) -> list[str]:
        return [str(message["Subject"]) for message, recipients in self.handler.accepted if recipient in recipients]


class DeadServer:
    """Takes connections and never says a word."""

    def __enter__(self) -> "DeadServer":
        self._line = socket.socket()
        self._line.bind(("127.0.0.1", 0))
        self._line.listen(50)
        self.port = self._line.getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


def text_of(message: EmailMessage) -> str:
    return message.get_body(("plain",)).get_content()


def html_of(message: EmailMessage) -> str:
    return message.get_body(("html",)).get_content()


def make_certificates(directory: Path) -> tuple[Path, ssl.SSLContext]:
    """An internal CA, and a server's context with a certificate of its for localhost."""
    authority = Authority(directory)
    return authority.ca, authority.server("DNS:localhost")
