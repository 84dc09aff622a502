"""What a reply means: signed out, unavailable, refused as a whole, or data with errors beside it.

Pure functions over a Reply; the one place where the many shapes of an answer become values and typed errors.
Source of the shapes: docs/delo-api.md, and the observed behaviour of sgqlc and ДЕЛО.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from attrs import field, frozen

from baikaldoc_pos.delo.documents import alias
from baikaldoc_pos.delo.transport import Reply
from baikaldoc_pos.errors import DeloUnavailable, UnexpectedAnswer
from baikaldoc_pos.model import Answer, Change, Outcome

SIGNED_OUT_STATUSES = frozenset({401, 403, 434})
# The two forms in words of docs/delo-api.md, "Session".
NOT_AUTHENTICATED = frozenset({"AUTH_NOT_AUTHENTICATED", "UNAUTHENTICATED"})
OF_ACCESS = NOT_AUTHENTICATED | {"AUTH_NOT_AUTHORIZED", "FORBIDDEN"}
_STATUS_IN_WORDS = re.compile(r"(?<!\d)40[13](?!\d)")
# How a JSON answer says that the account is refused, and how that there is no free licence.
_OF_CREDENTIALS = re.compile(r"парол|имя пользователя|логин|password|user ?name|credential|заблокирован|locked", re.I)
_OF_LICENCES = re.compile(r"лиценз|licen[cs]", re.I)
_OF_A_WRONG_PASSWORD = re.compile(r"неверн|неправильн|wrong|invalid|incorrect|bad credential", re.I)
NO_PAGE_THERE = frozenset({404, 405, 410})
LONGEST_REFUSAL = 64 * 1024
LONGEST_TEXT = 2000  # characters
LONGEST_PATH = 100
MOST_ERRORS = 10_000
MAX_RETRY_AFTER = 3600.0
NO_ANSWER = "NO_ANSWER"
UNREADABLE = "UNREADABLE"


@frozen
class GraphqlError:
    """One entry of the top-level ``errors``."""

    message: str
    path: tuple[object, ...] = ()


@frozen
class GraphqlAnswer:
    """The body of a GraphQL answer; ``data`` is None where the document was refused as a whole.

    :param status: the HTTP status that it came with.
    """

    data: Mapping[str, object] | None
    errors: Sequence[GraphqlError] = field(factory=tuple)
    status: int = 200

    @property
    def words(self) -> str:
        """What the server said, in one line."""
        return _cut("; ".join(error.message for error in self.errors[:10]))


class SignInOutcome(StrEnum):
    """What the answer to a sign-in means."""

    ACCEPTED = "accepted"  # there is a cookie; the first query proves it
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"  # the account has not been looked at
    UNCLEAR = "unclear"  # the account may have been looked at, and a failure counted
    NO_ENTRANCE = "no entrance"  # another address


def sign_in_outcome(reply: Reply, *, cookie: bool) -> SignInOutcome:
    """Only status 401, and JSON that says so, are a rejection: ДЕЛО counts failures and locks accounts.

    :param cookie: whether the reply brought a cookie.
    """
    body, words = _json(reply), server_words(reply)
    redirected = 300 <= reply.status < 400
    of_licences = bool(_OF_LICENCES.search(words))
    of_account = bool(_OF_CREDENTIALS.search(words)) and not of_licences
    good = reply.status == 200 and cookie and not reply.is_html and not _is_failure(body)
    if good:
        return SignInOutcome.ACCEPTED
    # A proxy answers 403 as well, with words of its own.
    told = reply.status in {200, 400} or (reply.status == 403 and _OF_A_WRONG_PASSWORD.search(words))
    if reply.status == 401 or (of_account and told):
        return SignInOutcome.REJECTED
    if reply.status in NO_PAGE_THERE or (redirected and "login" not in reply.headers.get("Location", "").lower()):
        return SignInOutcome.NO_ENTRANCE
    if redirected or of_account or _names_wrong_password(reply) or (cookie and not of_licences):
        return SignInOutcome.UNCLEAR
    from_proxy = reply.status in {204, 502, 503, 504} or 400 <= reply.status < 500
    page = reply.is_html and reply.status < 500
    return SignInOutcome.UNAVAILABLE if from_proxy or page or of_licences else SignInOutcome.UNCLEAR


def _names_wrong_password(reply: Reply) -> bool:
    """Whether an HTML page says that the credentials are wrong: the account may have been looked at."""
    if not reply.is_html or len(reply.body) > LONGEST_REFUSAL:
        return False
    text = reply.body.decode("utf-8", "replace")
    return bool(_OF_CREDENTIALS.search(text) and _OF_A_WRONG_PASSWORD.search(text))


def server_words(reply: Reply) -> str:
    """The message of a JSON answer; "" where there is none."""
    body = _by_lower_name(_json(reply)) if len(reply.body) <= LONGEST_REFUSAL else {}
    listed = body.get("errors")
    entries = [_by_lower_name(entry).get("message", entry) for entry in (listed if isinstance(listed, list) else ())]
    texts = [*(body.get(name) for name in ("message", "error", "title", "detail")), *entries]
    return "; ".join(text for text in texts if isinstance(text, str))


def _is_failure(body: object) -> bool:
    said = _by_lower_name(body)
    no = any(said.get(name) is False for name in ("success", "succeeded", "isauthenticated", "ok"))
    return body is False or no or bool(said.get("error") or said.get("errors"))


def _by_lower_name(body: object) -> Mapping[str, object]:
    """A JSON object by its names in lower case: servers spell them either way; empty for anything else."""
    return {name.lower(): value for name, value in body.items()} if isinstance(body, dict) else {}


def signed_out(reply: Reply) -> str | None:
    """The sign by which the reply says "sign in again", or None (docs/delo-api.md, "Session")."""
    if reply.status in SIGNED_OUT_STATUSES:
        return f"HTTP {reply.status}"
    if 300 <= reply.status < 400 and "login" in reply.headers.get("Location", "").lower():
        return f"HTTP {reply.status} → login"
    if reply.status == 200 and reply.is_html:
        return "HTML"
    return _signed_out_in_words(reply) if reply.status in {200, 400, 500} else None


def _signed_out_in_words(reply: Reply) -> str | None:
    """The sign in a GraphQL answer without any value: a code in each error, or a message that carries the status.

    What is said of one record by its path, without a code, is not said of the session.
    """
    body = _json(reply) if len(reply.body) <= LONGEST_REFUSAL else None
    data, listed = (body.get("data"), body.get("errors")) if isinstance(body, dict) else (None, None)
    if isinstance(data, dict) and any(value is not None for value in data.values()):
        return None
    errors = [error for error in listed if isinstance(error, dict)] if isinstance(listed, list) else []
    codes = [_code(error) for error in errors]
    coded = next((code for code in codes if code in (NOT_AUTHENTICATED if data is None else ())), None)
    if coded is None and codes and OF_ACCESS.issuperset(codes):
        coded = codes[0]
    if coded is not None or data is not None:
        return coded
    for error in errors:
        found = _STATUS_IN_WORDS.search(str(error.get("message"))) if not error.get("path") else None
        if found:
            return f"«{found[0]}»"
    return None


def _code(error: Mapping[str, object]) -> str:
    extensions = error.get("extensions")
    return str(extensions.get("code")) if isinstance(extensions, dict) else ""


def retry_after(reply: Reply, now: datetime) -> float | None:
    """Seconds from the Retry-After header (a number or an HTTP date), within an hour; None without a usable one."""
    value = reply.headers.get("Retry-After", "").strip()
    try:
        if value.isascii() and value.isdigit():
            seconds = float(value)
        else:
            at = parsedate_to_datetime(value)
            seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def graphql_answer(reply: Reply, operation: str, host: str, now: datetime) -> GraphqlAnswer:
    """The answer to a GraphQL request that was not a request to sign in again.

    :raises DeloUnavailable: 429, 5xx without a GraphQL body, no JSON where JSON should be.
    :raises UnexpectedAnswer: JSON of another form, or a status that says neither yes nor no.
    """
    if reply.status in {429, 502, 503, 504}:
        wait = retry_after(reply, now)
        busy = reply.status == 429 or wait is not None
        raise DeloUnavailable(f"HTTP {reply.status}", host, wait, status=reply.status, busy=busy)
    body = _json(reply)
    if isinstance(body, dict) and ("data" in body or "errors" in body):
        return _parse(body, operation, reply.status)
    if reply.status >= 500:
        raise DeloUnavailable(f"HTTP {reply.status}", host, retry_after(reply, now), status=reply.status)
    if reply.status != 200:
        raise UnexpectedAnswer(f"HTTP {reply.status} (graphql_endpoint)", operation, status=reply.status)
    if body is _NOT_JSON:
        raise DeloUnavailable("the answer is not JSON", host, status=reply.status)
    raise UnexpectedAnswer("JSON without data and errors", operation)


def _parse(body: Mapping[str, object], operation: str, status: int) -> GraphqlAnswer:
    data = body.get("data")
    if data is not None and not isinstance(data, dict):
        raise UnexpectedAnswer("data is no object", operation)
    listed = body.get("errors") or []
    entries = listed if isinstance(listed, list) else [listed]
    if len(entries) > MOST_ERRORS:
        # Each may say of a null that it is none.
        raise UnexpectedAnswer("too many errors", operation)
    errors = tuple(_error(entry) for entry in entries)
    if data is None and not errors:
        raise UnexpectedAnswer("neither data nor errors", operation)
    return GraphqlAnswer(data, errors, status)


def _error(entry: object) -> GraphqlError:
    if not isinstance(entry, dict):
        return GraphqlError(_cut(str(entry)))
    path = entry.get("path")
    steps = path[:LONGEST_PATH] if isinstance(path, list) else ()
    shown = tuple(step if isinstance(step, str | int) else str(step)[:LONGEST_TEXT] for step in steps)
    return GraphqlError(_cut(str(entry.get("message") or entry)), shown)


def _cut(text: str) -> str:
    """A server's text, cut before anything looks at it."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


_NOT_JSON = object()


def _json(reply: Reply) -> object:
    try:
        value = json.loads(reply.body)
        return _whole_characters(value) if b"\\u" in reply.body else value
    except (ValueError, RecursionError):
        return _NOT_JSON


def _whole_characters(value: object) -> object:
    r"""The value with a question mark for each half of a character: ``"\ud83d"`` alone is legal JSON, as a server gives
    it that cuts texts by UTF-16, but nothing can store it or send it on.
    """
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case list():
            return [_whole_characters(item) for item in value]
        case dict():
            return {key: _whole_characters(item) for key, item in value.items()}
        case _:
            return value


def answers_of(changes: Sequence[Change], answer: GraphqlAnswer) -> list[Answer]:
    """One Answer a change, in order; ``answer`` must have data."""
    errors: dict[str, GraphqlError] = {}
    for error in answer.errors:
        if error.path and isinstance(error.path[0], str):
            errors.setdefault(error.path[0], error)
    data = answer.data or {}
    return [_answer(change, data.get(alias(i)), errors.get(alias(i))) for i, change in enumerate(changes)]


def _answer(change: Change, payload: object, error: GraphqlError | None) -> Answer:
    if error is not None:
        return Answer(Outcome.FAILED, message=error.message)
    if payload is None:
        return Answer(Outcome.FAILED, message_code=NO_ANSWER)
    if not isinstance(payload, dict):
        return Answer(Outcome.FAILED, message_code=UNREADABLE)
    return _said(change, payload)


def _said(change: Change, payload: Mapping[str, object]) -> Answer:
    """What a payload says. Read as it came: sgqlc would take the text "false" for true and 1.5 for 1."""
    message, code, system = (_text(payload.get(name)) for name in ("message", "messageCode", "systemMessage"))
    if payload.get("success") is not True:
        outcome = Outcome.REFUSED if payload.get("success") is False else Outcome.FAILED
        return Answer(outcome, message, code, system)
    data = payload.get("data")
    echo = data if isinstance(data, dict) else {}
    if (echo.get("isnRefRubric"), echo.get("posStatusRub")) != (change.rubric.isn, change.target):
        return Answer(Outcome.WRONG_ECHO, _text(echo.get("posStatusRub")), code, system)
    return Answer(Outcome.UPDATED, message, code, system)


def _text(value: object) -> str | None:
    return None if value is None else _cut(str(value))
