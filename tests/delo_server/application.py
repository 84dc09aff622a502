"""ДЕЛО's web side without the wire: from a request that was received to the answer that is to be sent."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote

from attrs import define, evolve, field

from tests.delo_server.data import Store
from tests.delo_server.execution import execute
from tests.delo_server.fault_kinds import Reject
from tests.delo_server.faults import Faults
from tests.delo_server.messages import GRAPHQL, LOGIN_PAGE, Answer, Request
from tests.delo_server.resolvers import Environment
from tests.delo_server.sessions import NoSeatError, Refusal, Session, Sessions, Sign, SignInRefusedError
from tests.delo_server.traffic import Traffic

COOKIE = "DeloSession"
Hook = Callable[[Request], None]


@define
class Application:
    """Everything an installation is, with its switches.

    :param max_page_size: where the server cuts a page.
    :param secure: whether the cookie is for TLS only.
    :param on_request: called for every request before anything is done with it.
    :param on_execute: called before a valid session's document is executed.
    """

    store: Store
    sessions: Sessions
    faults: Faults = field(factory=Faults)
    traffic: Traffic = field(factory=Traffic)
    max_page_size: int = 1000
    secure: bool = False
    on_request: Hook | None = None
    on_execute: Hook | None = None

    def receive(self, request: Request) -> None:
        """Log a request and call the hook."""
        self.traffic.came(request)
        if self.on_request is not None:
            self.on_request(request)

    def answer(self, request: Request, reject: Reject | None = None) -> Answer:
        """Do what the request asks for."""
        try:
            match request.kind:
                case "login":
                    return self._sign_in(request)
                case "logout":
                    return self._sign_out(request)
                case "query":
                    return self._query(request, reject)
                case _:
                    return _page(request)
        finally:
            self.traffic.tell()

    def _sign_in(self, request: Request) -> Answer:
        asked = request.payload
        if not isinstance(asked, dict) or not {"user", "password"} <= asked.keys():
            return Answer.of_json({"message": "Неверный запрос"}, 400)
        try:
            session = self.sessions.sign_in(asked["user"], asked["password"])
        except NoSeatError:
            return Answer.of_json({"message": "Нет свободных лицензий"}, 403)
        except SignInRefusedError:
            return _refused(self.sessions.refusal)
        date = ("Date", format_datetime(self._now(), usegmt=True))
        return Answer.of_json({"isAuthenticated": True}, headers=(self._cookie(session), date))

    def _sign_out(self, request: Request) -> Answer:
        self.sessions.sign_out(request.cookies.get(COOKIE))
        return Answer.of_json({}, headers=(("Set-Cookie", f"{COOKIE}=; Path=/; Max-Age=0"),))

    def _query(self, request: Request, reject: Reject | None) -> Answer:
        session = self.sessions.use(request.cookies.get(COOKIE))
        if session is None:
            return signed_out(self.sessions.sign)
        if not request.headers.get("content-type", "").startswith("application/json"):
            return Answer.of_html("Unsupported Media Type", 415)
        if request.is_mutation and self.faults.write_denied is not None:
            return _denied(self.faults.write_denied, request)
        limit = self.faults.body_limit
        if limit is not None and len(request.body) > limit:
            return Answer.of_html("Request Rejected", self.faults.body_limit_status)
        if self.faults.page_limit is not None and _rows_asked(request) > self.faults.page_limit:
            status = self.faults.page_limit_status
            return _page_too_large() if status == 200 else Answer.of_html("Failed", status)
        if self.on_execute is not None:
            self.on_execute(request)
        answer = execute(Environment(self.store, self.faults, self.max_page_size), request, session.id, reject)
        if self.faults.alter is not None:
            body = json.loads(answer.body)
            self.faults.alter(body)
            answer = evolve(answer, body=json.dumps(body, ensure_ascii=False).encode())
        if self.faults.date is not None:
            answer = evolve(answer, headers=(*answer.headers, ("Date", format_datetime(self.faults.date, usegmt=True))))
        if self.sessions.renews:
            self.sessions.renew(session)
            answer = evolve(answer, headers=(*answer.headers, self._cookie(session)))
        return answer

    def _cookie(self, session: Session) -> tuple[str, str]:
        value = f"{COOKIE}={session.id}; Path=/; HttpOnly; SameSite=Lax{'; Secure' if self.secure else ''}"
        if self.sessions.expires_after is not None:
            expires = self._now() + timedelta(seconds=self.sessions.expires_after)
            value += f"; Expires={format_datetime(expires, usegmt=True)}"
        return "Set-Cookie", value

    def _now(self) -> datetime:
        return datetime.now(UTC) - timedelta(days=365 * self.sessions.years_behind)


def _page(request: Request) -> Answer:
    if request.method == "GET" and request.path.lower() == LOGIN_PAGE.lower():
        return Answer.of_html("Вход в систему ДЕЛО")
    return Answer.of_html("Not Found", 404)


def _refused(refusal: Refusal) -> Answer:
    return Answer.of_json({"message": "Неверное имя пользователя или пароль"}, int(refusal))


def signed_out(sign: Sign) -> Answer:
    """How a query without a valid session is answered."""
    match sign:
        case Sign.REDIRECT:
            return Answer.of_html("Found", 302, (("Location", f"{LOGIN_PAGE}?ReturnUrl={quote(GRAPHQL, safe='')}"),))
        case Sign.LOGIN_PAGE:
            return Answer.of_html("Вход в систему ДЕЛО")
        case Sign.WORDS:
            return _in_words("Response status code does not indicate success: 401 (Unauthorized).")
        case Sign.CODE:
            return _in_words("Нет доступа.", code="AUTH_NOT_AUTHENTICATED")
        case _:
            return Answer(int(sign), b"")


def _rows_asked(request: Request) -> int:
    asked = request.payload if isinstance(request.payload, dict) else {}
    named = (asked.get("variables") or {}).get("first") or 0
    return max(int(named), *map(int, re.findall(r"\bfirst: (\d+)", asked.get("query") or "")), 0)


def _page_too_large() -> Answer:
    error = {"message": "The maximum allowed items per page were exceeded.", "path": ["arRubricValuesPg"]}
    return Answer.of_json({"errors": [error], "data": {"arRubricValuesPg": None}})


def _denied(way: str, request: Request) -> Answer:
    """How a write is answered that the account may not do."""
    words = "Response status code does not indicate success: 403 (Forbidden)."
    match way:
        case "status":
            return Answer.of_json({"message": "Доступ запрещён"}, 403)
        case "code":
            return _in_words("Нет прав.", code="AUTH_NOT_AUTHORIZED")
        case "aliases":
            names = re.findall(r"\br\d+(?=:)", request.document or "")
            extensions = {"code": "AUTH_NOT_AUTHORIZED"}
            errors = [{"message": "Нет прав.", "path": [name], "extensions": extensions} for name in names]
            return Answer.of_json({"data": dict.fromkeys(names), "errors": errors})
        case _:
            return evolve(_in_words(words), status=500 if way == "500" else 200)


def _in_words(message: str, **extensions: str) -> Answer:
    return Answer.of_json({"errors": [{"message": message, "extensions": extensions}], "data": None})
