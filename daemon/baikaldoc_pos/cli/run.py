"""``run``: the service, until a signal ends it. It imports nothing that other commands print with."""

import os
from contextlib import closing

import click

from baikaldoc_pos.assembly import log_settings
from baikaldoc_pos.cli.app import App, pass_app
from baikaldoc_pos.cli.commands import Command
from baikaldoc_pos.config import Configuration, render
from baikaldoc_pos.errors import BaikaldocError, ConfigurationInvalid
from baikaldoc_pos.i18n import Catalogue, EventLog
from baikaldoc_pos.logs import LogSettings, configure
from baikaldoc_pos.service import systemd
from baikaldoc_pos.service.context import ServiceContext
from baikaldoc_pos.service.daemon import Daemon

log = EventLog(__name__)


def run_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    return Command(text, name="run", help=text.text("cli.run.help"), callback=pass_app(_run))


def _run(app: App, /) -> int:
    systemd.block_signals()
    try:
        configuration = app.configuration()
    except ConfigurationInvalid as invalid:
        with closing(configure(LogSettings(language=app.text.language), app.paths.logs)):
            log.error(invalid.event, **invalid.fields)
            for fault in invalid.faults:
                log.error("config.fault", text=render(fault, app.text))
        return invalid.exit_code
    with closing(configure(log_settings(configuration), app.paths.logs)) as logs:

        def reconfigure_logging(fresh: Configuration) -> None:
            logs.reconfigure(log_settings(fresh))

        context = ServiceContext(app.paths, app.environ, reconfigure_logging, lambda: logs.file_failures)
        try:
            return Daemon(context, configuration).run()
        except BaikaldocError as error:
            log.error(error.event, **error.fields)
            return error.exit_code
        except Exception as defect:  # the process's boundary: what is not in the log did not happen
            log.exception("service.crashed", error=type(defect).__name__)
            return os.EX_SOFTWARE
