"""The section ``alerts``: what is refused and where, the password's sources, and what is kept of it."""

import pytest
from baikaldoc_pos.config import load_alert_settings, load_configuration, read_alert_settings, secrets_of, section_of

from tests.unit.config.files import faults_of, places, valid, write

GOOD = {"recipients": ["a@example.org"], "sender": "pos@example.org", "host": "mail.example.org"}


def files_with(**changes):
    return valid() | {"service": {"alerts": {**GOOD, **changes}}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"recipients": ["админ@почта.рф"], "sender": "служба@example.org"},
         {("recipients[0]", "address_local_part"), ("sender", "address_local_part")}),
        ({"recipients": ["a@example.org", "a\r\nBcc: b@c", "x y@z", 5]}, {("recipients[1]", "wrong_value"),
         ("recipients[2]", "wrong_value"), ("recipients[3]", "wrong_type")}),
        ({"sender": None}, {("sender", "alerts_incomplete")}),
        ({"host": "mail.example.org:25:x/"}, {("host", "wrong_value")}),
        ({"port": 0}, {("port", "wrong_value")}),
        ({"security": "ssl"}, {("security", "wrong_value")}),
        ({"report": ["all"]}, {("report[0]", "wrong_value")}),
        ({"password": "x"}, {("password", "alerts_password_without_user")}),
        ({"user": "pos"}, {("password", "password_missing")}),
        ({"user": "pos", "passwordFile": "nowhere"}, {("passwordFile", "password_file_empty")}),
        ({"caFile": "nowhere.pem"}, {("caFile", "ca_unreadable")}),
        ({"timeoutSeconds": 300}, {("timeoutSeconds", "alerts_timeout_too_long")}),
        ({"recipient": "a"}, {("recipient", "unknown_key_nearest")}),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, changes, expected):
    wanted = {("service", f"alerts.{key}", problem) for key, problem in expected}
    assert places(faults_of(tmp_path, files_with(**changes))) == wanted
    settings, faults = load_alert_settings(tmp_path, {})
    assert settings is None
    assert places(faults) == wanted


def test_read_alone_whatever_else_is_wrong(tmp_path):
    files = files_with(recipients=["a@example.org", "a@example.org", "б@пример.рф".replace("б", "b")])
    files["service"] |= {"language": "de", "colour": 1}
    write(tmp_path, files | {"connection": "{"})
    settings, faults = load_alert_settings(tmp_path, {})
    assert faults == []
    assert settings.recipients == ("a@example.org", "b@xn--e1afmkfd.xn--p1ai")
    assert settings.effective_port == 587


def test_the_password_is_a_secret_and_is_not_kept(tmp_path):
    configuration = load_configuration(write(tmp_path, files_with(user="pos", password="hunter3")), {})
    alerts = configuration.service.alerts
    assert "hunter3" not in repr(configuration)
    assert "hunter3" in secrets_of(configuration)
    kept = section_of(alerts)
    assert "hunter3" not in repr(kept)
    (tmp_path / "smtp-password").write_text("hunter3\n")
    again, faults = read_alert_settings(kept, tmp_path, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert faults == []
    assert again == alerts
