"""A request as it was received, and the answer to it, before anything goes wrong on the wire."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Any, Self
from urllib.parse import urlsplit

from attrs import field, frozen

from tests.delo_server.documents import describe

BASE = "/CoreHost"
LOGIN = f"{BASE}/identity/api/login"
LOGOUT = f"{BASE}/identity/api/logout"
GRAPHQL = f"{BASE}/gql/query"
LOGIN_PAGE = f"{BASE}/auth/login"
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"

_KINDS = {path.lower(): kind for path, kind in ((LOGIN, "login"), (LOGOUT, "logout"), (GRAPHQL, "query"))}


@frozen
class Request:
    """One request.

    :param kind: ``login``, ``logout``, ``query`` or ``other`` (the login page, an unknown path).
    :param operation: the operation's name, from ``operationName`` or else from the document.
    :param is_mutation: whether the document's operation is a mutation.
    :param payload: the parsed JSON body, None where it is not JSON.
    """

    kind: str
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    payload: Any = field(repr=False)
    operation: str | None
    is_mutation: bool
    at: datetime = field(factory=lambda: datetime.now(UTC))

    @classmethod
    def received(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Self:
        path = urlsplit(target).path
        kind = _KINDS.get(path.lower().rstrip("/"), "other") if method == "POST" else "other"
        try:
            payload = json.loads(body) if body else None
        except ValueError:
            payload = None
        operation, is_mutation = None, False
        if kind == "query" and isinstance(payload, dict):
            operation, is_mutation = describe(payload.get("query"), payload.get("operationName"))
        # Names in lower case: they are compared without case in HTTP.
        named = {name.lower(): value for name, value in headers.items()}
        return cls(kind, method, path, named, body, payload, operation, is_mutation)

    @property
    def document(self) -> str | None:
        """The text of the GraphQL document."""
        text = self.payload.get("query") if isinstance(self.payload, dict) else None
        return text if isinstance(text, str) else None

    @property
    def variables(self) -> dict[str, Any]:
        """The variables, empty where there are none."""
        values = self.payload.get("variables") if isinstance(self.payload, dict) else None
        return values if isinstance(values, dict) else {}

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that came with it."""
        return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("cookie", "")).items()}


@frozen
class Answer:
    """What is to be sent."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_json(cls, value: object, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Self:
        # Half a character, as of a text that was cut by UTF-16, stands as \\ud83d, which is JSON's form, too.
        return cls(status, json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace"), JSON, headers)

    @classmethod
    def of_html(cls, title: str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Self:
        page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
        return cls(status, page.encode(), HTML, headers)

    def head(self, *framing: tuple[str, str]) -> bytes:
        """The status line and the headers, ``framing`` (Content-Length or its like) among them."""
        phrase = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else "Sign In Again"
        named = [("Content-Type", self.content_type)]
        if "Date" not in dict(self.headers):
            named.append(("Date", format_datetime(datetime.now(UTC), usegmt=True)))
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{k}: {v}" for k, v in (*named, *self.headers, *framing))]
        return "\r\n".join((*lines, "", "")).encode("latin-1")
