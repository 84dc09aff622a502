"""What every command gets: the directories, the environment, the language, and where to print."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime, time, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from attrs import frozen

from baikaldoc_pos.cli.streams import is_unicode
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.config import Configuration, Paths, load_configuration, peek_zone
from baikaldoc_pos.errors import JournalMissing
from baikaldoc_pos.i18n import Catalogue, escaped

# SQLAlchemy and rich are imported by the commands that need them: that takes most of a quick command's time.
if TYPE_CHECKING:
    from rich.console import Console

    from baikaldoc_pos.journal import AlertJournal, Journal, JournalReader

Reader = TypeVar("Reader", bound="JournalReader")
PIPE_WIDTH = 200
YEARS = range(1900, 2200)
# What the journal can store as one.
ISN = click.IntRange(0, 2**63 - 1)


@frozen
class App:
    """The surroundings of one command."""

    paths: Paths
    environ: Mapping[str, str]
    text: Catalogue

    def configuration(self) -> Configuration:
        """The configuration; raises ConfigurationInvalid with all faults."""
        return load_configuration(self.paths.config, self.environ)

    def zone(self) -> tzinfo | None:
        """The installation's zone; the machine's own (None) where the configuration does not tell it."""
        return peek_zone(self.paths.config)

    def localized(self, zone: tzinfo | None) -> Catalogue:
        """The catalogue that shows instants in that zone."""
        return Catalogue(self.text.language, zone)

    def journal(self) -> "JournalReader":
        """The journal for reading; raises JournalMissing where there is none."""
        from baikaldoc_pos.journal import JournalReader  # noqa: PLC0415

        return self._existing(JournalReader.open(self.paths.state))

    def writable_journal(self) -> "Journal":
        """The same for writing: a new one is begun by a cycle alone, lest there be one in a wrong directory."""
        from baikaldoc_pos.journal import Journal  # noqa: PLC0415

        self.journal().close()
        return Journal.open(self.paths.state, SystemClock())

    def alert_journal(self) -> "AlertJournal":
        """The same with the conditions."""
        from baikaldoc_pos.journal import AlertJournal  # noqa: PLC0415

        return self._existing(AlertJournal.open(self.paths.state))

    def _existing(self, journal: Reader | None) -> Reader:
        if journal is None:
            raise JournalMissing(str(self.paths.state))
        return journal

    def console(self) -> "Console":
        """Where tables go; as wide as COLUMNS says, else wide enough for a pipe, where nobody folds lines."""
        from rich.console import Console  # noqa: PLC0415

        told = self.environ.get("COLUMNS", "").isdecimal() or sys.stdout.isatty()
        return Console(width=None if told else PIPE_WIDTH, highlight=False, emoji=False, markup=False)


pass_app = click.make_pass_decorator(App)


def print_json(value: object) -> None:
    """One JSON value on stdout, with Cyrillic as it is where the output can have it, and instants in ISO 8601."""
    click.echo(escaped(json.dumps(value, ensure_ascii=not is_unicode(sys.stdout), indent=2, default=as_plain)))


def as_plain(value: Any) -> object:
    """What JSON has instead of a value that it does not know."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else list(value)


def asked_moment(app: App, option: str, given: str, zone: tzinfo | None, *, end: bool = False) -> datetime:
    """An instant from an option: a date, or date and time, with or without an offset.

    :param zone: what a time without an offset is in.
    :param end: a date alone means its last moment rather than its first.
    :raises click.UsageError: it is none of these.
    """
    try:
        read = datetime.fromisoformat(given.strip())
    except ValueError:
        raise click.UsageError(app.text.text("cli.error.moment", name=option, value=given)) from None
    if read.year not in YEARS:
        raise click.UsageError(app.text.text("cli.error.year", name=option, first=YEARS[0], last=YEARS[-1]))
    if end and len(given.strip()) <= len("2026-01-01"):
        read = datetime.combine(read.date(), time.max)
    return read if read.tzinfo is not None else read.replace(tzinfo=zone).astimezone(zone)
