"""Whatever the mail server does: no mail is lost or doubled, the order is kept, nobody waits for it."""

import itertools
import re
import threading
import time

import pytest
from baikaldoc_pos.alerts import Alerts, Observed, smtp
from baikaldoc_pos.config import DIALOGUE_TIMEOUTS
from baikaldoc_pos.errors import JournalUnavailable, StopRequested
from baikaldoc_pos.journal import MailState, Outbox

from tests.alerting import ADMIN, OTHER
from tests.mail_server import DeadServer, free_port


def open_some(here, count, first=0):
    """So many conditions, one after the other."""
    for number in range(first, first + count):
        here.unmapped(f"Статус {number}", number + 1)
        here.tick(seconds=1)


def statuses(mail, recipient=ADMIN):
    found = [re.search(r"Статус (\d+)", subject) for subject in mail.reaching(recipient)]
    return [match[1] if match else "?" for match in found]


def test_down_for_an_hour_and_over_restarts(mail, install):
    here = install()
    mail.stop()
    for minute in range(60):
        if minute % 6 == 0:
            here.unmapped(f"Статус {minute // 6}", minute + 1)
        if minute % 13 == 0:
            here.restart()
        sent = here.tick(minutes=1)
        assert sent.delivered == 0
    assert here.alerts.outbox().waiting == 10
    assert here.alerts.outbox().reply
    mail.start()
    for _ in range(16):
        here.tick(minutes=1)
    assert statuses(mail) == [str(number) for number in range(10)]
    assert here.alerts.outbox().waiting == 0
    here.restart()
    here.tick(hours=1)
    assert len(mail.mails) == 10


@pytest.mark.parametrize("reply", ["421 shutting down", "451 try later", "452 full"])
def test_come_again_later(mail, install, reply):
    here = install()
    mail.handler.data_reply = reply
    open_some(here, 3)
    assert mail.handler.dialogues == 1  # the ones behind wait
    here.tick(minutes=5)
    assert mail.handler.dialogues == 2
    mail.handler.data_reply = "250 OK"
    here.tick(minutes=16)
    assert statuses(mail) == ["0", "1", "2"]


def test_the_sender_is_refused(mail, install):
    here = install()
    mail.handler.sender_reply = "550 who are you"
    open_some(here, 2)
    for _ in range(20):
        here.tick(minutes=15)
    assert here.alerts.outbox().waiting == 2  # it is for an administrator to mend; nothing is given up
    mail.handler.sender_reply = None
    here.tick(minutes=16)
    assert statuses(mail) == ["0", "1"]


@pytest.mark.slow
@pytest.mark.parametrize(("step", "reply"), [("rcpt", "554 5.7.1 Relay access denied"), ("data", "550 policy")])
def test_everything_refused_for_good_for_hours_and_over_restarts(mail, install, reply, step):
    here = install(recipients=[ADMIN, OTHER])
    if step == "rcpt":
        mail.handler.refused = dict.fromkeys((ADMIN, OTHER), reply)
    else:
        mail.handler.data_reply = reply
    for minute in range(0, 240, 4):
        if minute % 60 == 0:
            here.unmapped(f"Статус {minute // 60}", minute + 1)
        if minute % 48 == 0:
            here.restart()
        here.tick(minutes=4)
    assert (here.alerts.outbox().given_up, mail.mails) == (0, [])
    # Whoever looks is told, though no mail gets out.
    undelivered = [each.key for each in here.alerts.open_conditions() if each.kind == "mail_undelivered"]
    assert undelivered == [ADMIN, OTHER]
    mail.handler.refused, mail.handler.data_reply = {}, "250 OK"
    for _ in range(16):
        here.tick(minutes=1)
    for recipient in (ADMIN, OTHER):
        told = statuses(mail, recipient)
        assert [each for each in told if each != "?"] == ["0", "1", "2", "3"]
        assert told.count("?") == 4  # of each recipient that mails do not arrive, and that they do again
    assert {each.kind for each in here.alerts.open_conditions()} == {"unmapped_status"}


def test_a_short_refusal_is_told_to_nobody(mail, install):
    here = install()
    mail.handler.refused = {ADMIN: "554 5.7.1 Relay access denied"}
    open_some(here, 1)
    for _ in range(10):
        here.tick(minutes=4)
    mail.handler.refused = {}
    here.tick(minutes=15)
    assert statuses(mail) == ["0"]


def test_one_recipient_refused_does_not_hold_the_others(mail, install, caplog):
    here = install(recipients=[ADMIN, OTHER])
    mail.handler.refused = {OTHER: "550 no such user"}
    open_some(here, 3)
    assert statuses(mail, ADMIN) == ["0", "1", "2"]
    assert mail.reaching(OTHER) == []
    for _ in range(6):
        here.tick(minutes=15)
    # The one who gets mail is told by mail, long before anything is given up.
    assert mail.mails[3]["X-Baikaldoc-Pos-Alert"] == "mail_undelivered"
    assert OTHER in mail.subjects[3]
    assert "alert.mail_given_up" not in caplog.text
    for _ in range(8 * 4):
        here.tick(hours=3)
    # What has been refused for days is given up, all of it at once, and said so in the log.
    assert caplog.text.count("alert.mail_given_up") == 4
    assert here.alerts.outbox().waiting == 0
    assert len(mail.reaching(ADMIN)) == 4
    mail.handler.refused = {}
    open_some(here, 1, first=10)
    for _ in range(3):
        here.tick(minutes=15)
    assert statuses(mail, OTHER)[-2] == "10"
    assert mail.mails[-1]["X-Baikaldoc-Pos-Event"] == "closed"
    assert len(set(mail.reaching(ADMIN))) == len(mail.reaching(ADMIN)) == 6


def test_a_mail_written_while_another_is_given_up_has_its_own_days(mail, install):
    here = install()
    mail.handler.refused = {ADMIN: "550 no such user"}
    open_some(here, 1)
    for _ in range(14):
        here.tick(hours=5)
    open_some(here, 1, first=1)
    for _ in range(8):
        here.tick(hours=3)
    assert here.alerts.outbox().given_up == 2  # the first, and that mails do not arrive
    mail.handler.refused = {}
    here.tick(hours=1)
    assert statuses(mail)[0] == "1"


def test_one_recipient_later_keeps_everybodys_order(mail, install):
    here = install(recipients=[ADMIN, OTHER])
    mail.handler.refused = {OTHER: "450 greylisted"}
    open_some(here, 3)
    mail.handler.refused = {}
    here.tick(minutes=2)
    assert statuses(mail, ADMIN) == statuses(mail, OTHER) == ["0", "1", "2"]
    assert len({message["Message-ID"] for message in mail.mails}) == 3


def test_a_mail_that_nobody_takes_does_not_hold_the_rest_for_ever(mail, install):
    here = install()
    mail.handler.data_reply = "554 looks like spam"
    open_some(here, 1)
    for _ in range(24):
        here.tick(hours=3)
    mail.handler.data_reply = "250 OK"
    here.tick(minutes=16)
    here.tick(minutes=1)
    # Given up, but not in silence: the next mail tells of it, and then that it is over.
    assert [message["X-Baikaldoc-Pos-Alert"] for message in mail.mails] == ["mail_undelivered"] * 2
    assert here.alerts.outbox().given_up == 1


def test_a_new_address_gets_what_waits(mail, install):
    here = install(recipients=["typo@example.org"])
    mail.handler.refused = {"typo@example.org": "550 no such user"}
    open_some(here, 2)
    here.reconfigure(mail.port)
    here.tick(minutes=1)
    assert statuses(mail) == ["0", "1"]


def test_a_port_where_nobody_listens(mail, install):
    here = install(free_port())
    open_some(here, 2)
    here.reconfigure(mail.port)
    here.tick(minutes=16)
    assert statuses(mail) == ["0", "1"]


def test_a_server_that_says_nothing(install, mail):
    with DeadServer() as dead:
        here = install(dead.port, timeoutSeconds=0.3)
        here.refuse(1)
        started = time.monotonic()
        here.alerts.review(Observed(cycle_ended=True))
        assert time.monotonic() - started < 0.25  # looking never waits for the mail server
        sent = here.alerts.deliver()
        assert time.monotonic() - started < 3
        assert (sent.delivered, sent.waiting, sent.fault.step) == (0, 1, "connect")
        here.reconfigure(mail.port)
        here.tick(minutes=2)
    assert len(mail.mails) == 1


def test_looking_while_a_delivery_hangs(mail, install):
    here = install(timeoutSeconds=1)
    mail.handler.hang_at = "mail"
    here.refuse(1)
    here.alerts.review(Observed(cycle_ended=True))
    delivery = threading.Thread(target=here.alerts.deliver)
    delivery.start()
    started = time.monotonic()
    here.unmapped("Статус 1", 1)
    here.alerts.review(Observed(cycle_ended=True))
    assert time.monotonic() - started < 0.5
    assert delivery.is_alive()
    assert here.alerts.deliver().busy  # one delivers at a time
    delivery.join()
    mail.handler.hang_at = None
    here.tick(minutes=2)
    assert len(mail.mails) == 2


def test_a_stop_ends_a_hanging_delivery(mail, install):
    here = install(timeoutSeconds=60)
    mail.handler.hang_at = "mail"
    open_ = threading.Timer(0.3, here.clock.stop.set)
    here.refuse(1)
    here.alerts.review(Observed(cycle_ended=True))
    open_.start()
    started = time.monotonic()
    with pytest.raises(StopRequested):
        here.alerts.deliver()
    assert time.monotonic() - started < 3
    here.clock.stop.clear()
    mail.handler.hang_at = None
    here.restart()
    here.tick()  # the next process does not wait for a back-off
    assert len(mail.mails) == 1


@pytest.fixture
def impatient(monkeypatch):
    """An answer to a mail that was sent whole is waited for less than ten minutes."""
    monkeypatch.setattr(smtp, "ACKNOWLEDGEMENT_SECONDS", 0.3)


def test_a_mail_that_is_acknowledged_late_is_sent_once(mail, install):
    """Long after timeoutSeconds and the time that a whole dialogue may last; the watchdog sees that all is well."""
    signs = []
    here = install(timeoutSeconds=0.1)
    mail.handler.acknowledge = threading.Event()

    def progress():
        signs.append(time.monotonic())
        if mail.mails and signs[-1] - signs[0] > 0.1 * (DIALOGUE_TIMEOUTS + 5):
            mail.handler.acknowledge.set()

    here.alerts = Alerts(here.journal, lambda: here.configuration, here.clock, progress)
    here.refuse(1)
    assert here.tick().delivered == 1
    assert max(later - sooner for sooner, later in itertools.pairwise(signs)) < 1
    here.tick(hours=1)
    assert len(mail.mails) == 1


def test_a_stop_while_the_answer_is_awaited(mail, install, monkeypatch):
    monkeypatch.setattr(smtp, "LAST_ANSWER_SECONDS", 0.3)
    here = install()
    mail.handler.acknowledge = threading.Event()
    here.refuse(1)
    for turn in range(1, 6):

        def progress(turn=turn):
            if len(mail.mails) >= turn:
                here.clock.stop.set()

        here.alerts = Alerts(here.journal, lambda: here.configuration, here.clock, progress)
        if turn <= 3:
            with pytest.raises(StopRequested):
                here.tick(hours=2)
        else:
            assert here.tick(hours=2).waiting == 0
        here.clock.stop.clear()
        here.restart()
    assert len(mail.mails) == 3  # not with every restart for ever


def test_an_answer_that_does_not_come_once(mail, install, impatient):
    """The mail was sent whole and not acknowledged: it comes again, and can be told for the same."""
    here = install()
    mail.handler.hang_at = "data"
    here.refuse(1)
    assert here.tick().fault.step == "data"
    mail.handler.hang_at = None
    here.tick(minutes=2)
    here.tick(minutes=20)
    assert len(mail.mails) == 1


@pytest.mark.parametrize("how", ["silence", "the line breaks"])
def test_an_answer_that_never_comes(mail, install, impatient, how, caplog):
    here = install()
    if how == "silence":
        mail.handler.acknowledge = threading.Event()
    else:
        mail.handler.drop_after_data = True
    here.refuse(1)
    for _ in range(24):
        here.tick(minutes=15)
    assert len(mail.mails) == 3
    assert len({message["Message-ID"] for message in mail.mails}) == 1
    assert "alert.mail_unanswered" in caplog.text
    summary = here.alerts.outbox()
    assert (summary.waiting, summary.unknown, summary.given_up) == (0, 1, 0)
    mail.handler.acknowledge, mail.handler.drop_after_data = None, False
    here.unmapped("Статус 1", 1)
    here.tick(minutes=1)
    assert statuses(mail)[-1] == "1"


def test_a_server_that_breaks_the_line_for_an_hour_loses_nothing(mail, install):
    here = install()
    mail.handler.drop_after_data = True
    mail.handler.data_reply = "451"  # it keeps nothing
    here.refuse(1)
    for _ in range(21):
        here.tick(minutes=3)
    mail.handler.drop_after_data, mail.handler.data_reply = False, "250 OK"
    for _ in range(20):
        here.tick(minutes=3)
    assert len(mail.mails) == 1


def test_killed_between_sending_and_recording(mail, install, monkeypatch):
    here = install()
    here.refuse(1)

    def die(self, *arguments):
        if len(mail.mails) == 1:
            raise KeyboardInterrupt
        return note(self, *arguments)

    note = Outbox.note
    monkeypatch.setattr(Outbox, "note", die)
    with pytest.raises(KeyboardInterrupt):
        here.tick()
    monkeypatch.undo()
    here.restart()
    here.tick()
    assert len(mail.mails) == 1  # not at once
    here.tick(minutes=2)
    first, second = mail.mails
    assert first["Message-ID"] == second["Message-ID"]  # twice rather than never; and it shows


def test_a_disk_that_is_full_after_sending(mail, install, monkeypatch):
    here = install()
    here.refuse(1)
    note = Outbox.note

    def full(self, id_, trials, state, now):
        if state is MailState.SENT:
            raise JournalUnavailable("x", "disk full")
        return note(self, id_, trials, state, now)

    monkeypatch.setattr(Outbox, "note", full)
    for _ in range(5):
        here.tick(minutes=20)
    assert len(mail.mails) == 1
    monkeypatch.undo()
    here.tick(minutes=20)
    assert len(mail.mails) == 1
    assert here.alerts.outbox().waiting == 0
