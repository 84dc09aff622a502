"""No secret and no citizen's name in anything that is sent, whatever ДЕЛО says."""

from baikaldoc_pos.alerts import Observed

from tests.alerting import section
from tests.mail_server import html_of, text_of

NAMES = ("Иванов", "Пётр", "Петрович", "Сидоров")


def test_nothing_of_the_kind_is_sent(mail, install):
    here = install()
    secret = here.configuration.connection.password.reveal()
    words = f"Карточка гражданина Иванова Петра Петровича открыта (Сидоров П.П.), пароль {secret}\r\nBcc: x@y.z"
    here.refuse(30, message=words)
    here.tick()
    here.tick(here.trouble("delo.schema_mismatch", operation="X", message=words), minutes=1)
    here.tick(Observed(cycle_ended=True), hours=1)
    here.journal.drop_retries(range(1, 31))
    here.tick(hours=1)
    assert len(mail.mails) == 4
    assert section(1)["recipients"] == ["admin@example.org"]
    for message in mail.mails:
        assert message["Bcc"] is None
        for part in (str(message["Subject"]), text_of(message), html_of(message)):
            assert secret not in part
            assert not any(name in part for name in NAMES)
    assert "А-1/26" in text_of(mail.mails[0])
