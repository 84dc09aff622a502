"""``resume``: end a pause before its time."""

import click

from baikaldoc_pos.cli.app import App, pass_app
from baikaldoc_pos.cli.localized import Command
from baikaldoc_pos.cli.pause import tell_whose
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import PauseFile
from baikaldoc_pos.service.reload import ask_for_cycle


def command(text: Catalogue) -> click.Command:
    """The command in one language."""
    return Command(text, name="resume", help=text.text("cli.resume.help"), callback=pass_app(_resume))


def _resume(app: App, /) -> int:
    paused = PauseFile(app.paths.state).end()
    click.echo(app.text.text("pause.ended" if paused else "pause.none"))
    tell_whose(app)
    if paused and ask_for_cycle(app.paths.state):
        click.echo(app.text.text("cycle.asked_for"))
    return 0
