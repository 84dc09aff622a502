"""The dialogue with the mail server: connect, TLS, sign in, hand over. Each step is reported, without secrets.

Each answer has a time-out, and the whole has a deadline. A thread cuts the line at the deadline or at a stop, since a
socket's own time-out begins anew with each byte. The answer to a mail has a longer time-out of its own, since a client
that gives up too early sends the mail twice (RFC 5321, 4.5.3.2.6 and 6.1).
"""

import ipaddress
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from attrs import frozen

from baikaldoc_pos.alerts.message import one_line
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import DIALOGUE_TIMEOUTS, AlertSettings, TcpAddress, without_strict
from baikaldoc_pos.errors import MailRejected, MailUnavailable, StopRequested
from baikaldoc_pos.logs.masking import Masker

WATCH_SECONDS = 0.1
CONNECT_SECONDS = 10.0  # short, since a stop cannot cut it
# The time-out of the answer to a mail.
ACKNOWLEDGEMENT_SECONDS = 600.0
# The same after a stop; without the answer, the mail is sent again.
LAST_ANSWER_SECONDS = 3.0
_REPLY_LENGTH = 200
# Of one reply; smtplib bounds each line by 8 KiB.
MOST_LINES = 100


@frozen
class SmtpStep:
    """One step of the dialogue and its result.

    :param name: connect, starttls, ehlo, helo, auth, mail, rcpt or data.
    :param subject: what it was about: an address, a name, a recipient; "" for some.
    :param reply: the server's answer, or why there was none; on one line, without secrets.
    :param for_good: a refusal that trying again is unlikely to change (5xx).
    """

    name: str
    subject: str
    ok: bool
    reply: str
    for_good: bool = False


Observer = Callable[[SmtpStep], None]


class _Utf8(str):
    """Text that smtplib encodes as UTF-8 where it means to take ASCII only."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return super().encode()


class _Lines:
    """The lines of a reply, of which there are a bounded number: smtplib would keep a reply without end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.left = MOST_LINES

    def readline(self, size: int) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise OSError("the reply has no end")
        return self._file.readline(size)

    def close(self) -> None:
        self._file.close()


class _Smtp(smtplib.SMTP):
    def getreply(self) -> tuple[int, bytes]:
        if not isinstance(self.file, _Lines) and self.sock is not None:
            self.file = _Lines(self.sock.makefile("rb"))
        if isinstance(self.file, _Lines):
            self.file.left = MOST_LINES
        return super().getreply()


class _SmtpOverTls(_Smtp, smtplib.SMTP_SSL):
    pass


class MailServer:
    """A dialogue with the mail server; made by :func:`dialogue`.

    :ivar unanswered: recipients to whom a mail was sent without an answer so far. They may have it.
    """

    def __init__(self, settings: AlertSettings, clock: Clock, observe: Observer, waiting: Callable[[], None]) -> None:
        self.unanswered: Sequence[str] = ()
        self.smtp = _smtp(settings)
        self.over = threading.Event()
        self._settings = settings
        self._clock = clock
        self._observe = observe
        self._waiting = waiting
        self._masker = Masker(() if settings.password is None else (settings.password.reveal(),))
        self._seconds = settings.timeout_seconds * DIALOGUE_TIMEOUTS
        self._last_answer = False
        self._cut_by: str | None = None

    def open(self) -> None:
        """Connect, secure the line, sign in."""
        settings, smtp = self._settings, self.smtp
        address, port = settings.host or "", settings.effective_port
        self._expect("connect", lambda: smtp.connect(address, port), _address(settings))
        self._limit_answers(settings.timeout_seconds)
        self._introduce()
        if settings.security == "starttls":
            self._expect("starttls", lambda: smtp.starttls(context=trust(settings)))
            self._introduce()
        if settings.user is not None and settings.password is not None:
            self._sign_in(settings.user, settings.password.reveal())

    def _introduce(self) -> None:
        """EHLO; HELO where the server does not know that (RFC 5321, 3.2)."""
        name = _helo_name(self._settings, self.smtp)
        step = self._ask("ehlo", lambda: self.smtp.ehlo(name), name)
        if not step.ok:
            self._expect("helo", lambda: self.smtp.helo(name), name)

    def hand_over(self, sender: str, recipients: Sequence[str], message: bytes) -> Mapping[str, SmtpStep]:
        """Give the server a mail for these recipients; returns its answer about each.

        :raises MailUnavailable: it is not known to have taken the mail for anybody; see ``unanswered``.
        :raises MailRejected: it does not take mail of this sender.
        """
        replies = self.envelope(sender, recipients)
        accepted = [recipient for recipient, step in replies.items() if step.ok]
        if not accepted:
            return replies
        self.unanswered = accepted
        self._last_answer, self._seconds = True, ACKNOWLEDGEMENT_SECONDS
        self._limit_answers(ACKNOWLEDGEMENT_SECONDS)
        try:
            content = self._ask("data", lambda: self._send(message), good=(250,))
        finally:
            self._last_answer = False
        self.unanswered = ()
        self._limit_answers(self._settings.timeout_seconds)
        return replies | dict.fromkeys(accepted, content)

    def _send(self, message: bytes) -> tuple[int, bytes]:
        """Send and read in another thread, while the calling one reports that it waits."""
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(self.smtp.data, message)
            while not wait([sending], WATCH_SECONDS).done:
                self._waiting()
            return sending.result()

    def envelope(self, sender: str, recipients: Sequence[str]) -> dict[str, SmtpStep]:
        """Name sender and recipients; returns the server's answer about each recipient."""
        self._expect("mail", lambda: self.smtp.mail(sender), sender)
        replies = {}
        for recipient in recipients:
            replies[recipient] = self._ask("rcpt", lambda to=recipient: self.smtp.rcpt(to), recipient)  # type: ignore[misc]
        return replies

    def watch(self) -> None:
        """Cut the line at the deadline or at a stop; run in a thread of its own."""
        stopping = 0.0
        while not self.over.wait(WATCH_SECONDS):
            self._seconds -= WATCH_SECONDS
            stopping += WATCH_SECONDS if self._clock.stopping else 0
            if stopping > (LAST_ANSWER_SECONDS if self._last_answer else 0):
                self._cut("stop")
            elif self._seconds < 0:
                self._cut("not done in time")

    def _cut(self, why: str) -> None:
        line = self.smtp.sock
        if line is not None:
            self._cut_by = self._cut_by or why
            with suppress(OSError):
                # Not SSLSocket's own, which pulls the TLS layer from under the thread that is reading.
                socket.socket.shutdown(line, socket.SHUT_RDWR)

    def _limit_answers(self, seconds: float) -> None:
        if self.smtp.sock is not None:
            self.smtp.sock.settimeout(seconds)

    def _sign_in(self, user: str, password: str) -> None:
        """smtplib's own ``login`` takes no password beyond ASCII, and signs in by CRAM-MD5 first even over TLS."""
        smtp = self.smtp
        smtp.user, smtp.password = _Utf8(user), _Utf8(password)
        ways: dict[str, Callable[..., str | None]] = {
            "PLAIN": smtp.auth_plain,
            "LOGIN": smtp.auth_login,
            "CRAM-MD5": smtp.auth_cram_md5,
        }
        offered = str(smtp.esmtp_features.get("auth", "")).upper().split()
        # The password crosses an open line only where there is no other way.
        wanted = ("CRAM-MD5", "PLAIN", "LOGIN") if self._settings.security == "none" else ("PLAIN", "LOGIN", "CRAM-MD5")
        way = next((name for name in wanted if name in offered), None)
        if way is None:
            raise self._broken("auth", "", "no AUTH offered", for_good=True)

        def answer(challenge: bytes | None = None) -> Any:
            words = ways[way](challenge)
            return None if words is None else _Utf8(words)

        self._expect("auth", lambda: smtp.auth(way, answer), way, good=(235,))

    def _expect(
        self, name: str, act: Callable[[], tuple[int, bytes]], subject: str = "", good: Sequence[int] = (220, 250)
    ) -> None:
        """Do a step that must succeed."""
        step = self._ask(name, act, subject, good)
        if not step.ok:
            raise (MailRejected if step.for_good else MailUnavailable)(name, step.reply, _address(self._settings))

    def _ask(
        self,
        name: str,
        act: Callable[[], tuple[int, bytes]],
        subject: str = "",
        good: Sequence[int] = (250, 251, 252),
    ) -> SmtpStep:
        """Do a step and report it; raises where the line breaks or the server ends the dialogue (421)."""
        try:
            code, answer = act()
        except ssl.SSLCertVerificationError as error:
            # Whose certificate it is stands after the comma.
            reason = str(error.verify_message).partition(",")[0]
            raise self._broken(name, subject, reason, for_good=True) from error
        except smtplib.SMTPResponseException as error:  # a refusal, whose words are bytes but for "Line too long."
            code, answer = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b""
        except (smtplib.SMTPNotSupportedError, ValueError) as error:  # ValueError: smtplib's check of what it is given
            raise self._broken(name, subject, str(error), for_good=True) from error
        except (smtplib.SMTPException, OSError) as error:
            # smtplib puts what broke the line behind words of its own.
            cause = error.__context__ if isinstance(error.__context__, OSError) else error
            reason = cause.strerror or str(cause) or type(cause).__name__
            raise self._broken(name, subject, reason) from error
        if code == -1:
            raise self._broken(name, subject, "no answer")
        reply = self._shown(f"{code} {answer.decode('utf-8', 'replace')}")
        step = SmtpStep(name, subject, ok=code in good, reply=reply, for_good=code >= 500)
        self._observe(step)
        if code == 421:
            self.unanswered = ()
            raise MailUnavailable(name, reply, _address(self._settings))
        return step

    def _broken(
        self, name: str, subject: str, reason: str, *, for_good: bool = False
    ) -> MailUnavailable | MailRejected | StopRequested:
        if self._cut_by == "stop":
            return StopRequested()
        told = self._cut_by or self._shown(reason)
        self._observe(SmtpStep(name, subject, ok=False, reply=told))
        error = MailRejected if for_good and not self._cut_by else MailUnavailable
        return error(name, told, _address(self._settings))

    def _shown(self, text: str) -> str:
        return one_line(self._masker.text(one_line(text, _REPLY_LENGTH * 4)), _REPLY_LENGTH)


@contextmanager
def dialogue(
    settings: AlertSettings,
    clock: Clock,
    observe: Observer = lambda step: None,
    waiting: Callable[[], None] = lambda: None,
) -> Iterator[MailServer]:
    """A dialogue with the configured server, ready for a mail.

    :param waiting: called again and again while the answer to a mail is waited for, in the calling thread.
    :raises MailUnavailable: it does not answer, or not now.
    :raises MailRejected: it refuses, or its certificate is not trusted.
    :raises StopRequested: a stop was asked for meanwhile.
    """
    clock.check_stop()
    server = MailServer(settings, clock, observe, waiting)
    watching = threading.Thread(target=server.watch, name="smtp-watch", daemon=True)
    watching.start()
    try:
        server.open()
        yield server
        with suppress(smtplib.SMTPException, OSError):
            server.smtp.quit()
    finally:
        server.over.set()
        watching.join()
        server.smtp.close()


def probe(settings: AlertSettings, clock: Clock, observe: Observer = lambda step: None) -> None:
    """All of the dialogue but the mail itself: would the server take one for every recipient?

    :raises MailError: as :func:`dialogue`, and MailRejected or MailUnavailable that names whom it refuses.
    """
    with dialogue(settings, clock, observe) as server:
        replies = server.envelope(settings.sender or "", settings.recipients)
    refused = [step for step in replies.values() if not step.ok]
    if refused:
        error = MailRejected if any(step.for_good for step in refused) else MailUnavailable
        raise error("rcpt", "; ".join(f"{step.subject}: {step.reply}" for step in refused), _address(settings))


def trust(settings: AlertSettings) -> ssl.SSLContext:
    """Certificates are always checked: against the given CA, else against the machine's."""
    try:
        return without_strict(ssl.create_default_context(cafile=settings.ca_file))
    except (OSError, ssl.SSLError) as error:  # it was there when the configuration was read
        raise MailRejected("tls", one_line(error), _address(settings)) from error


def _smtp(settings: AlertSettings) -> smtplib.SMTP:
    """Not connected yet, so that the watch can cut what the server says first."""
    local = "localhost"  # EHLO has a name of its own; without one here, smtplib asks the DNS for one
    timeout = min(settings.timeout_seconds, CONNECT_SECONDS)
    if settings.security == "tls":
        smtp: smtplib.SMTP = _SmtpOverTls(local_hostname=local, timeout=timeout, context=trust(settings))
    else:
        smtp = _Smtp(local_hostname=local, timeout=timeout)
    # What the certificate is checked against. smtplib has no public way to it but a constructor that connects.
    smtp._host = settings.host  # type: ignore[attr-defined]
    return smtp


def _helo_name(settings: AlertSettings, smtp: smtplib.SMTP) -> str:
    """The configured name, else the machine's full one, else its address as a literal: Postfix refuses short names."""
    name = settings.smtp.helo_name or socket.getfqdn()
    if not settings.smtp.helo_name and smtp.sock is not None and not ("." in name and name.isascii()):
        name = str(smtp.sock.getsockname()[0]).partition("%")[0]
    try:
        version = ipaddress.ip_address(name).version
    except ValueError:
        return name
    return f"[{name}]" if version == 4 else f"[IPv6:{name}]"


def _address(settings: AlertSettings) -> str:
    return str(TcpAddress(settings.host or "", settings.effective_port))
