"""What a process leaves to the one that follows a crash or a restart: the session's cookies, or that ДЕЛО rejected it.

A session takes a licence seat until it is signed out or times out, so restarts must not open one each, nor leave one
behind where the account has changed; and rejected credentials must not be tried once a restart. The file is bound to
the account and the addresses, and only its owner can read it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import field, frozen
from requests.cookies import RequestsCookieJar, create_cookie

from baikaldoc_pos.config import ConnectionConfig
from baikaldoc_pos.files import read_small, replace_private
from baikaldoc_pos.i18n import EventLog

log = EventLog(__name__)

FILE_NAME = "session.json"
COUNT_NAME = "sign-ins.json"
KEPT = ("name", "value", "domain", "path", "secure")


@frozen
class Rejection:
    """When ДЕЛО rejected the credentials, and with what HTTP status."""

    at: datetime
    status: int


@frozen
class LeftSession:
    """A session of another account or address, which nobody will use any more.

    :param logout_url: where it is signed out.
    """

    logout_url: str
    cookies: RequestsCookieJar = field(repr=False)


class UnclearSignIns:
    """When sign-ins began whose outcome is not known; every process of this account counts them together.

    :param directory: where they are kept; None keeps them for this process only.
    """

    def __init__(self, directory: Path | None, connection: ConnectionConfig) -> None:
        self._path = directory / COUNT_NAME if directory is not None else None
        self._account = hashlib.sha256(f"{connection.username}\n{connection.login_url}".encode()).hexdigest()
        # Where they cannot be kept in the file.
        self._listed: list[datetime] = []

    def all(self) -> list[datetime]:
        """Those of this and of other processes, in order."""
        if self._listed or self._path is None:
            return self._listed
        try:
            kept: Any = json.loads(read_small(self._path))
            ours = kept["at"] if kept["account"] == self._account else ()
            return [at for at in map(datetime.fromisoformat, ours) if at.tzinfo is not None]
        except (OSError, KeyError, TypeError, ValueError, RecursionError):
            return []

    def begin(self, at: datetime) -> None:
        """A sign-in begins: a crash leaves its outcome unclear."""
        self._keep([*self.all(), at])

    def end(self) -> None:
        """The outcome of the last one is clear."""
        self._keep(self.all()[:-1])

    def forget(self) -> None:
        """A query has been answered: the account is sound."""
        self._keep([])

    def _keep(self, listed: list[datetime]) -> None:
        self._listed = listed
        if self._path is None:
            return
        with suppress(OSError):
            if listed:
                kept = {"account": self._account, "at": [at.isoformat() for at in listed]}
                replace_private(self._path, json.dumps(kept))
            else:
                self._path.unlink(missing_ok=True)
            self._listed = []


class SessionFile:
    """Keeps the cookies of one account's session.

    :param directory: where to; None keeps nothing.
    """

    def __init__(self, directory: Path | None, connection: ConnectionConfig) -> None:
        self._path = directory / FILE_NAME if directory is not None else None
        self._bond = {
            "username": connection.username,
            "login_url": connection.login_url,
            "graphql_endpoint": connection.graphql_endpoint,
        }
        self._logout_url = connection.logout_url
        self._written = ""

    def load(self, cookies: RequestsCookieJar) -> bool:
        """Add the kept cookies, where they are this account's at this address; tells whether there were any."""
        kept = self._read()
        if kept is None or kept.get("bond") != self._bond:
            return False
        _add_cookies(kept, cookies)
        return len(cookies) > 0

    def holds(self, cookies: RequestsCookieJar) -> bool:
        """Whether another process would find just these cookies."""
        kept = RequestsCookieJar()
        return self.load(kept) and _listed(kept) == _listed(cookies)

    def left_by_another(self) -> LeftSession | None:
        """The session that was kept for another account or address, if there is one."""
        kept = self._read()
        if kept is None or kept.get("bond") == self._bond:
            return None
        cookies, logout_url = RequestsCookieJar(), kept.get("logout_url")
        _add_cookies(kept, cookies)
        return LeftSession(logout_url, cookies) if isinstance(logout_url, str) and cookies else None

    def save(self, cookies: RequestsCookieJar) -> None:
        """Keep these cookies, where they are not kept already. Where that fails it is logged: the next process will
        sign in anew.
        """
        self._write({"logout_url": self._logout_url, "cookies": _listed(cookies)})

    def reject(self, password: str, status: int, at: datetime) -> None:
        """Keep that this password was rejected; of the password itself only a salted digest."""
        salt = os.urandom(16)
        rejected = {"at": at.isoformat(), "status": status, "salt": salt.hex(), "digest": _digest(password, salt)}
        self._write({"rejected": rejected})

    def rejection(self, password: str) -> Rejection | None:
        """The rejection of this very password that was kept, if there was one."""
        kept = self._read()
        if kept is None or kept.get("bond") != self._bond:
            return None
        try:
            rejected: Any = kept["rejected"]
            if rejected["digest"] != _digest(password, bytes.fromhex(rejected["salt"])):
                return None
            return Rejection(datetime.fromisoformat(rejected["at"]), int(rejected["status"]))
        except (KeyError, TypeError, ValueError):
            return None

    def _write(self, kept: Mapping[str, object]) -> None:
        if self._path is None:
            return
        content = json.dumps({"bond": self._bond, **kept})
        if content == self._written:
            return
        try:
            replace_private(self._path, content)
            self._written = content
        except OSError as fault:
            # Rather nothing than what is true no longer.
            self.forget()
            log.warning("session.not_kept", path=str(self._path), reason=str(fault.strerror))

    def forget(self) -> None:
        """The session is over, or the rejection forgiven."""
        self._written = ""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()

    def _read(self) -> Mapping[str, object] | None:
        if self._path is None:
            return None
        try:
            kept = json.loads(read_small(self._path))
        except (OSError, ValueError, RecursionError):
            return None
        return kept if isinstance(kept, dict) else None


def _listed(cookies: RequestsCookieJar) -> list[dict[str, object]]:
    return sorted(({name: getattr(cookie, name) for name in KEPT} for cookie in cookies), key=str)


def _add_cookies(kept: Mapping[str, object], cookies: RequestsCookieJar) -> None:
    listed = kept.get("cookies")
    for cookie in listed if isinstance(listed, list) else []:
        # Of another shape: another program wrote it, and it is treated as absent.
        if isinstance(cookie, dict) and all(isinstance(cookie.get(name), str) for name in ("name", "value", "domain")):
            kept_values = {name: cookie[name] for name in KEPT if isinstance(cookie.get(name), str | bool)}
            cookies.set_cookie(create_cookie(**kept_values))  # type: ignore[no-untyped-call]


def _digest(password: str, salt: bytes) -> str:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1).hex()
