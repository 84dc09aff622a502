"""Sentences from ids and fields: always a text, whatever the fields are, with instants in the right zone."""

import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from baikaldoc_pos.config.types import Secret
from baikaldoc_pos.i18n import LANGUAGES, Catalogue
from baikaldoc_pos.model import Outcome
from hypothesis import example, given
from hypothesis import strategies as st

IRKUTSK = timezone(timedelta(hours=8))
INSTANT = datetime(2026, 10, 15, 20, 30, 59, 999_999, tzinfo=UTC)
CATALOGUES = {language: Catalogue(language, IRKUTSK) for language in LANGUAGES}
IDS = sorted(CATALOGUES["ru"].ids())

ZONES = st.none() | st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=5)
    | st.datetimes(timezones=ZONES)
    | st.dates()
    | st.timedeltas()
    | st.decimals()
    | st.complex_numbers()
    | st.sampled_from([*Outcome, Path("/x"), ValueError("{x}"), Secret("hunter2"), object(), 10**4000, "\ud800"]),
    lambda below: (
        st.lists(below, max_size=3) | st.tuples(below, below) | st.dictionaries(st.text(max_size=3), below, max_size=3)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from(
    sorted({"count", "reason", "at", "start", "end", "seconds", "message", "self", "id_", "0", "", "a.b"})
)


@given(
    st.sampled_from(IDS) | st.text(max_size=20),
    st.dictionaries(NAMES | st.text(max_size=8), VALUES, max_size=5),
    st.sampled_from(LANGUAGES),
)
@example("status.bookmark", {"at": datetime.max.replace(tzinfo=UTC)}, "ru")
@example("status.bookmark", {"at": datetime.min.replace(tzinfo=IRKUTSK)}, "ru")
@example("status.bookmark", {"at": datetime.fromisoformat("0001-01-01")}, "ru")
@example("status.bookmark", {"at": datetime.fromisoformat("9999-12-31T23:59:59")}, "en")
def test_rendering_never_fails(id_, fields, language):
    assert isinstance(CATALOGUES[language].render(id_, fields), str)


@given(st.floats(-(10**9), 10**10), st.integers(-12 * 4, 14 * 4))
def test_every_instant_is_shown_in_the_zone(seconds, quarters):
    instant, zone = datetime.fromtimestamp(seconds, UTC), timezone(timedelta(minutes=15 * quarters))
    shown = Catalogue("en", zone).value(instant)
    assert datetime.fromisoformat(shown).replace(tzinfo=zone) == instant.replace(second=0, microsecond=0)


def test_what_is_not_given_leaves_a_visible_hole():
    assert CATALOGUES["ru"].text("status.bookmark") == "Прочитано по: ?."


def test_a_key_is_in_quotation_marks_and_leaves_none_where_it_is_empty():
    opened = {key: CATALOGUES["ru"].text("alert.opened", kind="unmapped_status", key=key) for key in ("новый", "")}
    assert opened[""].endswith("»")
    assert opened["новый"] == opened[""] + " «новый»"


def test_braces_in_a_value_mean_nothing():
    assert CATALOGUES["ru"].text("status.bookmark", at="{at} {0} {{") == "Прочитано по: {at} {0} {{."


def test_an_unknown_event_is_shown_with_its_fields():
    assert (
        CATALOGUES["ru"].text("no.such.event", isn=5, message="Нет {прав}") == "no.such.event isn=5 message=Нет {прав}"
    )


def test_without_a_zone_it_is_the_machines_own_and_named(monkeypatch):
    monkeypatch.setenv("TZ", "XXX-5:45")
    time.tzset()
    try:
        assert Catalogue("ru").value(INSTANT) == "16.10.2026 02:15 +05:45"
    finally:
        monkeypatch.undo()
        time.tzset()
