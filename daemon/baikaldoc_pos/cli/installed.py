"""The installed command works on the installed service: its directories, its account, its passwords.

Root's command becomes the service's account for good, lest it leave files that the service cannot read.
"""

import os
import pwd
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import click

from baikaldoc_pos.config import PRELOADED, Paths
from baikaldoc_pos.config.credentials import DELO_CREDENTIAL, SMTP_CREDENTIAL
from baikaldoc_pos.config.load import read_document
from baikaldoc_pos.config.model import FILES
from baikaldoc_pos.files import read_small
from baikaldoc_pos.i18n import Catalogue

NAME = ACCOUNT = "baikaldoc-pos"
EXAMPLE_HOST = "example.org"  # RFC 2606; the address in the example that a package installs
# Where the packages and an installation by hand put the program.
PREFIXES = (Path("/usr/lib/baikaldoc-pos"), Path("/opt/baikaldoc-pos"))
_FROM_SYSTEMD = ("CONFIGURATION_DIRECTORY", "STATE_DIRECTORY", "LOGS_DIRECTORY")


class InstanceName(click.ParamType[str]):
    """The name of a template's instance, as systemd takes it."""

    name = "instance"

    def __init__(self, text: Catalogue) -> None:
        self._text = text

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"[A-Za-z0-9:_.\\-]+", value):
            self.fail(self._text.text("cli.error.instance", value=value), param, ctx)
        return value


def paths_of(environ: Mapping[str, str], given: Mapping[str, Path | None], instance: str | None = None) -> Paths:
    """The directories that were given; else, for the installed program, those of the service or of an instance."""
    own = any(given.values()) or any(environ.get(name) for name in _FROM_SYSTEMD)
    name = NAME if instance is None else f"{NAME}@{instance}"
    if instance is None and (own or not is_installed()):
        return Paths.resolve(environ, **given)
    return Paths(Path("/etc", name), Path("/var/lib", name), Path("/var/log", name))


def is_installed() -> bool:
    """Whether this is the installed program, and not one in a checkout."""
    return Path("/etc", NAME).is_dir() and any(Path(__file__).is_relative_to(prefix) for prefix in PREFIXES)


def become_service(paths: Paths, environ: Mapping[str, str], text: Catalogue) -> Mapping[str, str]:
    """Give up root for the service's account, where root works on a service's directories.

    :returns: the environment with the passwords that only root can read.
    :raises click.UsageError: there is no such account.
    """
    if os.geteuid() != 0 or paths.config.parent != Path("/etc"):
        return environ
    try:
        account = pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise click.UsageError(text.text("cli.error.no_account", account=ACCOUNT)) from None
    known = dict(environ)
    for name in (DELO_CREDENTIAL, SMTP_CREDENTIAL):
        path = paths.config / "credentials" / name
        with suppress(OSError):  # the configuration then tells that it has no password
            # What is not UTF-8 is told by the configuration, too: not every command needs the password.
            content = read_small(path) if path.exists() else b""
            known[PRELOADED + name] = content.decode("utf-8-sig", "surrogateescape")
    make_directories(paths, account)
    os.initgroups(account.pw_name, account.pw_gid)
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    os.umask(0o027)
    return known


def example_host(directory: Path) -> str | None:
    """The address in a configuration that is still the package's example, which no service can work with."""
    document, _ = read_document(directory / FILES["connection"][0])
    host: str | None = None
    with suppress(ValueError):  # not a URL, as the configuration tells
        host = urlsplit(str(document.get("login_url"))).hostname if document else None
    return host if host is not None and host.endswith(EXAMPLE_HOST) else None


def make_directories(paths: Paths, account: pwd.struct_passwd | None) -> None:
    """Make the directories of the state and of the logs where they are absent, as systemd does at a start.

    :param account: whose they are; None where that is whoever runs this.
    """
    for directory, mode in ((paths.state, 0o700), (paths.logs, 0o750)):
        if not directory.exists():
            directory.mkdir(parents=True)
            directory.chmod(mode)  # whatever root's umask is
            if account is not None:
                os.chown(directory, account.pw_uid, account.pw_gid)
