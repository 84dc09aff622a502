"""The man page, from the command line's own help."""

from datetime import UTC, datetime

import click
from baikaldoc_pos import __version__
from baikaldoc_pos.cli.main import COMMANDS, build
from baikaldoc_pos.i18n import Catalogue

NAME = "baikaldoc-pos"
FILES = (
    "/etc/baikaldoc-pos/processing_config.json",
    "/etc/baikaldoc-pos/connection_config.json",
    "/etc/baikaldoc-pos/service_config.json",
    "/etc/baikaldoc-pos/credentials/delo-password",
    "/var/lib/baikaldoc-pos/",
    "/var/log/baikaldoc-pos/",
)
EXIT_CODES = (0, 1, 64, 66, 69, 70, 73, 74, 75, 76, 77, 78)


def man_page(language: str, made_at: int) -> str:
    """The page in one language.

    :param made_at: seconds since 1970.
    """
    text = Catalogue(language)
    group = build(text)
    context = click.Context(group, info_name=NAME)
    lines = [f'.TH {NAME.upper()} 1 "{datetime.fromtimestamp(made_at, UTC):%Y-%m-%d}" "{NAME} {__version__}"']
    lines += [".SH " + text.text("man.name"), f"{_escaped(NAME)} \\- {_escaped(text.text('cli.help'))}"]
    lines += [".SH " + text.text("man.synopsis"), f".B {_escaped(NAME)}", _escaped(text.text("cli.metavar.options"))]
    lines += [_escaped(text.text("cli.metavar.command")), ".SH " + text.text("man.options"), *_options(group, context)]
    lines.append(".SH " + text.text("man.commands"))
    for name in COMMANDS:
        command = group.get_command(context, name)
        if command is not None:
            lines += [".SS " + _escaped(name), _escaped(text.text(f"cli.{name.replace('-', '_')}.help"))]
            lines += _options(command, click.Context(command, info_name=name, parent=context))
    lines.append(".SH " + text.text("man.files"))
    lines += [part for path in FILES for part in (".TP", f".I {_escaped(path)}")]
    lines.append(".SH " + text.text("man.exit_status"))
    lines += [part for code in EXIT_CODES for part in (".TP", f".B {code}", _escaped(text.text(f"man.exit.{code}")))]
    return "\n".join(lines) + "\n"


def _options(command: click.Command, context: click.Context) -> list[str]:
    records = [record for param in command.get_params(context) if (record := param.get_help_record(context))]
    return [part for name, meaning in records for part in (".TP", f".B {_escaped(name)}", _escaped(meaning))]


def _escaped(text: str) -> str:
    """A text without what troff would take for a request or an escape."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text
