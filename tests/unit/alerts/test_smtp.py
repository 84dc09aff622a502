"""The dialogue: TLS by an internal CA, signing in, what each refusal becomes, and that the password is never shown."""

import base64
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import attrs
import pytest
from baikaldoc_pos.alerts import probe
from baikaldoc_pos.alerts.smtp import WATCH_SECONDS, dialogue
from baikaldoc_pos.config import DIALOGUE_TIMEOUTS, AlertSettings, Secret, read_alert_settings
from baikaldoc_pos.errors import MailRejected, MailUnavailable
from baikaldoc_pos.i18n import Catalogue

from tests.alerting import ADMIN, OTHER
from tests.mail_server import MailServer, make_certificates

PASSWORD = "пароль-S3cret"
MESSAGE = b"Subject: x\r\n\r\n.dot\r\n..\r\nend"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def serve():
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(MailServer(**options))


def settings_for(port, **changes) -> AlertSettings:
    given = {
        "recipients": (ADMIN,), "sender": "pos@example.org", "host": "127.0.0.1", "port": port, "security": "none",
        "timeout_seconds": 2,
    }  # fmt: skip
    return AlertSettings(**given | changes)


def talk(settings, clock):
    steps = []
    with dialogue(settings, clock, steps.append) as server:
        replies = server.hand_over(settings.sender, settings.recipients, MESSAGE)
    return replies, steps


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_internal_ca(serve, certificates, clock, security):
    ca, context = certificates
    server = serve(**{security: context})
    settings = settings_for(server.port, security=security, host="localhost", ca_file=ca)
    replies, steps = talk(settings, clock)
    assert replies[ADMIN].ok
    assert all(step.ok for step in steps)
    assert [step.name for step in steps if step.name == "starttls"] == (["starttls"] if security == "starttls" else [])
    for wrong in ({"ca_file": None}, {"host": "127.0.0.1"}):
        with pytest.raises(MailRejected) as caught:
            talk(attrs.evolve(settings, **wrong), clock)
        assert "сертификат" in Catalogue("ru").render(caught.value.event, caught.value.fields)
    assert len(server.mails) == 1


def test_a_late_answer_to_a_mail_is_waited_for(serve, certificates, clock):
    ca, context = certificates
    server = serve(starttls=context)
    server.handler.acknowledge = threading.Event()
    settings = settings_for(server.port, security="starttls", host="localhost", ca_file=ca, timeout_seconds=0.5)
    waited = []

    def wait():
        waited.append(None)
        if len(waited) * WATCH_SECONDS > 0.5 * (DIALOGUE_TIMEOUTS + 2):
            server.handler.acknowledge.set()

    with dialogue(settings, clock, waiting=wait) as mail_server:
        assert mail_server.hand_over("pos@example.org", [ADMIN], MESSAGE)[ADMIN].ok
        assert mail_server.unanswered == ()
    assert len(server.mails) == 1


def test_without_starttls_nothing_is_sent(serve, clock):
    server = serve()
    with pytest.raises(MailRejected, match="STARTTLS"):
        talk(settings_for(server.port, security="starttls"), clock)
    assert server.handler.dialogues == 0


@contextmanager
def scripted(*replies: bytes):
    """A server that says these replies, whatever it is told; yields its port and what it was told."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:

        def answer():
            line, _ = listener.accept()
            with suppress(OSError), line, line.makefile("rwb", buffering=0) as talk:
                talk.write(b"220 x\r\n")
                for reply in replies:
                    heard.append(talk.readline().decode().strip())
                    talk.write(reply)
                talk.readline()

        answering = pool.submit(answer)
        yield listener.getsockname()[1], heard
        answering.result(5)


@pytest.mark.parametrize(
    ("configured", "machine", "told"),
    [
        (None, "pos.example.org", "pos.example.org"),
        (None, "pos", "[127.0.0.1]"),
        ("мфц.рф", "pos", "xn--l1aqg.xn--p1ai"),
        ("pos", "pos.example.org", "pos"),
        ("2001:db8::1", "pos", "[IPv6:2001:db8::1]"),
    ],
)
def test_how_the_service_introduces_itself(clock, monkeypatch, tmp_path, configured, machine, told):
    monkeypatch.setattr(socket, "getfqdn", lambda: machine)
    with scripted(b"502 what?\r\n", b"250 x\r\n", b"550 go away\r\n") as (port, heard):
        settings = settings_for(
            port, smtp=read_alert_settings({"smtp": {"heloName": configured}}, tmp_path, {})[0].smtp
        )
        with pytest.raises(MailRejected, match="go away"):
            talk(settings, clock)
    assert heard[:2] == [f"ehlo {told}", f"helo {told}"]


def test_a_reply_without_end_is_cut_off(clock):
    endless = b"250-" + b"x" * 4000 + b"\r\n"
    with scripted(endless * 20_000) as (port, _), pytest.raises(MailUnavailable) as caught:
        talk(settings_for(port), clock)
    assert Catalogue("ru").render(caught.value.event, caught.value.fields).endswith("EHLO): ответ не кончается.")


def test_a_server_that_cannot_begin_tls_is_quoted_in_its_own_words(clock):
    with (
        scripted(b"250-x\r\n250 STARTTLS\r\n", b"454 no tls\r\n") as (port, _),
        pytest.raises(MailUnavailable) as caught,
    ):
        talk(settings_for(port, security="starttls"), clock)
    assert caught.value.reason == "454 no tls"


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_signing_in_with_a_password_in_russian(serve, certificates, clock, mechanism):
    ca, context = certificates
    other = {"LOGIN": "PLAIN", "PLAIN": "LOGIN"}[mechanism]
    server = serve(starttls=context, users={"pos": PASSWORD}, without=[other])
    secure = settings_for(
        server.port, security="starttls", host="localhost", ca_file=ca, user="pos", timeout_seconds=15
    )
    replies, steps = talk(attrs.evolve(secure, password=Secret(PASSWORD)), clock)
    assert replies[ADMIN].ok
    assert "auth" in [step.name for step in steps]
    assert PASSWORD not in repr(steps)
    with pytest.raises(MailRejected) as caught:
        talk(attrs.evolve(secure, password=Secret(PASSWORD + "x")), clock)
    assert caught.value.step == "auth"
    for shown in (repr(caught.value), str(caught.value), repr(secure)):
        assert PASSWORD not in shown
        assert base64.b64encode(PASSWORD.encode()).decode() not in shown


def test_the_probe_sends_nothing_and_names_whom_the_server_refuses(serve, clock):
    server = serve()
    steps = []
    probe(settings_for(server.port), clock, steps.append)
    assert [step.name for step in steps] == ["connect", "ehlo", "mail", "rcpt"]
    server.handler.refused = {OTHER: "450 later", "third@example.org": "550 no such user"}
    with pytest.raises(MailUnavailable):
        probe(settings_for(server.port, recipients=(OTHER,)), clock)
    with pytest.raises(MailRejected) as caught:
        probe(settings_for(server.port, recipients=(ADMIN, OTHER, "third@example.org")), clock)
    assert f"{OTHER}: 450 later; third@example.org: 550 no such user" in Catalogue("ru").render(
        caught.value.event, caught.value.fields
    )
    assert ADMIN not in caught.value.reason
    assert server.mails == []
