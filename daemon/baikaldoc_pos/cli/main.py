"""From arguments to an exit code. What a command raises is told here, in the configured language."""

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from baikaldoc_pos import __version__
from baikaldoc_pos.cli.app import App
from baikaldoc_pos.cli.commands import CommandLine, usage_error
from baikaldoc_pos.cli.installed import InstanceName, become_service, paths_of
from baikaldoc_pos.cli.streams import setup_streams
from baikaldoc_pos.config import Paths, peek_language, peek_zone, render
from baikaldoc_pos.errors import BaikaldocError, ConfigurationInvalid, JournalDamaged, JournalUnavailable, ReaderGone
from baikaldoc_pos.i18n import Catalogue

# The module of each command, in the order of the help. It is imported when called.
COMMANDS = {
    "run": "baikaldoc_pos.cli.run",
    "once": "baikaldoc_pos.cli.cycle",
    "check": "baikaldoc_pos.cli.check",
    "schema": "baikaldoc_pos.cli.schema",
    "status": "baikaldoc_pos.cli.inspect",
    "failed": "baikaldoc_pos.cli.inspect",
    "history": "baikaldoc_pos.cli.inspect",
    "retry": "baikaldoc_pos.cli.control",
    "remap": "baikaldoc_pos.cli.correct",
    "exclude": "baikaldoc_pos.cli.correct",
    "include": "baikaldoc_pos.cli.correct",
    "windows": "baikaldoc_pos.cli.correct",
    "report": "baikaldoc_pos.cli.report",
    "backup": "baikaldoc_pos.cli.journal",
    "recover": "baikaldoc_pos.cli.journal",
    "pause": "baikaldoc_pos.cli.control",
    "resume": "baikaldoc_pos.cli.control",
    "migrate": "baikaldoc_pos.cli.migrate",
    "test-alert": "baikaldoc_pos.cli.mail",
    "reload": "baikaldoc_pos.cli.control",
    "notify-failure": "baikaldoc_pos.cli.mail",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` name (by default the process's own); returns its exit code."""
    if arguments is None:
        setup_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    text = Catalogue(peek_language(_paths(given).config))
    try:
        outcome = _outcome(given, text)
    except click.UsageError as error:
        click.echo(usage_error(error, text), err=True)
        return os.EX_USAGE
    except click.exceptions.Abort:
        return 130
    except ConfigurationInvalid as invalid:
        print_faults(invalid, text)
        return invalid.exit_code
    except ReaderGone as gone:
        return gone.exit_code
    except BaikaldocError as error:
        paths = _paths(given)
        wanting = isinstance(error, JournalUnavailable) and not isinstance(error, JournalDamaged)
        if wanting and (owner := _other_owner(paths.state)) is not None:
            click.echo(text.text("cli.error.not_owner", path=paths.state.absolute(), account=owner), err=True)
            return os.EX_NOPERM
        zoned = Catalogue(text.language, peek_zone(paths.config)).naming_zone
        click.echo(zoned.render(error.event, error.fields), err=True)
        return error.exit_code
    except Exception:  # noqa: BLE001 - the process's boundary
        traceback.print_exc()
        click.echo(text.text("cli.unexpected"), err=True)
        return os.EX_SOFTWARE
    return outcome if isinstance(outcome, int) else 0


def _outcome(given: Sequence[str], text: Catalogue) -> object:
    """What the command returns; an error that a damaged journal causes is told as such."""
    try:
        outcome = build(text).main(given, prog_name="baikaldoc-pos", standalone_mode=False)
        sys.stdout.flush()
    except (AttributeError, LookupError, TypeError, ValueError):
        from baikaldoc_pos.journal import blamed  # noqa: PLC0415

        with blamed(_paths(given).state):
            raise
    return outcome


def build(text: Catalogue) -> click.Group:
    """The command line in one language."""

    def begin(context: click.Context, instance: str | None, **given: Path | None) -> None:
        paths = paths_of(os.environ, given, instance)
        # What migrate writes is root's.
        stays = context.invoked_subcommand == "migrate"
        context.obj = App(paths, os.environ if stays else become_service(paths, os.environ, text), text)

    directory = click.Path(file_okay=False, readable=False, path_type=Path)
    options = [
        click.Option([f"--{name}"], type=directory, metavar=text.text("cli.metavar.directory"), help=text.text(key))
        for name, key in (("config", "cli.option.config"), ("state", "cli.option.state"), ("logs", "cli.option.logs"))
    ]
    named = text.text("cli.metavar.name")
    options.append(
        click.Option(["--instance"], type=InstanceName(text), metavar=named, help=text.text("cli.option.instance"))
    )
    group = CommandLine(
        text,
        COMMANDS,
        name="baikaldoc-pos",
        help=text.text("cli.help"),
        params=options,
        callback=click.pass_context(begin),
    )
    told = {"prog_name": "baikaldoc-pos", "message": "%(prog)s %(version)s", "help": text.text("cli.option.version")}
    click.version_option(__version__, **told)(group)
    return group


def print_faults(invalid: ConfigurationInvalid, text: Catalogue) -> None:
    """Every fault of the configuration, a line each, on stderr."""
    click.echo(text.render(invalid.event, invalid.fields), err=True)
    for fault in invalid.faults:
        click.echo(f"  {render(fault, text)}", err=True)


def _other_owner(state: Path) -> str | None:
    """Whose state directory it is, where it is another account's and ours may not write into it."""
    with suppress(OSError, KeyError):
        if os.geteuid() != state.stat().st_uid and not os.access(state, os.W_OK | os.X_OK):
            return state.owner()
    return None


def _paths(arguments: Sequence[str]) -> Paths:
    """Where the configuration is, before the arguments are parsed: the language of the parser depends on it."""
    found: dict[str, str | None] = {}
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in {"--config", "--state", "--logs", "--instance"}:
            found.setdefault(name[2:], value if equals else next(iter(arguments[position + 1 :]), None))
    instance = found.pop("instance", None)
    given = {name: Path(value) if value else None for name, value in found.items()}
    return paths_of(os.environ, given, instance)
