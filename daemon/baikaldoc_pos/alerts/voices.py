"""The voice that mails are written in, made from whatever of the configuration can be had."""

import socket
from datetime import tzinfo

from attrs import frozen

from baikaldoc_pos.alerts.sections import Voice
from baikaldoc_pos.config import AlertSettings, Configuration, secrets_of
from baikaldoc_pos.events import Catalogue
from baikaldoc_pos.logs.masking import Masker


@frozen
class Names:
    """How things are called on this machine.

    :param command: the program with its options, as a person would type it.
    :param service: the unit, for journalctl.
    """

    command: str = "baikaldoc-pos"
    service: str = "baikaldoc-pos.service"


def voice_of(configuration: Configuration, names: Names) -> Voice:
    """The voice of a sound configuration."""
    settings, language = configuration.service.alerts, configuration.service.language
    return _voice(settings, language, configuration.processing.zone, names, secrets_of(configuration))


def plain_voice(settings: AlertSettings, language: str, names: Names, zone: tzinfo | None) -> Voice:
    """The voice where the section ``alerts`` is all that is sound; without a zone, instants are in the machine's."""
    secrets = () if settings.password is None else (settings.password.reveal(),)
    return _voice(settings, language, zone, names, secrets)


def _voice(
    settings: AlertSettings, language: str, zone: tzinfo | None, names: Names, secrets: tuple[str, ...]
) -> Voice:
    return Voice(
        text=Catalogue(settings.language or language, zone),
        host=settings.host_name or socket.gethostname(),
        command=names.command,
        service=names.service,
        mask=Masker(secrets).text,
    )
