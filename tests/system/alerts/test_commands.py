"""``notify-failure`` and ``test-alert`` as processes see them, with whatever is broken around them."""

import json
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from baikaldoc_pos.alerts import NoRecipients, Observed, notify_failure, smtp
from baikaldoc_pos.cli.app import App
from baikaldoc_pos.cli.mail import notify_failure_command as notify_command
from baikaldoc_pos.cli.mail import test_alert_command as send_test_command
from baikaldoc_pos.config import Paths
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import StateLock

from tests.alerting import Installed, configured, section
from tests.clocks import ManualClock
from tests.mail_server import MailServer, free_port, text_of

UNIT = "baikaldoc-pos@oblast.service"


@pytest.fixture
def paths(tmp_path):
    return Paths(tmp_path / "config", tmp_path / "state", tmp_path / "logs")


def run(command, paths, *arguments, environ=None):
    app = App(paths, environ or {}, Catalogue("ru"))
    return command(app.text).main(list(arguments), obj=app, standalone_mode=False)


def test_nobody_to_tell_is_said_and_is_no_success(paths, capsys):
    paths.config.mkdir()
    assert run(notify_command, paths, UNIT) == 78
    assert capsys.readouterr().err
    assert run(send_test_command, paths) == 78
    assert capsys.readouterr().err


def test_with_all_else_broken(mail, paths):
    configured(paths.config, section(mail.port))
    (paths.config / "connection_config.json").write_text("{ это не JSON", encoding="utf-8")
    (paths.config / "processing_config.json").unlink()
    assert run(notify_command, paths, UNIT) == 0
    [message] = mail.mails
    assert UNIT in message["Subject"]
    assert "connection_config.json" in text_of(message)  # why it cannot start
    assert run(notify_command, paths, UNIT) == 0
    assert len(mail.mails) == 1


@pytest.mark.parametrize("file", [None, "credentials/delo-password", "credentials/not-there"])
def test_a_password_that_only_the_service_is_given_is_not_blamed(mail, paths, file):
    configured(paths.config, section(mail.port))
    connection = json.loads((paths.config / "connection_config.json").read_text(encoding="utf-8"))
    del connection["password"]
    if file is not None:
        connection["password_file"] = file
        (paths.config / "credentials").touch(mode=0o000)  # as good as a directory that may not be looked into
    (paths.config / "connection_config.json").write_text(json.dumps(connection), encoding="utf-8")
    clock = ManualClock()
    notify_failure(UNIT, paths, {"CREDENTIALS_DIRECTORY": str(paths.config / "none")}, clock)
    [message] = mail.mails
    assert "connection_config.json" not in text_of(message)
    # In the zone of utcOffsetHours, wherever the machine is.
    hours = json.loads((paths.config / "processing_config.json").read_text(encoding="utf-8"))["utcOffsetHours"]
    local = clock.now().astimezone(timezone(timedelta(hours=hours)))
    assert f"{local:%d.%m.%Y %H:%M}" in text_of(message)


def test_other_faults_of_the_connection_are_told(mail, paths):
    configured(paths.config, section(mail.port))
    connection = json.loads((paths.config / "connection_config.json").read_text(encoding="utf-8"))
    connection |= {"password": 5, "connect_timeout": "long"}
    (paths.config / "connection_config.json").write_text(json.dumps(connection), encoding="utf-8")
    notify_failure(UNIT, paths, {}, ManualClock())
    [message] = mail.mails
    assert "connect_timeout" in text_of(message)
    assert "connection_config.json: password:" in text_of(message)


def test_no_journal_to_be_had(mail, paths, capsys):
    configured(paths.config, section(mail.port))
    paths.state.write_text("not a directory")
    assert run(notify_command, paths, UNIT) == 0
    assert len(mail.mails) == 1
    assert str(paths.state) in capsys.readouterr().err


def test_beside_a_process_that_holds_the_state(mail, paths):
    configured(paths.config, section(mail.port))
    with StateLock(paths.state, "run", ManualClock()):
        assert run(notify_command, paths, UNIT) == 0
    assert len(mail.mails) == 1


def test_a_file_that_can_no_longer_be_read(mail, install, paths):
    here = install()
    here.tick()  # the service has seen the section once
    (paths.config / "service_config.json").write_text('{"alerts": {"recipients": [', encoding="utf-8")
    assert run(notify_command, paths, UNIT) == 0
    assert UNIT in mail.subjects[-1]


def test_kept_until_systemd_tries_again(mail, paths):
    configured(paths.config, section(mail.port))
    mail.stop()
    for _ in range(3):
        assert run(notify_command, paths, UNIT) == 75
    mail.start()
    assert run(notify_command, paths, UNIT) == 0
    assert run(notify_command, paths, UNIT) == 0
    assert len(mail.mails) == 1


def test_a_mail_that_may_have_arrived_is_not_sent_at_each_start_of_the_unit(mail, paths, monkeypatch):
    monkeypatch.setattr(smtp, "ACKNOWLEDGEMENT_SECONDS", 0.3)
    configured(paths.config, section(mail.port))
    mail.handler.acknowledge = threading.Event()
    clock = ManualClock()
    for _ in range(24):
        notify_failure(UNIT, paths, {}, clock)
        clock.advance(minutes=5)
    assert len(mail.mails) == 3


def test_mails_of_the_service_go_first(mail, install, paths):
    here = install()
    here.clock.instant = datetime.now(UTC)  # the command has the real clock
    mail.stop()
    here.refuse(1)
    here.tick()
    mail.start()
    assert run(notify_command, paths, UNIT) == 0
    kinds = [message["X-Baikaldoc-Pos-Alert"] for message in mail.mails]
    assert kinds == ["records_refused", "service_failed"]


def test_not_wanted(mail, paths):
    configured(paths.config, section(mail.port, report=["no_success"]))
    assert isinstance(notify_failure(UNIT, paths, {}, ManualClock()), NoRecipients)


def test_the_password_is_systemds_credential_and_an_empty_one_is_none(tmp_path, paths, capsys):
    (tmp_path / "smtp-password").write_text("S3cret\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    with MailServer(users={"pos": "S3cret"}) as server:
        paths.config.mkdir()
        document = {"alerts": section(server.port, user="pos")}
        (paths.config / "service_config.json").write_text(json.dumps(document))
        assert run(send_test_command, paths, environ=environ) == 0
        assert len(server.mails) == 1
        (tmp_path / "smtp-password").write_text("\n")
        assert run(send_test_command, paths, environ=environ) == 78
        (tmp_path / "smtp-password").write_text("wrong-one\n")
        assert run(send_test_command, paths, environ=environ) == 76
    output = capsys.readouterr()
    assert "535" in output.out + output.err
    for secret in ("S3cret", "wrong-one", "UzNjcmV0"):
        assert secret not in output.out + output.err


def test_the_dialogue_is_shown(mail, paths, capsys):
    configured(paths.config, section(mail.port))
    assert run(send_test_command, paths) == 0
    assert capsys.readouterr().out.count("✔") >= 5
    assert mail.mails[0]["X-Baikaldoc-Pos-Event"] == "test"
    mail.handler.refused = {"admin@example.org": "550 no such user"}
    assert run(send_test_command, paths) == 76
    assert "no such user" in capsys.readouterr().err
    configured(paths.config, section(free_port()))
    assert run(send_test_command, paths) == 75
    assert "(шаг: соединение): в соединении отказано." in capsys.readouterr().err


def test_what_waits_is_told(mail, paths, tmp_path, capsys):
    here = Installed(tmp_path, free_port())
    here.clock.instant = datetime.now(UTC)
    here.refuse(1)
    here.tick(Observed(cycle_ended=True))
    here.reconfigure(mail.port)
    run(send_test_command, paths)
    assert "последний ответ: в соединении отказано" in capsys.readouterr().out
    here.journal.close()
