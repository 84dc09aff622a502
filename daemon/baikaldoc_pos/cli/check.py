"""``check``: is the configuration sound, and does ДЕЛО take it: addresses, certificate, account, queries."""

import os
from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

import click
from attrs import evolve

from baikaldoc_pos.alerts import probe
from baikaldoc_pos.assembly import gateway, log_settings, open_session
from baikaldoc_pos.cli.app import App, pass_app
from baikaldoc_pos.cli.commands import Command
from baikaldoc_pos.cli.cycle import run_stoppable
from baikaldoc_pos.cli.installed import example_host
from baikaldoc_pos.cli.output import profile_lines
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Configuration, TcpAddress, UnixAddress, render, warnings_of
from baikaldoc_pos.config.model import FILES
from baikaldoc_pos.errors import BaikaldocError, DeloError, MailError
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import JournalReader, PauseFile, check_whole, holder_of, script_bookmark
from baikaldoc_pos.logs import configure
from baikaldoc_pos.model import Period
from baikaldoc_pos.monitoring.server import listen_on
from baikaldoc_pos.server_profile import ServerProfile
from baikaldoc_pos.sync.follow import least_requests

# Between the server's clock, by the Date of its answers, and ours.
MOST_SECONDS_APART = 60


def check_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    offline = click.Option(["--offline"], is_flag=True, help=text.text("cli.check.offline"))
    return Command(text, name="check", help=text.text("cli.check.help"), params=[offline], callback=pass_app(_check))


def _check(app: App, /, *, offline: bool) -> int:
    return run_stoppable(lambda stopping: _checks(app, stopping.clock, offline=offline))


def _checks(app: App, clock: Clock, *, offline: bool) -> int:
    if host := example_host(app.paths.config):
        click.echo(app.text.text("check.example", path=app.paths.config / FILES["connection"][0], host=host))
    configuration = app.configuration()
    click.echo(app.text.text("check.configuration_sound", path=app.paths.config))
    for notice in warnings_of(configuration, app.paths.config):
        click.echo(app.text.text("check.notice", text=render(notice, app.text)))
    if configuration.processing.update_policy is None:
        click.echo(app.text.text("check.recommend_follow"))
    if configuration.processing.dry_run:
        click.echo(app.text.text("check.dry_run"))
    codes = [_directories(app), _journal(app, clock), _outputs(app, configuration)]
    codes.append(_earlier_bookmark(app, configuration, clock))
    if not offline:
        codes.append(_online(app, configuration, clock))
        clock.check_stop()
        codes.append(_mail(app, configuration, clock))
        clock.check_stop()
    return next((code for code in codes if code), 0)


def _journal(app: App, clock: Clock) -> int:
    """The journal is whole, and the pause can be read."""
    try:
        with JournalReader.open(app.paths.state) or nullcontext() as journal:
            if journal is not None:
                check_whole(app.paths.state)
        PauseFile(app.paths.state).current(clock.now())
    except BaikaldocError as error:
        click.echo(app.text.render(error.event, error.fields), err=True)
        return error.exit_code
    return 0


def _directories(app: App) -> int:
    code = 0
    for path in (app.paths.state, app.paths.logs):
        if not os.access(_nearest_existing(path), os.W_OK | os.X_OK):
            click.echo(app.text.text("check.not_writable", path=path), err=True)
            code = os.EX_CANTCREAT
    for path in app.paths.state.glob("*"):
        if path.is_file() and not os.access(path, os.R_OK | os.W_OK):
            click.echo(app.text.text("check.no_access", path=path, directory=path.parent), err=True)
            code = os.EX_CANTCREAT
    return code


def _outputs(app: App, configuration: Configuration) -> int:
    """What the service writes or listens on elsewhere; its sandbox may forbid more than can be seen from here."""
    listen, textfile = configuration.service.http.listen, configuration.service.metrics.textfile
    wanted = {"metrics.textfile": textfile, "http.listen": listen.path if isinstance(listen, UnixAddress) else None}
    code = 0
    for key, path in wanted.items():
        if path is not None and not os.access(path.parent, os.W_OK | os.X_OK):
            click.echo(app.text.text("check.no_place", key=key, path=path.parent), err=True)
            code = os.EX_CANTCREAT
    # A service that runs has the port already.
    if isinstance(listen, TcpAddress) and holder_of(app.paths.state)[1] != "run":
        try:
            listen_on(listen).close()
        except OSError as fault:
            click.echo(app.text.text("check.no_listening", address=listen, reason=fault.strerror), err=True)
            code = os.EX_CANTCREAT
    return code


def _nearest_existing(path: Path) -> Path:
    absolute = path.absolute()
    return next(parent for parent in (absolute, *absolute.parents) if parent.exists())


def _earlier_bookmark(app: App, configuration: Configuration, clock: Clock) -> int:
    try:
        script_bookmark((app.paths.state, app.paths.config), configuration.processing.zone, clock.now())
    except BaikaldocError as error:
        click.echo(app.text.render(error.event, error.fields), err=True)
        return error.exit_code
    return 0


def _online(app: App, configuration: Configuration, clock: Clock) -> int:
    """Sign in, ask what a cycle asks, sign out; stop at the first fault."""
    # What a cycle would log as a warning is told here in words of its own.
    quiet = evolve(log_settings(configuration), level="error")
    with (
        closing(configure(quiet, None)),
        closing(open_session(configuration, clock, counted_in=app.paths.state)) as session,
    ):
        delo = gateway(session, configuration, clock)
        now = clock.now()
        window = Period(now - timedelta(minutes=1), now)

        steps: list[tuple[str, Callable[[], object]]] = [
            ("check.sign_in", lambda: session.sign_in(insist=True)),
            ("check.query", lambda: _compare_clocks(app, delo.server_time(), clock)),
            ("check.profile", delo.profile),
            ("check.pending", lambda: delo.read_pending(window)),
        ]
        try:
            for step, act in steps:
                clock.check_stop()
                act()
                click.echo(app.text.text("check.passed", step=app.text.text(step, host=session.login_host)))
        except DeloError as fault:
            click.echo(app.text.text("check.failed", step=app.text.text(step, host=session.login_host)), err=True)
            click.echo(app.localized(app.zone()).render(fault.event, fault.fields), err=True)
            return fault.exit_code
        finally:
            session.sign_out()
        _tell_profiles(app, delo.profile(), configuration, clock.now())
    return 0


def _compare_clocks(app: App, server: datetime | None, clock: Clock) -> None:
    seconds = 0 if server is None else round((server - clock.now()).total_seconds())
    if abs(seconds) > MOST_SECONDS_APART:
        click.echo(app.text.text("check.clock", seconds=abs(seconds), ahead="ahead" if seconds > 0 else "behind"))


def _tell_profiles(app: App, found: ServerProfile, configuration: Configuration, now: datetime) -> None:
    """What was found now, and what the service works with, which has learnt more from its cycles."""
    text, address = app.localized(app.zone()), configuration.connection.graphql_endpoint
    kept, requests = None, None
    with JournalReader.open(app.paths.state) or nullcontext() as journal:
        if journal is not None:
            kept = journal.server_profile(address)
            requests = least_requests(journal, configuration, kept or found, now)
    if kept is None or kept.abilities != found.abilities:
        click.echo("\n".join(profile_lines(found, address, text)))
    if kept is not None:
        if kept.abilities != found.abilities:
            click.echo(text.text("check.kept_profile"))
        click.echo("\n".join(profile_lines(kept, address, text, requests)))


def _mail(app: App, configuration: Configuration, clock: Clock) -> int:
    """Would the mail server take a mail for every recipient? None is sent."""
    settings = configuration.service.alerts
    if not settings.enabled:
        click.echo(app.text.text("check.no_alerts"))
        return 0
    step = app.text.text("check.mail", host=settings.host)
    try:
        probe(settings, clock)
    except MailError as error:
        click.echo(app.text.text("check.failed", step=step), err=True)
        click.echo(app.text.render(error.event, error.fields), err=True)
        return error.exit_code
    click.echo(app.text.text("check.passed", step=step))
    return 0
