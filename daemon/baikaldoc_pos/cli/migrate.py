"""``migrate``: from the earlier script's directory to ours: its two files, the password, the bookmark, the units.

Nothing changes in that directory. A second run finds what the first one wrote, edited since or not, and goes on.
"""

import json
import os
import pwd
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import click
from attrs import frozen

from baikaldoc_pos.cli.app import App, pass_app
from baikaldoc_pos.cli.commands import Command
from baikaldoc_pos.cli.installed import ACCOUNT, example_host, make_directories
from baikaldoc_pos.clock import SystemClock
from baikaldoc_pos.config import Configuration, load_configuration, render, warnings_of
from baikaldoc_pos.config.credentials import DELO_CREDENTIAL
from baikaldoc_pos.config.load import MOST_BYTES, read_document
from baikaldoc_pos.config.model import FILES
from baikaldoc_pos.files import read_small, replace_private
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import script_bookmark
from baikaldoc_pos.service.legacy_units import aside, legacy_units, retire_units

PROCESSING, CONNECTION = FILES["processing"][0], FILES["connection"][0]
BOOKMARK = "state.json"
EXAMPLE_ASIDE = ".example"


def migrate_command(text: Catalogue) -> click.Command:
    """The command in one language."""
    params = [
        click.Argument(["directory"], type=click.Path(path_type=Path), metavar=text.text("cli.metavar.directory")),
        click.Option(["--dry-run"], is_flag=True, help=text.text("cli.migrate.dry-run")),
        click.Option(["--yes"], is_flag=True, help=text.text("cli.migrate.yes")),
    ]
    return Command(text, name="migrate", help=text.text("cli.migrate.help"), params=params, callback=pass_app(_migrate))


@frozen
class Target:
    """A file to be written.

    :param source: what it is made of.
    :param private: only its owner may read it; else the service's group, too.
    """

    path: Path
    content: str
    source: Path
    private: bool = False

    def exists(self) -> bool:
        """Whether it is there as it would be written."""
        try:
            return read_small(self.path, MOST_BYTES).decode() == self.content
        except (OSError, UnicodeDecodeError):
            return False


def _migrate(app: App, /, *, directory: Path, dry_run: bool, yes: bool) -> int:
    configuration = load_configuration(directory, {})
    text = app.localized(configuration.processing.zone)
    targets = [target for target in _targets(app, directory, configuration) if not target.exists()]
    taken = [target.path for target in targets if os.path.lexists(target.path)]
    examples = [path for path in taken if path.name in {PROCESSING, CONNECTION} and example_host(app.paths.config)]
    kept = [path for path in taken if path not in examples]
    targets = [target for target in targets if target.path not in kept]
    # Where nothing but the bookmark may be missing, somebody has gone on with what an earlier run wrote.
    if kept and any(target.path.name != BOOKMARK for target in targets):
        click.echo(text.text("migrate.exists", paths=kept), err=True)
        return os.EX_CANTCREAT
    units = legacy_units()
    lines = list(_plan(text, app.paths.state, directory, configuration, examples, targets, units))
    if kept:
        lines.append(text.text("migrate.kept", paths=kept))
    click.echo("\n  ".join([text.text("migrate.plan", path=directory), *lines]))
    if dry_run or (targets and not (yes or click.confirm(text.text("migrate.confirm"), err=True))):
        click.echo(text.text("migrate.unchanged"))
        return 0
    retiring = bool(units) and (yes or click.confirm(text.text("migrate.confirm_units"), err=True))
    try:
        if retiring:
            retire_units(units)
        for path in examples:
            path.rename(path.with_name(path.name + EXAMPLE_ASIDE))
        _write(app, targets)
    except OSError as error:
        click.echo(text.text("migrate.failed", path=error.filename, reason=error.strerror), err=True)
        return os.EX_CANTCREAT
    click.echo(text.text("migrate.units_stay" if units and not retiring else "migrate.done", path=directory))
    return 0


def _plan(
    text: Catalogue,
    state: Path,
    directory: Path,
    configuration: Configuration,
    examples: Sequence[Path],
    targets: Sequence[Target],
    units: Sequence[Path],
) -> Iterator[str]:
    """What will be done, a line each; raises BookmarkUnreadable."""
    bookmark = script_bookmark([state, directory], configuration.processing.zone, SystemClock().now())
    for path in examples:
        yield text.text("migrate.example", path=path, aside=path.name + EXAMPLE_ASIDE)
    for target in targets:
        kind = "migrate.password" if target.private else "migrate.file"
        yield text.render(kind, {"path": target.path, "source": target.source})
    if not targets:
        yield text.text("migrate.there")
    yield text.text("migrate.bookmark", at=bookmark[1]) if bookmark else text.text("migrate.no_bookmark")
    for unit in units:
        yield text.render(f"migrate.unit.{unit.suffix[1:]}", {"path": unit, "aside": aside(unit).name})
    if not units:
        yield text.text("migrate.no_units")
    for notice in warnings_of(configuration, directory):
        yield render(notice, text)


def _targets(app: App, directory: Path, configuration: Configuration) -> Iterator[Target]:
    config = app.paths.config
    yield Target(config / PROCESSING, _text(directory / PROCESSING), directory / PROCESSING)
    source = directory / CONNECTION
    document = dict(read_document(source)[0] or {})
    document.pop("password", None)
    document["password_file"] = f"credentials/{DELO_CREDENTIAL}"
    verify = configuration.connection.verify
    if isinstance(verify, Path) and not Path(str(document["verify"])).is_absolute():
        document["verify"] = verify.name
        yield Target(config / verify.name, _text(verify), verify)
    yield Target(config / CONNECTION, json.dumps(document, ensure_ascii=False, indent=2) + "\n", source)
    password = configuration.connection.password.reveal() + "\n"
    yield Target(config / str(document["password_file"]), password, source, private=True)
    if (directory / BOOKMARK).exists():
        yield Target(app.paths.state / BOOKMARK, _text(directory / BOOKMARK), directory / BOOKMARK)


def _text(path: Path) -> str:
    return read_small(path, MOST_BYTES).decode("utf-8-sig")


def _write(app: App, targets: Sequence[Target]) -> None:
    """Write the files; root gives them to those who read them."""
    account = None
    if os.geteuid() == 0:
        with suppress(KeyError):
            account = pwd.getpwnam(ACCOUNT)
    app.paths.config.mkdir(mode=0o755, parents=True, exist_ok=True)
    make_directories(app.paths, account)
    for target in targets:
        if target.private:
            target.path.parent.mkdir(mode=0o700, exist_ok=True)
        replace_private(target.path, target.content)
        if target.path.parent == app.paths.config:
            if account is not None:
                os.chown(target.path, -1, account.pw_gid)
            target.path.chmod(0o640)
