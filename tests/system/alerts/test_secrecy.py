"""No secret and no text of a server in anything that is sent, whatever ДЕЛО says."""

from baikaldoc_pos.alerts import Observed
from baikaldoc_pos.errors import DeloUnavailable, UnexpectedAnswer

from tests.alerting import section
from tests.mail_server import html_of, text_of

WORDS = "Карточка гражданина Иванова Петра Петровича открыта (Сидоров П.П.)"
NAMES = ("Иванов", "Пётр", "Петрович", "Сидоров", "Карточка", "открыта")


def test_nothing_of_the_kind_is_sent(mail, install):
    here = install()
    secret = here.configuration.connection.password.reveal()
    words = f"{WORDS}, пароль {secret}\r\nBcc: x@y.z"
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
    opened = text_of(mail.mails[0])
    assert "А-1/26" in opened
    assert "E-7" in opened, "the code says what kind of refusal it is"
    assert "baikaldoc-pos failed" in opened, "the command that shows the words"


def test_errors_keep_the_words_of_the_server_apart(mail, install):
    here = install(unavailableMinutes=1)
    for fault in (
        DeloUnavailable("HTTP 500", "delo.example.org", server_message=WORDS),
        UnexpectedAnswer("HTTP 500", "PendingRubrics", server_message=WORDS),
    ):
        here.cycle(fault.event)
        trouble = here.trouble(fault.event, **fault.fields)
        here.tick(trouble, hours=13)
    assert mail.mails
    told = "".join(text_of(message) + html_of(message) for message in mail.mails)
    assert "HTTP 500" in told
    assert not any(name in told for name in NAMES)


def test_an_unmapped_status_is_told_on_one_line_of_80_characters(mail, install):
    here = install()
    here.unmapped("Новый\nстатус " + "ы" * 200, 1)
    here.tick()
    (told,) = (text_of(message) for message in mail.mails)
    assert "Новый статус ы" in told
    assert "ы" * 80 not in told
