"""The voice that mails are written in, made from whatever of the configuration can be had."""

import shlex
import socket
import sys
from datetime import tzinfo
from pathlib import Path

from attrs import frozen

from baikaldoc_pos.alerts.sections import Voice
from baikaldoc_pos.config import AlertSettings, Configuration, Paths, secrets_of
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.logs.masking import Masker


@frozen
class Names:
    """How things are called on this machine.

    :param command: the program with its options, as a person would type it.
    :param service: the unit, for journalctl.
    """

    command: str = "baikaldoc-pos"
    service: str = "baikaldoc-pos.service"


def command_line(paths: Paths) -> str:
    """This very program with its directories, as somebody would type it who reads a mail on this machine.

    An installation of its own is on nobody's PATH, so the program stands there with all of its path.
    """
    script = Path(sys.executable).with_name("baikaldoc-pos")
    program = [str(script)] if script.exists() else [sys.executable, "-m", "baikaldoc_pos"]
    directories = {"--config": paths.config, "--state": paths.state, "--logs": paths.logs}
    options = [part for name, path in directories.items() for part in (name, str(path.absolute()))]
    return shlex.join([*program, *options])


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
