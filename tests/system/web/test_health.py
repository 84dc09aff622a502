"""What the health check says of a whole service: of its state, its journal, and the alerts that are open."""

from datetime import timedelta

from baikaldoc_pos.journal import AlertJournal, CycleCounts, NewCondition


def test_a_service_that_never_had_a_success_is_unhealthy_after_a_while(installed):
    installed.fares(last_success=None)
    with installed.start():
        installed.fails("delo.unavailable", reason="timed out", host="delo")
        assert installed.health() == (200, "amber", ["delo.unavailable", "state.never"])
        installed.clock.advance(hours=2)
        assert installed.health() == (503, "red", ["health.never", "delo.unavailable"])
        assert "15.10.2026 12:00" in installed.get("/healthz").json()["reasons"][0]["text"]


def test_a_restart_does_not_begin_the_time_of_trying_anew(installed):
    installed.journal.finish_cycle(
        installed.journal.begin_cycle("regular", None), CycleCounts(), ("delo.unavailable", {})
    )
    installed.clock.advance(hours=2)
    installed.fares(last_success=None)
    with installed.start():
        assert installed.health() == (503, "red", ["health.never"])


def test_log_files_that_cannot_be_written_are_no_good_state(reported):
    assert reported.health() == (200, "green", [])
    reported.fares(failing_files=("/var/log/baikaldoc-pos/error.log",))
    assert reported.health() == (200, "amber", ["state.failing_files"])


def test_an_open_alert_is_no_good_state(reported):
    since = reported.clock.now() - timedelta(hours=1)
    AlertJournal.beside(reported.journal).record(
        since, opened=[NewCondition("mail_undelivered", "a@example.org", since, {"recipient": "a@example.org"}, None)]
    )
    assert reported.health() == (200, "amber", ["alert.kind.mail_undelivered.name"])
    page = reported.get("/").text
    assert "Письма не доходят до адресата" in page
    assert "a@example.org" not in page


def test_a_pause_that_is_over_is_no_lateness(reported):
    reported.fares(paused_until=reported.clock.now() + timedelta(hours=4))
    reported.clock.advance(hours=4)
    reported.reporting.review()
    reported.fares(paused_until=None)
    assert reported.health() == (200, "green", [])
    reported.clock.advance(hours=2)
    assert reported.health() == (503, "red", ["health.late"])
