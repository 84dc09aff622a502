"""The account's session in ДЕЛО: signing in and out, and renewing what has ended.

A session takes a licence seat and failed sign-ins can lock the account, so: one session at a time, taken over where
it still lives, left by signing out, and never a second try with credentials that were refused.
"""

import math
import threading
from collections.abc import Mapping
from datetime import timedelta

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import ConnectionConfig
from baikaldoc_pos.delo.responses import SignInOutcome, retry_after, server_words, sign_in_outcome, signed_out
from baikaldoc_pos.delo.session_file import SessionFile, SignIns
from baikaldoc_pos.delo.transport import HttpTransport, Reply, RequestLimits, host_of
from baikaldoc_pos.errors import (
    CredentialsRejected,
    DeloError,
    DeloUnavailable,
    SessionNotAccepted,
    SignInPostponed,
    UnexpectedAnswer,
)
from baikaldoc_pos.i18n import EventLog

log = EventLog(__name__)

# Whoever signs out is about to end, and the server does its part whether it is waited for or not.
SIGN_OUT_SECONDS = 15.0
# An unclear sign-in may have been counted as a failure: so many are tried in so long a time, restarts included.
UNCLEAR_TRIES = 2
UNCLEAR_PERIOD = timedelta(minutes=15)
# So many sessions are opened in that time where each of them is lost.
MOST_SIGN_INS = 12


class SessionRenewed(Exception):
    """The session had ended; there is a new one, and the request was not sent under it."""


class DeloSession:
    """Requests under the account's session. May be used from several threads; they take turns.

    :param transport: carries the requests, holds the cookies.
    :param connection: addresses and account.
    :param clock: for Retry-After dates, and for how long a rejection holds.
    :param file: where the session is kept for a process that takes it over.
    :param rejected_seconds: after a rejection, nothing is tried for this long; for good by default.
    :param record: what every process of the account knows of its sign-ins.
    :param before: the same account's, under limits that hold no longer: this one goes on with it, and closes it.
    """

    def __init__(
        self,
        transport: HttpTransport,
        connection: ConnectionConfig,
        clock: Clock,
        file: SessionFile | None = None,
        rejected_seconds: float = math.inf,
        before: "DeloSession | None" = None,
        record: SignIns | None = None,
    ) -> None:
        self._transport = transport
        self._connection = connection
        self._clock = clock
        self._turn = threading.RLock()
        self._file = file if file is not None else SessionFile(None, connection)
        self._record = record if record is not None else SignIns(None, connection)
        # A sign-in has not been proved by a query.
        self._unproved = False
        self._rejected_seconds = rejected_seconds
        # The operation for whose sake the session was renewed, until it is answered.
        self._renewed_for: str | None = None
        # The operation whose renewal was in vain just now: for another one's sake the session is not renewed again.
        self._in_vain = ""
        # Operations that the account may not do, with the sign that says so: no renewal helps them.
        self._denied: dict[str, str] = {}
        self._last_sign = ""
        self.sign_ins = 0
        self._signed_in_at: list[float] = []
        self._spoke_at = clock.monotonic()
        self.host, self.login_host = host_of(connection.graphql_endpoint), host_of(connection.login_url)
        if before is not None:
            self._go_on_with(before)
        elif self._file.load(transport.cookies):
            log.info("session.taken_over", username=connection.username, host=self.host)

    @property
    def signed_in(self) -> bool:
        """Whether there is a session, as far as we know (it may have ended on the server)."""
        return len(self._transport.cookies) > 0

    @property
    def kept(self) -> bool:
        """Whether another process would find the session as it is now."""
        return self._file.holds(self._transport.cookies)

    @property
    def requests(self) -> int:
        """How many HTTP requests have been made so far."""
        return self._transport.requests

    @property
    def idle_seconds(self) -> float:
        """Seconds since ДЕЛО last answered."""
        return self._clock.monotonic() - self._spoke_at

    def forgive(self) -> None:
        """Let credentials that were rejected be tried again: somebody has looked at them."""
        self._record.forgive()

    def query(self, payload: Mapping[str, object], operation: str, *, repeat: bool = True) -> Reply:
        """Post a GraphQL request; sign in first where need be, and renew a session that has ended, once.

        :param repeat: False, for one that writes, does not send it a second time under a new session or on a new
            connection, and does not cut it short where a stop is asked for.
        :raises SessionRenewed: the session had ended, and ``repeat`` is False.
        :raises KeptAliveLost: the connection had, and ``repeat`` is False.
        :raises StopRequested: a stop was asked for.
        :raises DeloUnavailable: a fault of the transport, or an HTML page twice.
        :raises CredentialsRejected: now or at an earlier sign-in; without asking again.
        :raises SessionNotAccepted: the fresh session was sent back to sign-in too.
        """
        with self._turn:
            if not self.signed_in:
                self.sign_in()
                if not repeat:
                    raise SessionRenewed
                self._clock.check_stop()
            limits = RequestLimits(cut_by_stop=repeat, repeatable=repeat)
            reply = self._post(payload, operation, limits)
            sign = signed_out(reply)
            in_vain, self._in_vain = self._in_vain not in {"", operation}, ""
            ended = sign is not None and not in_vain and self._denied.get(operation) != sign
            if sign is not None and ended and self._renewed_for != operation:
                log.info("session.ended", sign=sign)
                self._last_sign = sign
                # It may live on where a proxy or missing rights gave the sign: no seat is left behind.
                self.sign_out()
                self.sign_in()
                self._renewed_for = operation
                if not repeat:
                    raise SessionRenewed
                reply = self._post(payload, operation, limits)
                sign = signed_out(reply)
                self._in_vain = operation if sign is not None else ""
            if (sign is None or _is_page(reply)) and self._unproved:
                # The account is sound; of a page of maintenance, nothing is known to its disadvantage.
                self._unproved = False
                self._record.prove()
            if self._renewed_for == operation and (sign is None or repeat):
                self._renewed_for = None
            if sign is None:
                return reply
            self._last_sign = sign
        if _is_page(reply):
            raise DeloUnavailable("an HTML page where JSON should be", self.host, status=reply.status)
        raise SessionNotAccepted(sign)

    def denied(self, operation: str) -> None:
        """The account may not do this, though all else is answered: its sign no longer means "sign in again"."""
        with self._turn:
            self._renewed_for = None
            self._denied[operation] = self._last_sign

    def sign_in(self, *, insist: bool = False) -> None:
        """Open a session. The body of a success is not documented: only a no is read there (docs/delo-api.md).

        :param insist: also with a password that was rejected not long ago.
        :raises CredentialsRejected: the account was refused; remembered, and raised again without a request.
        :raises DeloUnavailable: no answer to the question.
        :raises SessionNotAccepted: each session is lost at once.
        :raises UnexpectedAnswer: the address is not one to sign in at.
        """
        with self._turn:
            if not insist:
                self._check_rejection()
            if self._too_many_sign_ins():
                raise SessionNotAccepted(self._last_sign)
            self._wait_after_unclear()
            self._sign_out_left_one()
            account = self._connection
            body: dict[str, object] = {"user": account.username, "password": account.password.reveal()}
            if account.app is not None:
                body["items"] = {"app": account.app}
            self._transport.cookies.clear()
            self._record.begin(self._clock.now())
            self._unproved = True
            try:
                reply = self._transport.post(account.login_url, body, "sign_in")
            except DeloUnavailable as fault:
                if not fault.delivered:
                    self._record.end()
                raise
            outcome = sign_in_outcome(reply, cookie=self.signed_in)
            if outcome is SignInOutcome.ACCEPTED:
                # Unclear still: the first query proves it.
                self._record.forgive()
                self.sign_ins += 1
                self._signed_in_at.append(self._clock.monotonic())
                self._file.save(self._transport.cookies)
                log.info("session.signed_in", username=account.username, host=self.login_host)
                return
            if outcome is not SignInOutcome.UNCLEAR:
                self._record.end()
            if self.signed_in and reply.status < 400:
                # The cookie of an answer that is no yes may hold a seat all the same.
                self._sign_out(account.logout_url)
            self._transport.cookies.clear()
            raise self._refusal(reply, outcome)

    def sign_out(self) -> None:
        """Close the session where there is one. A failure is logged, not raised: the session times out by itself."""
        with self._turn:
            if self.signed_in:
                self._sign_out(self._connection.logout_url)
            else:
                self._sign_out_left_one()

    def close(self) -> None:
        """Close the connections; the session on the server is left as it is."""
        self._transport.close()

    def _sign_out_left_one(self) -> None:
        """A session that an earlier process kept for another account or address has nobody to use its seat."""
        left = self._file.left_by_another()
        if left is not None:
            self._transport.cookies.update(left.cookies)
            self._sign_out(left.logout_url)

    def _sign_out(self, logout_url: str) -> None:
        try:
            reply = self._transport.post(logout_url, {}, "sign_out", RequestLimits(SIGN_OUT_SECONDS, repeatable=True))
        except DeloError as fault:
            log.warning("session.sign_out_failed", reason=str(fault.fields.get("reason")))
        else:
            if reply.status == 200:
                log.info("session.signed_out", host=host_of(logout_url))
            elif signed_out(reply) is None:
                log.warning("session.sign_out_failed", reason=f"HTTP {reply.status}")
        finally:
            self._transport.cookies.clear()
            self._file.forget()

    def _go_on_with(self, before: "DeloSession") -> None:
        self._transport.cookies.update(before._transport.cookies)
        self._record.go_on_with(before._record)
        self._spoke_at = before._spoke_at
        before.close()

    def _check_rejection(self) -> None:
        """Raise CredentialsRejected where this password was rejected, by whichever process, and not long ago."""
        rejection = self._record.rejection()
        age = (self._clock.now() - rejection.at).total_seconds() if rejection is not None else math.inf
        if rejection is not None and 0 <= age < self._rejected_seconds:
            raise self._rejection(rejection.status, self._rejected_seconds - age)

    def _rejection(self, status: int, left: float) -> CredentialsRejected:
        until = self._clock.now() + timedelta(seconds=left) if math.isfinite(left) else None
        return CredentialsRejected(self._connection.username, status, until)

    def _post(self, payload: Mapping[str, object], operation: str, limits: RequestLimits) -> Reply:
        reply = self._transport.post(self._connection.graphql_endpoint, payload, operation, limits)
        self._spoke_at = self._clock.monotonic()
        if self.signed_in:
            # An answer may have renewed the cookies.
            self._file.save(self._transport.cookies)
        return reply

    def _too_many_sign_ins(self) -> bool:
        """Whether sessions end as fast as they are opened."""
        since = self._clock.monotonic() - UNCLEAR_PERIOD.total_seconds()
        self._signed_in_at = [at for at in self._signed_in_at if at > since]
        return len(self._signed_in_at) >= MOST_SIGN_INS

    def _wait_after_unclear(self) -> None:
        now = self._clock.now()
        unclear = [at for at in self._record.unclear() if now - UNCLEAR_PERIOD < at <= now]
        if len(unclear) >= UNCLEAR_TRIES:
            raise SignInPostponed(self.login_host, unclear[-UNCLEAR_TRIES] + UNCLEAR_PERIOD)

    def _refusal(self, reply: Reply, outcome: SignInOutcome) -> DeloError:
        if outcome is SignInOutcome.NO_ENTRANCE:
            return UnexpectedAnswer(f"HTTP {reply.status} (login_url)", "sign_in", status=reply.status)
        if outcome is not SignInOutcome.REJECTED:
            reason, wait = f"HTTP {reply.status} (login_url)", retry_after(reply, self._clock.now())
            return DeloUnavailable(reason, self.login_host, wait, server_message=server_words(reply))
        self._record.reject(reply.status, self._clock.now())
        return self._rejection(reply.status, self._rejected_seconds)


def _is_page(reply: Reply) -> bool:
    return reply.status == 200 and reply.is_html
