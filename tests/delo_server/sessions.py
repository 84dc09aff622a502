"""Accounts and sessions of the stand-in: sign-in, expiry, licence seats, and the counts that tests ask for."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum

from attrs import define, field


class Sign(StrEnum):
    """How a query without a valid session is answered."""

    STATUS_434 = "434"
    STATUS_401 = "401"
    STATUS_403 = "403"
    REDIRECT = "302"
    LOGIN_PAGE = "200"
    WORDS = "words"  # a GraphQL answer whose message carries the status
    CODE = "code"  # a GraphQL answer whose extensions carry a code


class Refusal(StrEnum):
    """How a wrong password is answered."""

    STATUS_401 = "401"
    STATUS_400 = "400"
    STATUS_403 = "403"
    NO_COOKIE = "200"


class SignInRefusedError(Exception):
    """The account or the password is wrong, or the account is locked."""


class NoSeatError(SignInRefusedError):
    """Every licence seat is taken."""


@define
class Session:
    """One open session; it holds a licence seat."""

    id: str
    account: str
    used: float
    queries: int = 0


@define
class Sessions:
    """The open sessions and their rules; the rules may be set at any time.

    :param accounts: passwords by user name.
    :param sign: how a signed-out query is answered.
    :param refusal: how a refused sign-in is answered.
    :param expire_after_queries: a session ends after so many queries.
    :param idle_seconds: a session ends when it was not used that long, by ``clock``.
    :param seat_limit: so many sessions may be open; the next sign-in gets 403.
    :param reject: every sign-in is refused, whatever the password.
    :param lock_after: an account is locked after so many failed sign-ins in a row.
    :param accept_nothing: signing in works, and yet every query is answered as signed out.
    :param renews: every answer to a query has a new cookie, and the one before is no longer valid.
    :param expires_after: by the server's clock, cookies expire after so many seconds.
    :param years_behind: the server's clock is so many years behind.
    :param sign_ins: successful ones by account.
    :param failed_sign_ins: refused for the account or the password, by account.
    """

    accounts: Mapping[str, str] = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    sign: Sign = Sign.STATUS_434
    refusal: Refusal = Refusal.STATUS_401
    expire_after_queries: int | None = None
    idle_seconds: float | None = None
    seat_limit: int | None = None
    reject: bool = False
    lock_after: int | None = None
    accept_nothing: bool = False
    renews: bool = False
    expires_after: int | None = None
    years_behind: int = 0
    sign_ins: Counter[str] = field(factory=Counter, init=False)
    failed_sign_ins: Counter[str] = field(factory=Counter, init=False)
    refused_for_seats: int = field(default=0, init=False)
    sign_outs: int = field(default=0, init=False)
    expired: int = field(default=0, init=False)
    _failed_in_a_row: Counter[str] = field(factory=Counter, init=False)
    _open: dict[str, Session] = field(factory=dict, init=False, repr=False)
    _lock: threading.RLock = field(factory=threading.RLock, init=False, repr=False)

    def sign_in(self, user: object, password: object) -> Session:
        """Open a session; raises SignInRefusedError or NoSeatError."""
        account = str(user)
        with self._lock:
            self._end_idle()
            locked = self.lock_after is not None and self._failed_in_a_row[account] >= self.lock_after
            if self.reject or locked or account not in self.accounts or self.accounts[account] != password:
                self.failed_sign_ins[account] += 1
                self._failed_in_a_row[account] += 1
                raise SignInRefusedError(account)
            if self.seat_limit is not None and len(self._open) >= self.seat_limit:
                self.refused_for_seats += 1
                raise NoSeatError(account)
            self._failed_in_a_row[account] = 0
            self.sign_ins[account] += 1
            session = Session(secrets.token_urlsafe(24), account, self.clock())
            self._open[session.id] = session
            return session

    def use(self, session_id: str | None) -> Session | None:
        """The session, if it may ask; None where the request counts as signed out."""
        with self._lock:
            self._end_idle()
            session = self._open.get(session_id or "")
            if session is None or self.accept_nothing:
                return None
            if self.expire_after_queries is not None and session.queries >= self.expire_after_queries:
                self._end(session.id)
                return None
            session.queries += 1
            session.used = self.clock()
            return session

    def renew(self, session: Session) -> None:
        """Give a session another id."""
        with self._lock:
            del self._open[session.id]
            session.id = secrets.token_urlsafe(24)
            self._open[session.id] = session

    def sign_out(self, session_id: str | None) -> bool:
        """End a session; False where there was none."""
        with self._lock:
            if self._open.pop(session_id or "", None) is None:
                return False
            self.sign_outs += 1
            return True

    def expire_all(self) -> None:
        """End every session, as a restart of ДЕЛО does."""
        with self._lock:
            for session_id in tuple(self._open):
                self._end(session_id)

    @property
    def open_seats(self) -> int:
        """How many licence seats are taken now."""
        with self._lock:
            self._end_idle()
            return len(self._open)

    @property
    def open_ids(self) -> frozenset[str]:
        """The ids of the open sessions."""
        with self._lock:
            self._end_idle()
            return frozenset(self._open)

    def _end(self, session_id: str) -> None:
        del self._open[session_id]
        self.expired += 1

    def _end_idle(self) -> None:
        if self.idle_seconds is None:
            return
        limit = self.clock() - self.idle_seconds
        for session in tuple(self._open.values()):
            if session.used < limit:
                self._end(session.id)
