"""The dialogue with the mail server: connect, TLS, sign in, hand over; every step told, nothing secret in it.

A dialogue has a time-out for each answer and a deadline for the whole, and ends when a stop is asked for: a watching
thread cuts the line, since a socket's own time-out begins anew with each byte. The answer to a mail that has been sent
whole has a time of its own, since who gives up too early sends it twice (RFC 5321, 4.5.3.2.6 and 6.1). Knows nothing of
what is in a mail.
"""

import base64
import hmac
import re
import select
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from attrs import frozen

from baikaldoc_pos.alerts.message import one_line
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import DIALOGUE_TIMEOUTS, AlertSettings, without_strict
from baikaldoc_pos.errors import MailRejected, MailUnavailable, StopRequested
from baikaldoc_pos.logs.masking import Masker

WATCH_SECONDS = 0.1
# A connection that has not come about by then will not; and a stop cannot cut it short.
CONNECT_SECONDS = 10.0
# How long the answer to a mail that has been sent whole is waited for.
ACKNOWLEDGEMENT_SECONDS = 600.0
# The same after a stop: without the answer, the mail is sent again.
LAST_ANSWER_SECONDS = 3.0
_REPLY_LENGTH = 200
_NO_ANSWER = -1


@frozen
class SmtpStep:
    """One step of the dialogue and what came of it.

    :param name: connect, starttls, tls, ehlo, auth, mail, rcpt, data or quit.
    :param subject: whom or what it was about: the server's address, a recipient; "" for most.
    :param reply: the server's answer, or why there was none; on one line, without secrets.
    """

    name: str
    subject: str
    ok: bool
    reply: str


Observer = Callable[[SmtpStep], None]


@frozen
class RecipientReply:
    """The mail server's answer about one recipient.

    :param accepted: it has taken the mail for them.
    :param for_good: a refusal that trying again is unlikely to change (5xx).
    """

    accepted: bool
    for_good: bool
    reply: str


class MailServer:
    """An open dialogue with the mail server; made by :func:`dialogue`.

    :ivar unanswered: those to whom a mail has been sent whole, and of whom no word has come yet. They may have it.
    """

    def __init__(
        self,
        smtp: smtplib.SMTP,
        settings: AlertSettings,
        observe: Observer,
        watch: "_Watch",
        waiting: Callable[[], None],
    ) -> None:
        self.unanswered: Sequence[str] = ()
        self._smtp = smtp
        self._settings = settings
        self._observe = observe
        self._watch = watch
        self._waiting = waiting
        self._host = _address(settings)
        secret = () if settings.password is None else (settings.password.reveal(),)
        self._masker = Masker(secret)

    def open(self) -> None:
        """Connect, secure the line, sign in."""
        settings, smtp = self._settings, self._smtp
        self._expect("connect", self._connect, self._host)
        self._expect("ehlo", smtp.ehlo)
        if settings.security == "starttls":
            self._need("starttls")
            self._expect("starttls", lambda: smtp.starttls(context=trust(settings)))
            self._expect("ehlo", smtp.ehlo)
        if settings.user is not None and settings.password is not None:
            self._need("auth")
            self._sign_in(settings.user, settings.password.reveal())

    def _connect(self) -> tuple[int, bytes]:
        answer = self._smtp.connect(self._settings.host or "", self._settings.effective_port)
        if self._smtp.sock is not None:
            self._smtp.sock.settimeout(self._settings.timeout_seconds)
        return answer

    def hand_over(self, sender: str, recipients: Sequence[str], message: bytes) -> Mapping[str, RecipientReply]:
        """Give the server a mail for these recipients; returns its answer about each.

        :raises MailUnavailable: it is not known to have taken the mail for anybody; see ``unanswered``.
        :raises MailRejected: it does not take mail of this sender.
        """
        replies = self._envelope(sender, recipients)
        accepted = [recipient for recipient, verdict in replies.items() if verdict.accepted]
        if accepted:
            content = self._content(accepted, message)
            replies |= dict.fromkeys(accepted, content)
        else:
            self._reset()
        return replies

    def try_envelope(self, sender: str, recipients: Sequence[str]) -> Mapping[str, RecipientReply]:
        """Ask whether the server would take a mail of that sender for these recipients; nothing is sent."""
        replies = self._envelope(sender, recipients)
        self._reset()
        return replies

    def _envelope(self, sender: str, recipients: Sequence[str]) -> dict[str, RecipientReply]:
        self._expect("mail", lambda: self._smtp.mail(sender), sender)
        replies = {}
        for recipient in recipients:
            code, reply = self._ask("rcpt", lambda to=recipient: self._smtp.rcpt(to), recipient)  # type: ignore[misc]
            replies[recipient] = RecipientReply(code in {250, 251, 252}, code >= 500, reply)
        return replies

    def _content(self, recipients: Sequence[str], message: bytes) -> RecipientReply:
        code, reply = self._ask("data", lambda: self._smtp.docmd("DATA"), good=(354,))
        if code != 354:
            return RecipientReply(accepted=False, for_good=code >= 500, reply=reply)
        quoted = re.sub(rb"(?m)^\.", b"..", message)

        def send() -> tuple[int, bytes]:
            self._smtp.send(quoted if quoted.endswith(b"\r\n") else quoted + b"\r\n")
            # From here on the server may have the mail, whatever we hear of it.
            self.unanswered = recipients
            self._watch.last_answer = True
            self._smtp.send(b".\r\n")
            self._wait()
            return self._smtp.getreply()

        try:
            code, reply = self._ask("data", send)
        finally:
            self._watch.last_answer = False
        self.unanswered = ()
        return RecipientReply(accepted=code == 250, for_good=code >= 500, reply=reply)

    def _wait(self) -> None:
        """Until there is something to read, which the end of the line is too; the watch sees to that in time."""
        line = self._smtp.sock
        if line is None:
            return
        poll = select.poll()
        poll.register(line, select.POLLIN)
        while not (isinstance(line, ssl.SSLSocket) and line.pending()) and not poll.poll(WATCH_SECONDS * 1000):
            self._waiting()

    def _reset(self) -> None:
        with suppress(smtplib.SMTPException, OSError):
            self._smtp.docmd("RSET")

    def _need(self, extension: str) -> None:
        if not self._smtp.has_extn(extension):
            reply = f"{extension.upper()} is not offered"
            self._observe(SmtpStep(extension, "", ok=False, reply=reply))
            raise MailRejected(extension, reply, self._host)

    def _sign_in(self, user: str, password: str) -> None:
        """By hand, since smtplib takes no password beyond ASCII; the password never crosses an open line needlessly."""
        offered = str(self._smtp.esmtp_features.get("auth", "")).upper().split()
        wanted = ("CRAM-MD5", "PLAIN", "LOGIN") if self._settings.security == "none" else ("PLAIN", "LOGIN", "CRAM-MD5")
        ways = {"PLAIN": self._auth_plain, "LOGIN": self._auth_login, "CRAM-MD5": self._auth_cram_md5}
        way = next((name for name in wanted if name in offered), "PLAIN")
        self._expect("auth", lambda: ways[way](user.encode(), password.encode()), way, good=(235, 503))

    def _auth_plain(self, user: bytes, password: bytes) -> tuple[int, bytes]:
        return self._smtp.docmd("AUTH", "PLAIN " + _base64(b"\0" + user + b"\0" + password))

    def _auth_login(self, user: bytes, password: bytes) -> tuple[int, bytes]:
        code, answer = self._smtp.docmd("AUTH", f"LOGIN {_base64(user)}")
        return self._smtp.docmd(_base64(password)) if code == 334 else (code, answer)

    def _auth_cram_md5(self, user: bytes, password: bytes) -> tuple[int, bytes]:
        code, answer = self._smtp.docmd("AUTH", "CRAM-MD5")
        if code != 334:
            return code, answer
        digest = hmac.new(password, base64.b64decode(answer), "md5").hexdigest()
        return self._smtp.docmd(_base64(user + b" " + digest.encode()))

    def _expect(
        self, name: str, act: Callable[[], tuple[int, bytes]], subject: str = "", good: Sequence[int] = (220, 250)
    ) -> None:
        """Do a step without which nothing goes on."""
        code, reply = self._ask(name, act, subject, good)
        if code not in good:
            raise (MailRejected if code >= 500 else MailUnavailable)(name, reply, self._host)

    def _ask(
        self,
        name: str,
        act: Callable[[], tuple[int, bytes]],
        subject: str = "",
        good: Sequence[int] = (250, 251, 252),
    ) -> tuple[int, str]:
        """Do a step and tell of it; raises where the line breaks, or the server ends the dialogue (421)."""
        try:
            code, answer = act()
        except ssl.SSLCertVerificationError as error:
            raise self._broken(name, subject, error.verify_message, for_good=True) from error
        except smtplib.SMTPResponseException as error:  # STARTTLS that is refused, whose words are bytes there
            code, answer = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b""
        except (smtplib.SMTPException, OSError) as error:
            raise self._broken(name, subject, str(error) or type(error).__name__) from error
        except (ValueError, UnicodeError) as error:  # smtplib's own check of what it is given
            raise self._broken(name, subject, str(error), for_good=True) from error
        if code == _NO_ANSWER:
            raise self._broken(name, subject, "no answer")
        if code == 421:
            self.unanswered = ()
        reply = self._shown(f"{code} {answer.decode('utf-8', 'replace')}")
        self._observe(SmtpStep(name, subject, ok=code in good, reply=reply))
        if code == 421:
            raise MailUnavailable(name, reply, self._host)
        return code, reply

    def _broken(
        self, name: str, subject: str, reason: str, *, for_good: bool = False
    ) -> MailUnavailable | MailRejected | StopRequested:
        if self._watch.cut_by == "stop":
            return StopRequested()
        told = self._watch.cut_by or self._shown(reason)
        self._observe(SmtpStep(name, subject, ok=False, reply=told))
        return (MailRejected if for_good and not self._watch.cut_by else MailUnavailable)(name, told, self._host)

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
    :raises MailRejected: it refuses, or cannot be trusted.
    :raises StopRequested: a stop was asked for meanwhile.
    """
    clock.check_stop()
    smtp = _smtp(settings)
    limit = settings.timeout_seconds * DIALOGUE_TIMEOUTS
    with _Watch(smtp, clock, limit) as watch:
        server = MailServer(smtp, settings, observe, watch, waiting)
        try:
            server.open()
            yield server
            with suppress(smtplib.SMTPException, OSError):
                smtp.quit()
        finally:
            smtp.close()


def probe(settings: AlertSettings, clock: Clock, observe: Observer = lambda step: None) -> None:
    """All of the dialogue but the mail itself: would the server take one for every recipient?

    :raises MailError: as :func:`dialogue`, and MailRejected or MailUnavailable that names whom it refuses.
    """
    with dialogue(settings, clock, observe) as server:
        replies = server.try_envelope(settings.sender or "", settings.recipients)
    refused = {recipient: verdict for recipient, verdict in replies.items() if not verdict.accepted}
    if refused:
        error = MailRejected if any(verdict.for_good for verdict in refused.values()) else MailUnavailable
        told = "; ".join(f"{recipient}: {verdict.reply}" for recipient, verdict in refused.items())
        raise error("rcpt", told, _address(settings))


def trust(settings: AlertSettings) -> ssl.SSLContext:
    """Certificates are always checked: against the given CA, else against the machine's."""
    try:
        return without_strict(ssl.create_default_context(cafile=settings.ca_file))
    except (OSError, ssl.SSLError) as error:  # it was there when the configuration was read
        raise MailRejected("tls", one_line(error), _address(settings)) from error


def _smtp(settings: AlertSettings) -> smtplib.SMTP:
    """Not connected yet; without a host, smtplib's constructor does nothing else."""
    name = socket.gethostname()
    local = name if name.isascii() and name else "localhost"
    timeout = min(settings.timeout_seconds, CONNECT_SECONDS)
    if settings.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(local_hostname=local, timeout=timeout, context=trust(settings))
    else:
        smtp = smtplib.SMTP(local_hostname=local, timeout=timeout)
    # What the certificate is checked against; smtplib sets it only where its constructor connects.
    smtp._host = settings.host  # type: ignore[attr-defined]
    return smtp


def _address(settings: AlertSettings) -> str:
    host = settings.host or ""
    return f"[{host}]:{settings.effective_port}" if ":" in host else f"{host}:{settings.effective_port}"


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


class _Watch:
    """Cuts the line when a deadline has passed or a stop is asked for.

    :param last_answer: the mail has been sent whole, and only the server's word is missing.
    """

    def __init__(self, smtp: smtplib.SMTP, clock: Clock, limit: float) -> None:
        self.last_answer = False
        self.cut_by: str | None = None
        self._smtp = smtp
        self._clock = clock
        self._limit = limit
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="smtp-watch", daemon=True)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        talked, acknowledging, since_stop = 0.0, 0.0, 0.0
        while not self._over.wait(WATCH_SECONDS):
            if self.last_answer:
                acknowledging += WATCH_SECONDS
            else:
                talked += WATCH_SECONDS
            since_stop += WATCH_SECONDS if self._clock.stopping else 0
            if since_stop > (LAST_ANSWER_SECONDS if self.last_answer else 0):
                self._cut("stop")
            elif acknowledging > ACKNOWLEDGEMENT_SECONDS:
                self._cut(f"not acknowledged within {ACKNOWLEDGEMENT_SECONDS:g} s")
            elif talked > self._limit:
                self._cut(f"not done within {self._limit:g} s")

    def _cut(self, why: str) -> None:
        line = self._smtp.sock
        if line is not None:
            self.cut_by = self.cut_by or why
            with suppress(OSError):
                # Not SSLSocket's own, which pulls the TLS layer from under the thread that is reading.
                socket.socket.shutdown(line, socket.SHUT_RDWR)
