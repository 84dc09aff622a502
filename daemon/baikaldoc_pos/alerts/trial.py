"""Sends one mail to see whether mail works. Past the outbox: a test is about now."""

from collections.abc import Mapping
from datetime import tzinfo

from baikaldoc_pos.alerts.ledger import Dispatch, Purpose
from baikaldoc_pos.alerts.messages import message, write
from baikaldoc_pos.alerts.smtp import Observer, Verdict, dialogue
from baikaldoc_pos.alerts.voices import Names, plain_voice
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import AlertSettings


def send_test(
    settings: AlertSettings, language: str, zone: tzinfo | None, clock: Clock, observe: Observer, names: Names
) -> Mapping[str, Verdict]:
    """Send a test to every recipient; returns the server's answer about each.

    :raises MailError: it could not be handed over at all.
    """
    voice = plain_voice(settings, language, names, zone)
    letter = write(Dispatch(Purpose.TEST, ()), voice, clock.now())
    sender = settings.sender or ""
    with dialogue(settings, clock, observe) as server:
        return server.hand_over(sender, settings.recipients, message(letter, sender, settings.recipients))
