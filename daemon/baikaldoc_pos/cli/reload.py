"""``reload``: have the running service take the new configuration, and wait for how that went (ExecReload=)."""

import os

import click

from baikaldoc_pos.cli.app import App, pass_app
from baikaldoc_pos.cli.localized import Command
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import holder_of
from baikaldoc_pos.service.reload import await_reload

WAIT_SECONDS = 60.0


def command(text: Catalogue) -> click.Command:
    """The command in one language."""
    return Command(text, name="reload", help=text.text("cli.reload.help"), callback=pass_app(_reload))


def _reload(app: App, /) -> int:
    pid = _service_pid(app)
    if pid is None:
        return _fail(app, "reload.no_service", os.EX_UNAVAILABLE)
    try:
        result = await_reload(app.paths.state, pid, WAIT_SECONDS)
    except ProcessLookupError:
        return _fail(app, "reload.no_service", os.EX_UNAVAILABLE)
    except PermissionError:
        return _fail(app, "reload.not_permitted", os.EX_NOPERM, pid=pid)
    if result is None:
        return _fail(app, "reload.no_answer", os.EX_UNAVAILABLE, seconds=round(WAIT_SECONDS))
    if result.faults:
        return _fail(app, "reload.rejected", os.EX_CONFIG, count=result.faults)
    click.echo(app.text.text("reload.done"))
    return 0


def _service_pid(app: App) -> int | None:
    """systemd's word, else whoever holds the state directory, if that is the service."""
    given = app.environ.get("MAINPID", "")
    if given.isdigit():
        return int(given)
    pid, running = holder_of(app.paths.state)
    return pid if running == "run" else None


def _fail(app: App, sentence: str, code: int, **fields: object) -> int:
    click.echo(app.text.text(sentence, **fields), err=True)
    return code
