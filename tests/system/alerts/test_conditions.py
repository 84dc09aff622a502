"""Each condition is opened by one mail and closed by one, on a real mail server, over a real journal."""

import re
import sqlite3
from datetime import timedelta

import attrs
import pytest
from baikaldoc_pos.alerts import Observed, StorageFault, notify_failure
from baikaldoc_pos.config import Paths
from baikaldoc_pos.state import LastError

from tests.mail_server import html_of, text_of

FINE = Observed(cycle_ended=True)
PAUSED = Observed(cycle_ended=True, paused=True)


def told(mail):
    """(kind, what for) of each mail."""
    return [(message["X-Baikaldoc-Pos-Alert"], message["X-Baikaldoc-Pos-Event"]) for message in mail.mails]


def assert_one_of_each(mail, kind):
    assert told(mail) == [(kind, "opened"), (kind, "closed")]
    opening, closing = mail.mails
    assert closing["In-Reply-To"] == opening["Message-ID"]
    assert opening["Auto-Submitted"] == "auto-generated"
    for message in mail.mails:
        assert message["Subject"].startswith("[baikaldoc-pos] pos-1: ")
        assert message["To"] == "admin@example.org"
        assert text_of(message)
        assert "<html" in html_of(message)


def test_delo_unavailable(mail, install):
    here = install()
    away = here.trouble("delo.unavailable", host="delo.example.org:443", reason="Connection refused")
    here.tick(away, minutes=29)
    here.tick(away, minutes=1)
    assert told(mail) == []
    for _ in range(5):
        here.tick(away, minutes=1)
    assert told(mail) == [("delo_unavailable", "opened")]
    assert "Connection refused" in text_of(mail.mails[0])
    here.tick(FINE, hours=2)
    here.tick(FINE, hours=2)
    assert_one_of_each(mail, "delo_unavailable")
    assert "35" in text_of(mail.mails[1])  # two hours and 35 minutes


def test_a_mail_has_one_time_zone(mail, install):
    here = install()
    until = here.clock.now() + timedelta(hours=12)
    here.tick(here.trouble("delo.credentials_rejected", username="pos_service", status=401, until=until))
    shown = text_of(mail.mails[0])
    assert f"{until.astimezone(here.configuration.processing.zone):%d.%m.%Y %H:%M}" in shown
    assert "+00:00" not in shown


@pytest.mark.parametrize(
    ("kind", "event", "fields"),
    [
        ("credentials_rejected", "delo.credentials_rejected", {"username": "pos_service", "status": 401}),
        ("credentials_rejected", "delo.session_not_accepted", {"sign": "434"}),
        ("schema_mismatch", "delo.schema_mismatch", {"operation": "PendingRubrics", "message": "unknown field x"}),
    ],
)
def test_what_a_cycle_ended_by(mail, install, kind, event, fields):
    here = install()
    observed = here.trouble(event, **fields)
    for _ in range(3):
        here.tick(observed, minutes=10)
    # An outage in between says nothing about the password or the schema.
    here.tick(here.trouble("delo.unavailable", host="x", reason="y"), minutes=10)
    here.tick(observed, minutes=10)
    assert told(mail) == [(kind, "opened")]
    here.tick(FINE, minutes=10)
    assert_one_of_each(mail, kind)


def test_a_thousand_refused_records_are_one_mail(mail, install):
    here = install()
    here.refuse(1000, attempts=2)
    here.tick()
    assert told(mail) == []
    here.refuse(1000)
    here.tick()
    here.tick(minutes=10)
    assert told(mail) == [("records_refused", "opened")]
    body = text_of(mail.mails[0])
    assert "1000" in mail.subjects[0]
    assert "А-1/26" in body
    assert "980" in body  # the rest is counted
    assert len(body) < 20_000
    here.journal.drop_retries(range(1, 1001))
    here.tick(hours=1)
    assert_one_of_each(mail, "records_refused")


def test_an_unmapped_status_each(mail, install):
    here = install()
    here.unmapped("Не поступило", 1, 2, 3)
    here.tick()
    here.unmapped("Новый статус", 4)
    here.tick(minutes=10)
    here.tick(minutes=10)
    assert told(mail) == [("unmapped_status", "opened")] * 2
    assert "Не поступило" in mail.subjects[0]
    assert "Б-1/26" in text_of(mail.mails[0])
    assert "Новый статус" in mail.subjects[1]
    here.journal.forget_unmapped([1, 2])
    here.tick(minutes=10)
    assert len(mail.mails) == 2
    here.journal.forget_unmapped([3])
    here.tick(minutes=10)
    assert told(mail)[2:] == [("unmapped_status", "closed")]
    assert mail.mails[2]["In-Reply-To"] == mail.mails[0]["Message-ID"]


def test_many_statuses_at_a_time_are_one_mail(mail, install):
    here = install()
    for number in range(40):
        here.unmapped(f"Статус {number}", number + 1)
    here.tick()
    assert told(mail) == [("unmapped_status", "opened")]
    here.journal.forget_unmapped(range(1, 41))
    here.tick(minutes=1)
    assert_one_of_each(mail, "unmapped_status")


def test_no_success(mail, install):
    here = install()
    here.cycle()
    here.clock.advance(hours=100)  # switched off: nobody was trying
    here.tick()
    for _ in range(37):
        here.cycle("delo.unexpected_answer")
        here.tick(here.trouble("delo.unexpected_answer", what="HTML", operation="X"), minutes=10)
    assert told(mail) == [("no_success", "opened")]
    here.cycle()
    here.tick(minutes=10)
    assert_one_of_each(mail, "no_success")


def test_no_success_because_of_pauses(mail, install):
    here = install()
    here.cycle()
    for _ in range(12):  # a pause is set in mid-cycle, again and again
        here.cycle("writing.paused")
        here.tick(PAUSED, hours=2)
    assert told(mail) == []
    for _ in range(18):  # it is over, and ДЕЛО does not take the first cycles
        here.cycle("delo.unexpected_answer")
        here.tick(here.trouble("delo.unexpected_answer", what="HTML", operation="X"), minutes=19)
    assert told(mail) == []
    for _ in range(3):
        here.cycle("delo.unexpected_answer")
        here.tick(here.trouble("delo.unexpected_answer", what="HTML", operation="X"), minutes=19)
    assert told(mail) == [("no_success", "opened")]
    for _ in range(3):  # another pause is no success
        here.tick(PAUSED, hours=2)
    here.restart()
    here.tick(Observed(), minutes=1)
    here.cycle("delo.unexpected_answer")
    here.tick(here.trouble("delo.unexpected_answer", what="HTML", operation="X"), minutes=1)
    assert len(mail.mails) == 1
    here.cycle()
    here.tick(minutes=10)
    assert_one_of_each(mail, "no_success")


def test_an_outage_and_then_a_pause(mail, install):
    here = install()
    away = here.trouble("delo.unavailable", host="x", reason="HTTP 503")
    here.tick(away, minutes=1)
    for _ in range(10):
        here.tick(attrs.evolve(away, paused=True), minutes=30)
    here.tick(away, minutes=29)
    assert told(mail) == []  # whether ДЕЛО was away for all that time, nobody knows
    here.tick(away, minutes=2)
    assert told(mail) == [("delo_unavailable", "opened")]
    for _ in range(10):
        here.tick(attrs.evolve(away, paused=True), minutes=30)
    here.tick(away, minutes=1)
    here.tick(FINE, minutes=1)
    assert_one_of_each(mail, "delo_unavailable")


def test_configuration_rejected(mail, install):
    here = install()
    rejected = Observed(
        cycle_ended=True, rejected_faults=["processing_config.json: x: беда"], rejected_since=here.clock.now()
    )
    here.tick(rejected)
    here.tick(rejected, minutes=1)
    assert "processing_config.json" in text_of(mail.mails[0])
    here.tick(FINE, minutes=5)
    assert_one_of_each(mail, "configuration_rejected")


def test_log_files(mail, install):
    here = install()
    fault = StorageFault("logs", "/var/log/baikaldoc-pos/error.log", "No space left on device", here.clock.now())
    full = Observed(cycle_ended=True, storage=[fault])
    here.tick(full)
    here.tick(full, minutes=1)
    assert "No space left on device" in text_of(mail.mails[0])
    here.tick(FINE, minutes=5)
    assert_one_of_each(mail, "storage_failing")


def test_the_journal_cannot_be_written(mail, install):
    here = install()
    fault = StorageFault("journal", str(here.root / "state"), "disk I/O error", here.clock.now())
    for _ in range(3):
        here.tick(Observed(cycle_ended=True, storage=[fault]), minutes=1)
    assert told(mail) == [("storage_failing", "opened")]
    here.tick(FINE, minutes=5)
    here.tick(FINE, minutes=5)
    assert_one_of_each(mail, "storage_failing")


def test_the_journal_itself_refuses(mail, install):
    here = install()
    shell = sqlite3.connect(here.root / "state" / "journal.sqlite3")
    shell.execute("ALTER TABLE alert_conditions RENAME TO away")
    here.tick()
    here.tick(minutes=1)
    assert told(mail) == [("storage_failing", "opened")]
    shell.execute("ALTER TABLE away RENAME TO alert_conditions")
    shell.close()
    here.tick(minutes=1)
    assert_one_of_each(mail, "storage_failing")


def test_the_service_failed(mail, install, tmp_path):
    here = install()
    paths = Paths(tmp_path / "config", tmp_path / "state", tmp_path / "logs")
    environ = {"MONITOR_INVOCATION_ID": "a1", "MONITOR_SERVICE_RESULT": "watchdog"}
    for _ in range(3):
        notify_failure("baikaldoc-pos.service", paths, environ, here.clock)
    assert told(mail) == [("service_failed", "opened")]
    assert "watchdog" in text_of(mail.mails[0])
    here.clock.advance(hours=3)
    here.restart()
    here.tick(Observed())
    assert_one_of_each(mail, "service_failed")


def test_what_is_open_survives_restarts(mail, install):
    here = install()
    trouble = LastError("delo.unavailable", {"host": "x", "reason": "y"}, here.clock.now())
    here.refuse(5)
    here.unmapped("Новый", 7)
    here.tick(Observed(cycle_ended=True, trouble=trouble), hours=1)
    assert len(mail.mails) == 3
    for _ in range(3):
        here.restart()
        here.tick(Observed(), minutes=1)  # nothing is known of ДЕЛО yet
        here.tick(here.trouble("delo.unavailable", host="x", reason="y"), minutes=1)
    assert len(mail.mails) == 3
    here.tick(FINE, minutes=1)
    assert told(mail)[3:] == [("delo_unavailable", "closed")]


def test_news_are_gathered_into_a_digest(mail, install):
    here = install(digestHours=24)
    here.refuse(1)
    here.unmapped("Новый", 100)
    here.tick()
    assert len(mail.mails) == 2
    for hour in range(1, 24):
        here.refuse(1, first=hour + 1)
        here.unmapped("Новый", 100 + hour)
        here.tick(hours=1)
    assert len(mail.mails) == 2
    here.tick(hours=1)
    assert len(mail.mails) == 3
    digest = mail.mails[2]
    assert digest["X-Baikaldoc-Pos-Event"] == "digest"
    assert digest["X-Baikaldoc-Pos-Alert"] == "records_refused, unmapped_status"
    assert "А-24/26" not in text_of(mail.mails[0])
    here.tick(hours=100)
    assert len(mail.mails) == 3  # no news, no digest
    here.refuse(1, first=500)
    here.tick(hours=1)
    assert len(mail.mails) == 4


def test_unmapped_rubrics_that_took_the_place_of_others_are_news(mail, install):
    here = install(digestHours=24)
    here.unmapped("Новый", *range(100, 105))
    here.tick()
    here.journal.forget_unmapped(range(100, 104))
    here.tick(minutes=1)
    here.unmapped("Новый", *range(200, 204))
    here.tick(hours=25)
    assert told(mail) == [("unmapped_status", "opened"), ("unmapped_status", "digest")]
    digest = text_of(mail.mails[1])
    assert "Из них новых: 4" in digest
    assert re.findall(r"Б-(\d+)/26", digest)[:4] == ["200", "201", "202", "203"]
    here.tick(hours=100)
    assert len(mail.mails) == 2


def test_a_digest_names_the_news_first(mail, install):
    here = install(digestHours=24)
    here.refuse(25)
    here.unmapped("Новый", *range(100, 130))
    here.tick()
    here.clock.advance(hours=25)
    here.refuse(3, first=900)
    here.unmapped("Новый", *range(50, 53), 200)
    here.tick()
    digest = text_of(mail.mails[2])
    refused, unmapped = re.findall(r"А-(\d+)/26", digest), re.findall(r"Б-(\d+)/26", digest)
    assert refused[:3] == ["900", "901", "902"]
    assert (len(refused), "1") == (20, refused[3])
    assert set(unmapped[:4]) == {"50", "51", "52", "200"}
    assert "28" in digest


def test_what_is_not_to_be_reported(mail, install):
    here = install(report=["no_success"])
    here.refuse(5)
    here.tick()
    assert mail.mails == []
    here.reconfigure(mail.port)  # told late, as soon as it is wanted
    here.tick(minutes=1)
    assert told(mail) == [("records_refused", "opened")]
    here.reconfigure(mail.port, recipients=[])
    here.refuse(5, first=10)
    here.journal.drop_retries(range(1, 6))
    here.tick(hours=48)
    assert len(mail.mails) == 1
    assert here.clock.now() - here.alerts.open_conditions()[0].since <= timedelta(hours=49)
