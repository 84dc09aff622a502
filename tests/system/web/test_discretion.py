"""No secret in anything that is served, whatever ДЕЛО says; its words only where they are wanted."""

from html import unescape

import pytest
from baikaldoc_pos.journal import ChangeOutcome, CycleCounts, RetryEntry
from baikaldoc_pos.model import Answer, Change, Outcome

from tests.system.web.history import rubric
from tests.system.web.reported import PASSWORD

# A refusal that names a citizen, and one of a server that sends our password back.
WORDS = f"Карточка гражданина Иванова Петра Сергеевича занята; получено: pos {PASSWORD}"
SAID = Answer(Outcome.REFUSED, WORDS, PASSWORD, f"ACCESS_DENIED {WORDS}")
PLACES = ("/", "/?lang=en", "/search?q=7", "/search?q=8", "/healthz", "/healthz?lang=en", "/metrics")


@pytest.fixture
def talkative(reported):
    """A service that is told too much, wherever that may come to be shown."""
    journal, now = reported.journal, reported.clock.now()
    journal.schedule_retries([RetryEntry(7, 70, "А-7/26", 3, now, now, SAID)])
    for isn in (7, 8):
        ids = journal.record_intents(None, [Change(rubric(isn, f"А-{isn}/26"), "Завершено")])
        journal.settle([ChangeOutcome(ids[0], SAID)])
    journal.finish_cycle(
        journal.begin_cycle("regular", None),
        CycleCounts(),
        ("delo.schema_mismatch", {"operation": "UpdateRubric", "message": WORDS}),
    )
    journal.remember_unmapped([rubric(9, f"Б-{PASSWORD}", f"Статус {PASSWORD}")], now)
    journal.remember_unmapped([rubric(10, "Б-10", f"Статус {PASSWORD.upper()}")], now)
    reported.fails("delo.unexpected_answer", what=WORDS, operation="UpdateRubric")
    return reported


@pytest.fixture
def discreet(talkative):
    """The same with ``http.showServerWords`` off."""
    listen = str(talkative.configuration.service.http.listen)
    talkative.configure(http={"listen": listen, "showServerWords": False})
    talkative.reporting.reload()
    return talkative


@pytest.mark.parametrize("path", PLACES)
def test_no_secrets_are_served(talkative, path):
    answer = talkative.get(path)
    text = unescape(answer.text)
    assert answer.status_code in {200, 503}
    assert PASSWORD not in text
    if path != "/metrics":
        assert "***" in text


def test_the_words_of_the_server_are_shown(talkative):
    for page in (talkative.get("/").text, talkative.get("/search?q=8").text):
        assert "Карточка гражданина Иванова Петра Сергеевича занята" in unescape(page)
        assert "ACCESS_DENIED" in page


@pytest.mark.parametrize("path", PLACES)
def test_the_words_of_the_server_are_not_shown_where_they_are_not_wanted(discreet, path):
    text = unescape(discreet.get(path).text)
    for word in (PASSWORD, "Иванова", "Сергеевича", "занята"):
        assert word not in text


def test_the_command_that_shows_the_words_is_named(discreet):
    assert "baikaldoc-pos failed" in discreet.get("/").text
    assert "baikaldoc-pos history --rubric 8" in discreet.get("/search?q=8").text


def test_a_label_without_its_secret_is_still_one_series(reported):
    journal, now = reported.journal, reported.clock.now()
    for isn, status in ((1, PASSWORD), (2, "***")):
        journal.remember_unmapped([rubric(isn, status=status)], now)
    lines = [line for line in reported.get("/metrics").text.splitlines() if "unmapped_rubrics{" in line]
    assert lines == ['baikaldoc_pos_unmapped_rubrics{server="delo.example.org",status="***"} 2.0']


def test_a_reader_who_guesses_is_not_told_that_it_was_right(reported):
    page = unescape(reported.get(f"/search?q={PASSWORD}").text)
    assert "***" not in page
    assert f"«{PASSWORD}»" in page


def test_a_new_password_is_masked_from_the_reload_on(reported):
    reported.configure(
        http={"listen": str(reported.configuration.service.http.listen)},
        alerts={
            "recipients": ["a@example.org"],
            "sender": "b@example.org",
            "host": "mail",
            "user": "u",
            "password": "database is locked",
        },
    )
    reported.fails("delo.unavailable", reason="database is locked", host="delo")
    assert "database is locked" in reported.get("/").text
    reported.reporting.reload()
    assert "database is locked" not in reported.get("/").text
