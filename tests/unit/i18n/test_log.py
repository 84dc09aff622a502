"""Emitting events: the record carries the id and the fields, those that were bound among them."""

import logging

import pytest
from baikaldoc_pos.i18n import EventLog, bound

NAME = "baikaldoc_pos.somewhere"


@pytest.fixture(autouse=True)
def _everything(caplog):
    caplog.set_level(logging.DEBUG, NAME)


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_a_record_has_its_event_and_fields(caplog, level):
    # Names that logging, or the method itself, has a use of its own for.
    fields = {"isn": 5, "message": "Нет прав", "name": "x", "event": "y", "self": 1, "args": ()}
    getattr(EventLog(NAME), level)("record.refused", **fields)
    (record,) = caplog.records
    assert (record.name, record.levelname, record.msg) == (NAME, level.upper(), "record.refused")
    assert record.event == "record.refused"
    assert record.fields == fields
    assert not record.exc_info


def test_what_is_bound_is_on_every_record_for_that_long(caplog):
    log, other = EventLog(NAME), EventLog(f"{NAME}.else")
    with bound(cycle=7):
        log.info("cycle.started", start="s")
        with bound(kind="regular"):
            other.info("cycle.finished", kind="asked")
        other.info("cycle.finished")
    log.info("session.ended", sign="HTTP 434")
    assert [record.fields for record in caplog.records] == [
        {"cycle": 7, "start": "s"},
        {"cycle": 7, "kind": "asked"},
        {"cycle": 7},
        {"sign": "HTTP 434"},
    ]
