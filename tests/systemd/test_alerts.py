"""Who is told when the service fails: mail from the alert unit and from the service, under a real systemd."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import timedelta, timezone
from email.utils import parsedate_to_datetime
from urllib.request import urlopen

import pytest

from tests.delo_server import PASSWORD, DeloServer
from tests.mail_server import DeadServer, MailServer, free_port, text_of
from tests.systemd.box import SystemdBox
from tests.systemd.service import UNIT, Service, recent_rubrics

pytestmark = pytest.mark.systemd


@pytest.fixture
def server() -> Iterator[DeloServer]:
    with DeloServer(recent_rubrics(3)) as running:
        yield running


@pytest.fixture
def mailbox() -> Iterator[MailServer]:
    """A mail server outside the box."""
    with MailServer() as running:
        yield running


def alerts(mailbox: MailServer) -> dict[str, object]:
    """A section ``alerts`` for it."""
    return {
        "recipients": ["admin@example.org"],
        "sender": "pos@example.org",
        "host": "127.0.0.1",
        "port": mailbox.port,
        "security": "none",
    }


def test_alert_unit_mails_where_the_service_cannot_even_start(
    box: SystemdBox, server: DeloServer, mailbox: MailServer
) -> None:
    service = Service(box, server, alerts=alerts(mailbox))
    service.processing["batchSize"] = "fifty"
    service.save()
    service.systemctl("start", check=False)
    service.wait(lambda: mailbox.mails, "the mail of the alert unit")
    (mail,) = mailbox.mails
    assert mail["Subject"].startswith("[baikaldoc-pos]")
    text = text_of(mail)
    assert UNIT in text
    assert "batchSize" in text
    # Set right, it starts, and says that this is over.
    service.processing["batchSize"] = 50
    service.save()
    box.systemctl("reset-failed", UNIT)
    service.start()
    service.wait(lambda: len(mailbox.mails) == 2, "the mail that it is over", timeout=40)
    assert mailbox.mails[1]["In-Reply-To"] == mail["Message-ID"]


@pytest.mark.slow
def test_password_that_is_systemds_credential_is_not_blamed_for_a_failure(
    box: SystemdBox, server: DeloServer, mailbox: MailServer
) -> None:
    """The documents' standard installation, where the alert unit is given no password of ДЕЛО's."""
    service = Service(box, server, alerts=alerts(mailbox))
    del service.connection["password"]
    service.connection["password_file"] = "credentials/delo-password"
    service.processing["utcOffsetHours"] = 5.5
    service.save()
    box.write("/etc/baikaldoc-pos/credentials/delo-password", PASSWORD + "\n", 0o600)
    box.run("chmod", "0700", "/etc/baikaldoc-pos/credentials")
    service.start()
    service.drop_in("ExecStart=\nExecStart=/bin/false\nRestart=no", "broken")
    service.systemctl("restart", check=False)
    service.wait(lambda: mailbox.mails, "the mail of the alert unit")
    text = text_of(mailbox.mails[0])
    assert UNIT in text
    assert "password" not in text
    # What it says to look closer with can be typed as it is, by a person who has no PATH for it.
    (command,) = (line.strip() for line in text.splitlines() if line.endswith("check --offline"))
    for name in ("etc", "var/lib", "var/log"):
        assert f" /{name}/baikaldoc-pos " in command
    assert box.run(*shlex.split(command)).returncode == 0
    written = parsedate_to_datetime(mailbox.mails[0]["Date"]).astimezone(timezone(timedelta(hours=5.5)))
    assert f"{written:%d.%m.%Y %H:%M}" in text


@pytest.mark.slow
def test_service_mails_of_rejected_credentials_once(box: SystemdBox, server: DeloServer, mailbox: MailServer) -> None:
    service = Service(box, server, alerts=alerts(mailbox), schedule={"intervalMinutes": 0.02})
    service.connection["password"] = "не тот пароль"
    service.save()
    service.start()
    service.wait(lambda: mailbox.mails, "the mail about the credentials", timeout=40)
    service.wait(lambda: service.finished_cycles() >= 5, "more cycles that fail")
    (mail,) = mailbox.mails
    assert "не тот пароль" not in mail.as_string()
    assert "не тот пароль" not in text_of(mail)


def test_page_and_metrics_are_served_from_the_sandbox(box: SystemdBox, server: DeloServer) -> None:
    port = free_port()
    service = Service(box, server, http={"listen": f"127.0.0.1:{port}"})
    service.start()
    service.wait(lambda: service.finished_cycles() == 1, "the first cycle")
    assert "baikaldoc_pos_records_total" in urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    assert urlopen(f"http://127.0.0.1:{port}/healthz").status == 200


@pytest.mark.slow
def test_mail_server_that_takes_connections_and_hangs_makes_no_cycle_late(box: SystemdBox, server: DeloServer) -> None:
    with DeadServer() as dead:
        section = {**alerts(MailServer()), "port": dead.port, "timeoutSeconds": 30}
        service = Service(box, server, alerts=section, schedule={"intervalMinutes": 0.005})
        service.connection["password"] = "wrong"
        service.save()
        service.start()
        service.wait(
            lambda: "Открыто оповещение «ДЕЛО не принимает учётную запись»" in box.messages(UNIT),
            "the alert to be opened",
        )
        # Each cycle takes its usual time; a single wait for the mail server would be thirty seconds.
        seen = service.finished_cycles()
        service.wait(lambda: service.finished_cycles() >= seen + 20, "twenty cycles", timeout=15)
        assert service.restarts == 0
        service.systemctl("stop", timeout=15)
        assert box.show(UNIT, "Result") == "success"
