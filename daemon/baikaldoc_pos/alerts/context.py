"""What a mail is written with: its language, the names on this machine, and the secrets to mask."""

import shlex
import socket
import sys
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path

from attrs import evolve, field, frozen

from baikaldoc_pos.alerts.message import one_line
from baikaldoc_pos.config import AlertSettings, Configuration, Paths, secrets_of
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.logs.masking import Masker

_VALUE_LENGTH = 200


@frozen(kw_only=True)
class MailContext:
    """The language of mails, the names that they use, and the secrets that they mask.

    :param host: the machine's name, or ``hostName``.
    :param command: the program with its options, as a person types it.
    :param service: the unit, for journalctl.
    :param mask: takes secrets out of a text.
    """

    text: Catalogue
    host: str = field(converter=one_line)
    command: str = "baikaldoc-pos"
    service: str = field(default="baikaldoc-pos.service", converter=one_line)
    mask: Callable[[str], str] = field(default=lambda text: text, repr=False)

    def own(self, value: object, limit: int = _VALUE_LENGTH) -> str:
        """A value on one line, without secrets."""
        return one_line(self.mask(one_line(value, limit * 4)), limit)


@frozen
class ProgramNames:
    """The program with its options, as a person types it on this machine, and the unit, for journalctl."""

    command: str = "baikaldoc-pos"
    service: str = "baikaldoc-pos.service"


def command_line(paths: Paths) -> str:
    """This program with its directories, as a person types it on this machine: with its path, which is on no PATH."""
    script = Path(sys.executable).with_name("baikaldoc-pos")
    program = [str(script)] if script.exists() else [sys.executable, "-m", "baikaldoc_pos"]
    directories = {"--config": paths.config, "--state": paths.state, "--logs": paths.logs}
    options = [part for name, path in directories.items() for part in (name, str(path.absolute()))]
    return shlex.join([*program, *options])


def mail_context(configuration: Configuration, names: ProgramNames) -> MailContext:
    """The context of a sound configuration."""
    service = configuration.service
    context = plain_mail_context(service.alerts, service.language, names, configuration.processing.zone)
    return evolve(context, mask=Masker(secrets_of(configuration)).text)


def plain_mail_context(settings: AlertSettings, language: str, names: ProgramNames, zone: tzinfo | None) -> MailContext:
    """The context where the section ``alerts`` is all that is sound; without a zone, instants are in the machine's."""
    return MailContext(
        text=Catalogue(settings.language or language, zone),
        host=settings.host_name or socket.gethostname(),
        command=names.command,
        service=names.service,
        mask=Masker([] if settings.password is None else [settings.password.reveal()]).text,
    )
