"""Where a password comes from: the file itself, else systemd's credential, else the file that another key names.

No fault holds a password. ``secrets_of`` lists what no log may show.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from attrs import frozen

from baikaldoc_pos.config.issues import ConfigError
from baikaldoc_pos.config.model import Configuration
from baikaldoc_pos.files import read_small

DELO_CREDENTIAL = "delo-password"
SMTP_CREDENTIAL = "smtp-password"
# A command that gave up root has read credentials before; in its mapping, never in the process's environment, their
# keys begin so.
PRELOADED = "credential "


@frozen
class Source:
    """One password to be found.

    :param document: the object that may have the keys ``password`` and ``file_key``.
    :param file: the file that the object is in.
    :param directory: the configuration directory, to which the password's file is relative.
    :param credential: the name of systemd's credential.
    :param prefix: what the keys' paths in faults begin with, where the object is a section.
    :param file_key: the key that names the password's file.
    """

    document: Mapping[str, object]
    file: str
    directory: Path
    credential: str
    prefix: str = ""
    file_key: str = "password_file"

    def resolve(self, environ: Mapping[str, str]) -> tuple[str | None, Path | None, list[ConfigError]]:
        """The password, the file that it was read from where others might read that too, and the faults.

        Neither a password nor a fault means that a key of the document has one, or is of a kind that is
        refused anyway.
        """
        if self.document.get("password") is not None:
            return None, self.directory / self.file, []
        own = self.directory / "credentials" / self.credential
        preloaded = environ.get(PRELOADED + self.credential)
        if preloaded is not None and preloaded.strip("\r\n"):
            password, faults = self._checked("password", preloaded, own)
            return password, None, faults
        credentials = environ.get("CREDENTIALS_DIRECTORY")
        if credentials:
            path = Path(credentials) / self.credential
            # An empty one counts as none: units set it where no file has been put there (SetCredential=).
            if _exists(path) and not _is_blank(path):
                password, faults = self._read("password", path)
                return password, None, faults
        named = self.document.get(self.file_key)
        if named is None:
            fields = {"credential": self.credential, "file_key": self.file_key}
            return (
                None,
                None,
                [ConfigError(self.file, f"{self.prefix}password", "config.fault.password_missing", fields)],
            )
        if not isinstance(named, str) or not named.strip():  # its type tells what is wrong with it
            return None, None, []
        path = self.directory / named
        # Who cannot look into that directory has been told that there is no password in it.
        closed = path == own and (preloaded is not None or bool(credentials))
        password, faults = self._read(self.file_key, path, closed=closed)
        return password, path, faults

    def _read(self, name: str, path: Path, *, closed: bool = False) -> tuple[str | None, list[ConfigError]]:
        key = f"{self.prefix}{name}"
        try:
            password = read_small(path).decode("utf-8-sig")
        except OSError as error:
            if isinstance(error, FileNotFoundError) or (closed and isinstance(error, PermissionError)):
                return None, [ConfigError(self.file, key, "config.fault.password_file_empty", {"path": str(path)})]
            fields = {"path": str(path), "reason": error.strerror}
            return None, [ConfigError(self.file, key, "config.fault.password_unreadable", fields)]
        except UnicodeDecodeError:
            return None, [ConfigError(self.file, key, "config.fault.password_not_utf8", {"path": str(path)})]
        except ValueError:  # a NUL in the path
            return None, [ConfigError(self.file, key, "config.fault.path_invalid")]
        return self._checked(name, password, path)

    def _checked(self, name: str, password: str, path: Path) -> tuple[str | None, list[ConfigError]]:
        key = f"{self.prefix}{name}"
        password = password.removesuffix("\n").removesuffix("\r")
        if not password:
            return None, [ConfigError(self.file, key, "config.fault.password_file_empty", {"path": str(path)})]
        try:
            password.encode("utf-8")
        except UnicodeEncodeError:  # bytes that a command took along as they were
            return None, [ConfigError(self.file, key, "config.fault.password_not_utf8", {"path": str(path)})]
        if "\n" in password or "\0" in password:
            return None, [ConfigError(self.file, key, "config.fault.password_lines", {"path": str(path)})]
        return password, []


def _is_blank(path: Path) -> bool:
    """Whether there is nothing in it but the end of a line; one that cannot be read tells so later."""
    try:
        return not read_small(path).strip(b"\r\n")
    except OSError:
        return False


def _exists(path: Path) -> bool:
    """Whether there is such a file; one that may not be looked at is there, and reading it tells why not."""
    try:
        return path.exists()
    except PermissionError:
        return True


def secrets_of(configuration: Configuration) -> tuple[str, ...]:
    """Every secret of a configuration; a Masker finds each in every form that it may take in a text."""
    connection, mail = configuration.connection, configuration.service.alerts.password
    secrets = [connection.password.reveal()]
    if connection.proxy is not None:
        password = urlsplit(connection.proxy.reveal()).password or ""
        secrets += [password, unquote(password)]
    if mail is not None:
        secrets.append(mail.reveal())
    return tuple(dict.fromkeys(filter(None, secrets)))
