"""A start that has to wait for what will come by itself, while systemd is told what for and asked for more time."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from baikaldoc_pos.errors import JournalUnavailable, StopRequested
from baikaldoc_pos.i18n import Catalogue, EventLog
from baikaldoc_pos.service.notify import Notifier
from baikaldoc_pos.service.signals import STOPS, take
from baikaldoc_pos.service.storage import disk_is_full

log = EventLog(__name__)
T = TypeVar("T")

TICK_SECONDS = 1.0
EXTENSION_SECONDS = 10.0


def wait_a_moment(notifier: Notifier, status: str) -> None:
    """One moment of the wait; raises StopRequested."""
    notifier.status(status)
    notifier.extend_timeout(EXTENSION_SECONDS)
    received = take(STOPS, TICK_SECONDS)
    if received is not None:
        log.info("signal.received", signal=received.name)
        raise StopRequested


def once_there_is_room(opening: Callable[[], T], directory: Path, notifier: Notifier, text: Catalogue) -> T:
    """Open what needs room in the journal's directory, as soon as there is some.

    :raises JournalUnavailable: something else is wrong.
    :raises StopRequested: a stop was asked for meanwhile.
    """
    told = False
    while True:
        try:
            return opening()
        except JournalUnavailable as fault:
            if not disk_is_full(fault, directory):
                raise
            if not told:
                log.error("journal.disk_full", **fault.fields)
            told = True
            sentence = text.render("journal.disk_full", fault.fields)
        wait_a_moment(notifier, text.text("state.waiting_for_room", sentence=sentence))
