"""``schema check`` and ``schema pull``: does the server's own schema have what the operations ask for."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
from attrs import evolve

from baikaldoc_pos.assembly import gateway, log_settings, open_session
from baikaldoc_pos.cli.app import App, pass_app
from baikaldoc_pos.cli.commands import Command, Group
from baikaldoc_pos.cli.cycle import run_stoppable
from baikaldoc_pos.cli.output import profile_lines
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Configuration
from baikaldoc_pos.delo import DeloClient
from baikaldoc_pos.delo.schema_check import misfits, sdl
from baikaldoc_pos.errors import FileUnwritable
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import Journal, JournalReader
from baikaldoc_pos.logs import configure


def schema_command(text: Catalogue) -> click.Command:
    """The group in one language."""
    group = Group(text, name="schema", help=text.text("cli.schema.help"))
    file = click.Argument(["file"], metavar=text.text("cli.metavar.file"), type=click.Path(path_type=Path))
    check_help, pull_help = text.text("cli.schema_check.help"), text.text("cli.schema_pull.help")
    group.add_command(Command(text, name="check", help=check_help, callback=pass_app(_check)))
    group.add_command(Command(text, name="pull", help=pull_help, params=[file], callback=pass_app(_pull)))
    return group


def _check(app: App, /) -> int:
    return run_stoppable(lambda stopping: _checked(app, stopping.clock))


def _checked(app: App, clock: Clock) -> int:
    configuration = app.configuration()
    text = app.localized(app.zone())
    with _signed_in(configuration, clock, app.paths.state) as delo:
        profile = delo.profile()
        server = delo.server_schema()
        found = misfits(server, delo.operations()) if server is not None else []
        statuses = configuration.processing.status_mapping.values()
        attribute = delo.attribute_faults(server, set(statuses)) if server is not None else None
        faults, what_was_read = attribute or ([], "schema.attribute_unread")
        done_without = misfits(server, delo.optional_operations()) if server is not None else []
    _forget_profile(app, configuration, clock)
    for line in profile_lines(profile, configuration.connection.graphql_endpoint, text):
        click.echo(line)
    for event, fields in faults:
        click.echo(text.render(event, fields), err=True)
    click.echo(text.text(what_was_read))
    if not profile.introspection:
        click.echo(text.text("schema.probed_only"))
    for operation, message in found:
        click.echo(text.text("schema.misfit", operation=operation, message=message), err=True)
    for operation, message in done_without:
        click.echo(text.text("schema.done_without", operation=operation, message=message))
    if profile.introspection and not found and not done_without:
        click.echo(text.text("schema.fits"))
    return 76 if found or faults else 0


def _forget_profile(app: App, configuration: Configuration, clock: Clock) -> None:
    """The next cycle finds out anew; where there is no journal, there is nothing to forget."""
    journal = JournalReader.open(app.paths.state)
    if journal is None:
        return
    journal.close()
    with Journal.open(app.paths.state, clock) as writable:
        writable.keep_server_profile(configuration.connection.graphql_endpoint, None)


def _pull(app: App, /, file: Path) -> int:
    return run_stoppable(lambda stopping: _pulled(app, stopping.clock, file))


def _pulled(app: App, clock: Clock, file: Path) -> int:
    configuration = app.configuration()
    with _signed_in(configuration, clock, app.paths.state) as delo:
        server = delo.server_schema()
        described = sdl(server, configuration.processing.attributes) if server is not None else None
    if described is None:
        click.echo(app.text.text("schema.closed"), err=True)
        return 76
    try:
        file.write_text(described, encoding="utf-8")
    except OSError as fault:
        raise FileUnwritable(file, fault.strerror, app.paths.state) from fault
    click.echo(app.text.text("schema.pulled", path=file))
    return 0


@contextmanager
def _signed_in(configuration: Configuration, clock: Clock, state: Path) -> Iterator[DeloClient]:
    quiet = evolve(log_settings(configuration), level="error")
    with closing(configure(quiet, None)), closing(open_session(configuration, clock, counted_in=state)) as session:
        try:
            yield gateway(session, configuration, clock)
        finally:
            session.sign_out()
