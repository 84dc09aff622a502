"""One HTTP exchange with limits: connect and read time-outs, a total deadline, a bound on the body.

Redirects are not followed and the environment is not trusted. Every transport fault comes out as DeloUnavailable;
a reply of whatever status is returned as it is. Knows nothing of sessions or GraphQL.
"""

import errno
import http.client
import json
import math
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import eff_request_host  # type: ignore[attr-defined]
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import requests
import urllib3
from attrs import field, frozen
from requests.cookies import create_cookie
from requests.structures import CaseInsensitiveDict
from urllib3.util import create_urllib3_context

from baikaldoc_pos.config import ConnectionConfig, without_strict
from baikaldoc_pos.delo.connections import BreakableAdapter
from baikaldoc_pos.errors import DeloUnavailable, StopRequested

MAX_BODY = 4 * 1024 * 1024
# Objects, arrays and members of an answer, as far as its punctuation tells: a page of 1,000 rubrics has 12,000.
MAX_ITEMS = 100_000
CHUNK = 64 * 1024
# A connection that the server had closed while it was idle shows it as soon as it is used.
STALE_SECONDS = 1.0
JSON = {"Content-Type": "application/json"}


@frozen
class Reply:
    """A whole answer: status, headers, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_html(self) -> bool:
        return "html" in self.headers.get("Content-Type", "").lower() or self.body.lstrip()[:1] == b"<"

    @property
    def date(self) -> datetime | None:
        """The time on the server's clock; None where it does not tell."""
        return _instant(self.headers.get("Date", ""))


@frozen
class RequestLimits:
    """What one exchange bears beside the transport's own time-outs.

    :param seconds: its own total deadline, where that is shorter.
    :param cut_by_stop: nothing is lost where it is not waited for once a stop was asked for.
    :param repeatable: nothing is changed by sending it twice.
    """

    seconds: float = math.inf
    cut_by_stop: bool = False
    repeatable: bool = False


@frozen
class RequestReport:
    """What one exchange was like, for whoever counts: kind is an operation's name, ``sign_in`` or ``sign_out``."""

    kind: str
    outcome: str  # the HTTP status, or "fault"
    seconds: float
    received: int


class HttpTransport:
    """Posts JSON and reads the answer; keeps connections and cookies. One caller at a time.

    :param connection: addresses, certificates, proxy and time-outs.
    :param request_seconds: the total deadline of one exchange.
    :param observe: called with a RequestReport after every exchange.
    :param stopping: whether a stop was asked for; exchanges that bear it are cut short then.
    """

    def __init__(
        self,
        connection: ConnectionConfig,
        request_seconds: float,
        observe: Callable[[RequestReport], None] = lambda report: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        checked = ssl.CERT_NONE if connection.verify is False else ssl.CERT_REQUIRED
        self._adapter = BreakableAdapter(without_strict(create_urllib3_context(cert_reqs=checked)))
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.verify = connection.verify if isinstance(connection.verify, bool) else str(connection.verify)
        if connection.verify is False:
            # Told in our own words, once (config.notice.verify_off); urllib3 would say it at every request.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        if connection.proxy is not None:
            self._http.proxies = {"http": connection.proxy.reveal(), "https": connection.proxy.reveal()}
        self._http.mount("http://", self._adapter)
        self._http.mount("https://", self._adapter)
        self._timeout = (connection.connect_timeout, connection.read_timeout)
        self._request_seconds = request_seconds
        self._observe = observe
        self._stopping = stopping
        self._kept_alive = False
        # The server closes connections under the next request.
        self._closes_kept_alive = False
        self.requests = 0

    @property
    def cookies(self) -> requests.cookies.RequestsCookieJar:
        """The cookies that go with every request: the session."""
        return self._http.cookies

    def post(
        self, url: str, payload: Mapping[str, object], kind: str, limits: RequestLimits = RequestLimits()
    ) -> Reply:
        """Post ``payload`` as JSON.

        :raises KeptAliveLost: a connection that was used before is closed, and the request is not repeatable.
        :raises DeloUnavailable: on any other fault of the transport.
        :raises StopRequested: it was cut short.
        """
        if self._closes_kept_alive and not limits.repeatable:
            self._adapter.close()
            self._kept_alive = False
        try:
            return self._exchange(url, payload, kind, limits)
        except KeptAliveLost:
            self._closes_kept_alive = True
            if not limits.repeatable:
                raise
            # The server closed an idle connection: an ordinary case, answered by a new connection at once.
            return self._exchange(url, payload, kind, limits)

    def close(self) -> None:
        self._http.close()

    def _exchange(self, url: str, payload: Mapping[str, object], kind: str, limits: RequestLimits) -> Reply:
        self.requests += 1
        started = time.monotonic()
        outcome, received = "fault", 0
        reused, self._kept_alive = self._kept_alive, False
        # requests' own JSON has six characters for each Cyrillic letter.
        body = json.dumps(payload, ensure_ascii=False).encode()
        seconds = min(self._request_seconds, limits.seconds)
        cut = self._stopping if limits.cut_by_stop else _never
        with self._adapter.deadline(seconds, cut) as overrun:
            try:
                with self._http.post(
                    url, data=body, headers=JSON, timeout=self._timeout, allow_redirects=False, stream=True
                ) as response:
                    try:
                        answer = self._read(response, url)
                    except OSError:
                        if response.status_code != 401:  # says all there is to know, whatever becomes of the body
                            raise
                        answer = b""
                    if overrun.is_set():
                        raise _overrun(url, seconds, cut())
                    outcome, received = str(response.status_code), len(answer)
                    self._take_cookies(response)
            except OSError as fault:  # requests' own faults are among them, and a CA file that is gone
                if overrun.is_set():
                    raise _overrun(url, seconds, cut()) from fault
                at_once = time.monotonic() - started < STALE_SECONDS
                if reused and at_once and isinstance(fault, requests.exceptions.ConnectionError) and _was_cut(fault):
                    raise KeptAliveLost(reason_of(fault), host_of(url)) from fault
                raise unavailable(fault, url) from fault
            finally:
                self._observe(RequestReport(kind, outcome, time.monotonic() - started, received))
        self._kept_alive = True
        return Reply(response.status_code, CaseInsensitiveDict(response.headers), answer)

    def _take_cookies(self, response: requests.Response) -> None:
        """Take up cookies that have expired by this machine's clock alone; from now on none expires by it.

        The server ends its sessions itself, and its clock may be another.
        """
        jar = self._http.cookies
        sent_at = _instant(response.headers.get("Date", "")) or datetime.now(UTC)
        _, host = eff_request_host(requests.cookies.MockRequest(response.request))
        for header in response.raw.headers.getlist("Set-Cookie"):
            for name, morsel in SimpleCookie(header).items():
                expires = _instant(morsel["expires"])
                if name not in jar and not morsel["max-age"] and expires is not None and expires > sent_at:
                    path, secure = morsel["path"] or "/", bool(morsel["secure"])
                    cookie = create_cookie(name, morsel.value, domain=host, path=path, secure=secure)  # type: ignore[no-untyped-call]
                    jar.set_cookie(cookie)
        for cookie in jar:
            cookie.expires = None

    @staticmethod
    def _read(response: requests.Response, url: str) -> bytes:
        body, status = bytearray(), response.status_code
        for chunk in response.iter_content(CHUNK):
            body += chunk
            if len(body) > MAX_BODY:
                raise DeloUnavailable("the answer is too large", host_of(url), retry=False, status=status)
        if sum(map(body.count, (b"{", b"[", b","))) > MAX_ITEMS:
            raise DeloUnavailable("the answer has too many items", host_of(url), retry=False, status=status)
        return bytes(body)


def _overrun(url: str, seconds: float, cut: bool) -> DeloUnavailable | StopRequested:
    return StopRequested() if cut else DeloUnavailable("no whole answer in time", host_of(url), detail=f"{seconds:g} s")


def _never() -> bool:
    return False


class KeptAliveLost(DeloUnavailable):
    """A connection that had been kept alive was closed under a request, which may have been executed."""


def host_of(url: str) -> str:
    """Host and port of an address, without credentials, path or query."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def unavailable(fault: OSError, url: str) -> DeloUnavailable:
    """The typed error for a fault; of a certificate that is not trusted, or a CA file, trying again is no help."""
    certificate = isinstance(fault, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(fault)
    retry = isinstance(fault, requests.exceptions.RequestException) and not certificate
    # A proxy, TLS and a connection that was not made stand before the request.
    early = (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.ProxyError)
    delivered = not isinstance(fault, early) and not isinstance(
        _innermost(fault), ConnectionRefusedError | socket.gaierror
    )
    return DeloUnavailable(reason_of(fault), host_of(url), detail=detail_of(fault), retry=retry, delivered=delivered)


def reason_of(fault: BaseException) -> str:
    """What happened, as the catalogue's ``transport.<reason>`` has it; else the innermost cause in a few words."""
    innermost = _innermost(fault)
    if isinstance(fault, requests.exceptions.ProxyError):
        return "proxy failed"
    if isinstance(innermost, TimeoutError) or "Timeout" in type(innermost).__name__:
        return "timed out"
    match innermost:
        case ssl.SSLCertVerificationError():
            text = str(innermost)
            return next((reason for sign, reason in _CERTIFICATES.items() if sign in text), "certificate not trusted")
        case ssl.SSLError():
            return "TLS failed"
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionError() | http.client.IncompleteRead():
            return "connection lost"
        case socket.gaierror():
            return "name not resolved"
        case OSError(errno=errno.EHOSTUNREACH | errno.ENETUNREACH):
            return "unreachable"
    return detail_of(fault)


_CERTIFICATES = {"mismatch": "certificate of another name", "expired": "certificate expired"}


def detail_of(fault: BaseException) -> str:
    """The innermost cause in a few words. requests' own text is left out: it repeats the address and object ids."""
    innermost = _innermost(fault)
    text = str(innermost.strerror) if isinstance(innermost, OSError) and innermost.strerror else str(innermost)
    name = type(innermost).__name__
    text = text.rsplit(">: ", 1)[-1]
    # Its text is what the server sent in place of a status line.
    return name if not text or type(innermost) is http.client.BadStatusLine else f"{name}: {text}"


def _innermost(fault: BaseException) -> BaseException:
    while (inner := _inner(fault)) is not None:
        fault = inner
    return fault


def _inner(fault: BaseException) -> BaseException | None:
    reason = getattr(fault, "reason", None)
    candidates = (reason, *reversed(fault.args), fault.__cause__)
    return next((item for item in candidates if isinstance(item, BaseException)), None)


def _instant(text: str) -> datetime | None:
    """An HTTP date; None for anything else."""
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return at.replace(tzinfo=at.tzinfo or UTC)


def _was_cut(fault: BaseException) -> bool:
    """Whether the peer had closed the connection before it sent anything."""
    return any(sign in str(fault) for sign in ("RemoteDisconnected", "ConnectionResetError", "BrokenPipeError"))
