"""click with its own words taken from the catalogue: usage, headings, and errors in the arguments."""

import difflib
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from baikaldoc_pos.i18n import Catalogue

# What click tells by its English words alone.
_SENTENCES = (
    (re.compile(r"Missing command\."), "cli.error.no_command"),
    (re.compile(r"Got unexpected extra arguments? \((?P<value>.*)\)", re.DOTALL), "cli.error.unexpected"),
    (re.compile(r"Option '(?P<name>.*)' requires an argument\."), "cli.error.needs_value"),
    (re.compile(r"Option '(?P<name>.*)' does not take a value\."), "cli.error.takes_no_value"),
    (re.compile(r".* '(?P<value>.*)' is a file\.", re.DOTALL), "cli.error.not_a_directory"),
    (re.compile(r".* '(?P<value>.*)' is not readable\.", re.DOTALL), "cli.error.not_readable"),
)


class _Localized(click.Command):
    """The words that a command and a group have in common."""

    def __init__(self, text: Catalogue, *args: Any, **kwargs: Any) -> None:
        self.text = text
        super().__init__(*args, **kwargs)
        self.context_settings["help_option_names"] = ["-h", "--help"]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=self.text.text("cli.usage") + " ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [record for param in self.get_params(ctx) if (record := param.get_help_record(ctx)) is not None]
        if records:
            with formatter.section(self.text.text("cli.options")):
                formatter.write_dl(records)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = self.text.text("cli.option.help")
        return option


class Command(_Localized):
    """A command."""

    def __init__(self, text: Catalogue, *args: Any, **kwargs: Any) -> None:
        super().__init__(text, *args, options_metavar=text.text("cli.metavar.options"), **kwargs)


class Group(_Localized, click.Group):
    """A command that has commands."""

    def __init__(self, text: Catalogue, *args: Any, **kwargs: Any) -> None:
        metavars = {"options_metavar": text.text("cli.metavar.options")}
        metavars["subcommand_metavar"] = text.text("cli.metavar.command")
        super().__init__(text, *args, no_args_is_help=True, **metavars, **kwargs)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _Localized.format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(self.text.text("cli.commands")):
            formatter.write_dl([(name, self.short_help_of(name)) for name in self.list_commands(ctx)])

    def short_help_of(self, name: str) -> str:
        """What the command does, for the list of commands."""
        return self.commands[name].help or ""


class CommandLine(Group):
    """A group whose commands live in modules with a function ``<name>_command(text)``, imported when they are needed.

    :param modules: names of commands and of their modules, in the order of the help.
    """

    def __init__(self, text: Catalogue, modules: Mapping[str, str], *args: Any, **kwargs: Any) -> None:
        self._modules = modules
        super().__init__(text, *args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._modules:
            return None
        module = import_module(self._modules[cmd_name])
        made: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")(self.text)
        return made

    def short_help_of(self, name: str) -> str:
        return self.text.text(f"cli.{name.replace('-', '_')}.help")


def usage_error(error: click.UsageError, text: Catalogue) -> str:
    """What is wrong with the arguments, and where help is."""
    command = error.ctx.command_path if error.ctx is not None else "baikaldoc-pos"
    match error:
        case click.exceptions.NoArgsIsHelpError():
            return error.format_message()
        case click.exceptions.NoSuchCommand():
            said = text.text("cli.error.no_such_command", command=error.command_name)
            group = error.ctx.command if error.ctx is not None else None
            known = group.list_commands(error.ctx) if isinstance(group, click.Group) and error.ctx is not None else ()
            said += _nearest(error.command_name, known, text)
        case click.NoSuchOption():
            said = text.text("cli.error.no_such_option", option=error.option_name)
            said += _nearest(error.option_name, error.possibilities, text)
        case click.MissingParameter():
            said = text.text("cli.error.missing", name=error.param.human_readable_name if error.param else "?")
        case click.BadParameter():
            said = _bad_parameter(error, text)
        case _:
            said = _by_pattern(error.format_message(), text) or text.text("cli.error.usage", reason=error.message)
    return said + "\n" + text.text("cli.error.see_help", command=command)


def _nearest(given: str, known: Sequence[str] | None, text: Catalogue) -> str:
    names = difflib.get_close_matches(given, known or (), 3)
    return " " + text.text("cli.error.did_you_mean", names=", ".join(names)) if names else ""


def _bad_parameter(error: click.BadParameter, text: Catalogue) -> str:
    name = error.param.opts[0] if error.param is not None and error.param.opts[0].startswith("-") else None
    if name is None:
        name = error.param.human_readable_name if error.param is not None else "?"
    kind = error.param.type if error.param is not None else None
    if isinstance(kind, click.IntRange):
        return text.text("cli.error.not_in_range", name=name, first=kind.min, last=kind.max)
    known = _by_pattern(error.message, text, name=name)
    return known or text.text("cli.error.bad_value", name=name, reason=error.message)


def _by_pattern(message: str, text: Catalogue, **fields: str) -> str | None:
    """Our sentence for one of click's; null where there is none."""
    for pattern, sentence in _SENTENCES:
        found = pattern.fullmatch(message)
        if found is not None:
            return text.render(sentence, fields | found.groupdict())
    return None
