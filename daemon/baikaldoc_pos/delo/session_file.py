"""What a process leaves to others of the same account: the session's cookies, and how signing in went.

A session takes a licence seat until it is signed out or times out, so restarts must not open one each, nor leave one
behind where the account has changed; and rejected credentials must not be tried once a restart. The file is bound to
the account and the addresses, and only its owner can read it.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
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
SIGN_INS_NAME = "sign-ins.json"
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


class SignIns:
    """What every process of this account knows of its sign-ins: those of an unknown outcome, and the last rejection.

    :param directory: where it is kept; None keeps it for this process only.
    """

    def __init__(self, directory: Path | None, connection: ConnectionConfig) -> None:
        self._path = directory / SIGN_INS_NAME if directory is not None else None
        self._account = hashlib.sha256(f"{connection.username}\n{connection.login_url}".encode()).hexdigest()
        self._password = connection.password
        # What the file could not take.
        self._unwritten: Mapping[str, Any] | None = None

    def go_on_with(self, before: "SignIns") -> None:
        """Take over what an earlier record of this account has not written."""
        self._unwritten = before._unwritten

    def unclear(self) -> list[datetime]:
        """When those of an unknown outcome began, in order."""
        try:
            return [at for at in map(datetime.fromisoformat, self._read().get("at", ())) if at.tzinfo is not None]
        except (TypeError, ValueError):
            return []

    def begin(self, at: datetime) -> None:
        """A sign-in begins: a crash leaves its outcome unclear."""
        self._keep_unclear([*self.unclear(), at])

    def end(self) -> None:
        """The outcome of the last one is clear."""
        self._keep_unclear(self.unclear()[:-1])

    def prove(self) -> None:
        """A query has been answered: the account is sound."""
        self._keep({})

    def rejection(self) -> Rejection | None:
        """The rejection of the configured password, if it is the one that was rejected."""
        try:
            kept = self._read()["rejected"]
            if kept["digest"] != _digest(self._password.reveal(), bytes.fromhex(kept["salt"])):
                return None
            return Rejection(datetime.fromisoformat(kept["at"]), int(kept["status"]))
        except (KeyError, TypeError, ValueError):
            return None

    def reject(self, status: int, at: datetime) -> None:
        """Keep that the configured password was rejected; of the password itself only a salted digest."""
        salt = os.urandom(16)
        digest = _digest(self._password.reveal(), salt)
        rejected = {"at": at.isoformat(), "status": status, "salt": salt.hex(), "digest": digest}
        self._keep({**self._read(), "rejected": rejected})

    def forgive(self) -> None:
        """Let a rejected password be tried again."""
        kept = self._read()
        if "rejected" in kept:
            self._keep({**kept, "rejected": None})

    def _keep_unclear(self, at: Sequence[datetime]) -> None:
        self._keep({**self._read(), "at": [each.isoformat() for each in at]})

    def _read(self) -> Mapping[str, Any]:
        if self._unwritten is not None or self._path is None:
            return self._unwritten or {}
        kept = _read_object(self._path)
        return kept if kept is not None and kept.get("account") == self._account else {}

    def _keep(self, kept: Mapping[str, Any]) -> None:
        kept = {name: value for name, value in kept.items() if value and name != "account"}
        self._unwritten = kept
        if self._path is None:
            return
        with suppress(OSError):
            if kept:
                replace_private(self._path, json.dumps({"account": self._account, **kept}))
            else:
                self._path.unlink(missing_ok=True)
            self._unwritten = None


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
        """The session is over."""
        self._written = ""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()

    def _read(self) -> Mapping[str, Any] | None:
        return _read_object(self._path) if self._path is not None else None


def _read_object(path: Path) -> Mapping[str, Any] | None:
    """The JSON object in a file; None where there is none."""
    try:
        kept = json.loads(read_small(path))
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
