"""From arguments to an exit code. What a command raises is told here, in the configured language."""

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from baikaldoc_pos import __version__
from baikaldoc_pos.cli.app import App
from baikaldoc_pos.cli.localized import Group, usage_error
from baikaldoc_pos.cli.streams import setup_streams
from baikaldoc_pos.config import Paths, peek_language, peek_zone, render
from baikaldoc_pos.errors import BaikaldocError, ConfigurationInvalid, ReaderGone
from baikaldoc_pos.i18n import Catalogue

# In the order in which the help lists them. Each is imported when it is called, so that a quick one starts quickly.
COMMANDS = (
    "run",
    "once",
    "check",
    "status",
    "failed",
    "history",
    "retry",
    "report",
    "pause",
    "resume",
    "test-alert",
    "reload",
    "notify-failure",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` name (by default the process's own); returns its exit code."""
    if arguments is None:
        setup_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    text = Catalogue(peek_language(_paths(given).config))
    try:
        outcome = build(text).main(given, prog_name="baikaldoc-pos", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        click.echo(usage_error(error, text), err=True)
        return os.EX_USAGE
    except click.exceptions.Abort:
        return 130
    except ConfigurationInvalid as invalid:
        tell_faults(invalid, text)
        return invalid.exit_code
    except ReaderGone as gone:
        return gone.exit_code
    except BaikaldocError as error:
        zoned = Catalogue(text.language, peek_zone(_paths(given).config))
        click.echo(zoned.render(error.event, error.fields), err=True)
        return error.exit_code
    except Exception:  # noqa: BLE001 - the process's boundary
        traceback.print_exc()
        click.echo(text.text("cli.unexpected"), err=True)
        return os.EX_SOFTWARE
    return outcome if isinstance(outcome, int) else 0


def build(text: Catalogue) -> click.Group:
    """The command line in one language."""

    def begin(context: click.Context, config: Path | None, state: Path | None, logs: Path | None) -> None:
        context.obj = App(Paths.resolve(os.environ, config=config, state=state, logs=logs), os.environ, text)

    directory = click.Path(file_okay=False, path_type=Path)
    options = [
        click.Option([f"--{name}"], type=directory, metavar=text.text("cli.metavar.directory"), help=text.text(key))
        for name, key in (("config", "cli.option.config"), ("state", "cli.option.state"), ("logs", "cli.option.logs"))
    ]
    group = Group(
        text,
        {name: f"baikaldoc_pos.cli.{name.replace('-', '_')}" for name in COMMANDS},
        name="baikaldoc-pos",
        help=text.text("cli.help"),
        params=options,
        callback=click.pass_context(begin),
    )
    version = click.version_option(__version__, prog_name="baikaldoc-pos", help=text.text("cli.option.version"))
    version(group)
    return group


def tell_faults(invalid: ConfigurationInvalid, text: Catalogue) -> None:
    """Every fault of the configuration, a line each, on stderr."""
    click.echo(text.render(invalid.event, invalid.fields), err=True)
    for fault in invalid.faults:
        click.echo(f"  {render(fault, text)}", err=True)


def _paths(arguments: Sequence[str]) -> Paths:
    """Where the configuration is, before the arguments are parsed: the language of the parser depends on it."""
    config = None
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--config":
            config = value if equals else next(iter(arguments[position + 1 :]), None)
    return Paths.resolve(os.environ, config=Path(config) if config else None)
