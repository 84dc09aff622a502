"""What every request has to pass and every answer carries, whatever the page behind it: WSGI middleware."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from attrs import frozen

from baikaldoc_pos.monitoring.hosts import Hosts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

METHODS = ("GET", "HEAD")
LONGEST_QUERY = 4000  # bytes of a query string: 100 characters of any script, and what is only a little too long


@frozen
class Guard:
    """Refuses foreign hosts, other methods and long queries; puts the security headers on every answer.

    :param style: the hash of the only style sheet that a page may have, as a CSP source.
    """

    application: "WSGIApplication"
    hosts: Hosts
    style: str

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        headers = self._headers()

        def start(status, given, *rest):  # type: ignore[no-untyped-def]
            return start_response(status, [*given, *headers], *rest)

        refusal = self._refusal(environ)
        if refusal is None:
            return self.application({**environ, "PATH_INFO": _whole(environ.get("PATH_INFO", ""))}, start)
        status, more = refusal
        body = f"{status.phrase}\n".encode()
        plain = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *more]
        start_response(f"{status.value} {status.phrase}", [*plain, *headers])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def _refusal(self, environ: "WSGIEnvironment") -> tuple[HTTPStatus, list[tuple[str, str]]] | None:
        if not self.hosts.accept(environ.get("HTTP_HOST", "")):
            return HTTPStatus.MISDIRECTED_REQUEST, []
        if environ["REQUEST_METHOD"] not in METHODS:
            return HTTPStatus.METHOD_NOT_ALLOWED, [("Allow", ", ".join(METHODS))]
        if len(environ.get("QUERY_STRING", "")) > LONGEST_QUERY:
            return HTTPStatus.REQUEST_URI_TOO_LONG, []
        return None

    def _headers(self) -> list[tuple[str, str]]:
        policy = (
            "default-src 'none'",
            f"style-src '{self.style}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
        return [
            ("Content-Security-Policy", "; ".join(policy)),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ]


def _whole(path: str) -> str:
    """WSGI's path with what is no UTF-8 marked in it: bottle would leave that out, and find another page."""
    return path.encode("latin-1").decode("utf-8", "replace").encode("utf-8").decode("latin-1")
