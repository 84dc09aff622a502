"""What a reply means: whatever comes, it is data, a request to sign in again, or a typed error."""

import json

import pytest
from baikaldoc_pos.delo.responses import MAX_RETRY_AFTER, GraphqlAnswer, graphql_answer, retry_after, signed_out
from baikaldoc_pos.errors import DeloUnavailable, UnexpectedAnswer
from hypothesis import example, given
from hypothesis import strategies as st

from tests.clocks import NOW
from tests.unit.delo.builders import JSON_VALUES, reply

LOGIN_PAGE = b"\n<!DOCTYPE html><title>\xd0\x92\xd1\x85\xd0\xbe\xd0\xb4</title>"
HOST = "delo:443"


def answer(*arguments: object, **headers: str) -> GraphqlAnswer:
    return graphql_answer(reply(*arguments, **headers), "PendingRubrics", HOST, NOW)


def coded(code: str, *path: str) -> dict[str, object]:
    return {"message": "?", "path": list(path), "extensions": {"code": code}}


@pytest.mark.parametrize(
    ("given_reply", "sign"),
    [
        (reply(434), "HTTP 434"),
        (reply(401), "HTTP 401"),
        (reply(403, {"errors": []}), "HTTP 403"),
        (reply(302, Location="/CoreHost/auth/login?ReturnUrl=%2F"), "HTTP 302 → login"),
        (reply(307, location="https://sso.example.org/Login"), "HTTP 307 → login"),
        (reply(200, LOGIN_PAGE, "text/html; charset=utf-8"), "HTML"),
        (reply(200, LOGIN_PAGE), "HTML"),
        (reply(200, b"", "Text/HTML"), "HTML"),
        (reply(500, {"errors": [{"message": "403 (Forbidden)"}]}), "«403»"),
        (reply(200, {"data": None, "errors": [coded("AUTH_NOT_AUTHORIZED")]}), "AUTH_NOT_AUTHORIZED"),
        (reply(200, {"data": {"r0": None}, "errors": [coded("AUTH_NOT_AUTHORIZED", "r0")]}), "AUTH_NOT_AUTHORIZED"),
    ],
)
def test_signs_of_being_signed_out(given_reply, sign):
    assert signed_out(given_reply) == sign


@pytest.mark.parametrize(
    "given_reply",
    [
        reply(200, {"data": {"login": "<html>"}}),
        reply(200, b""),
        reply(302, Location="/CoreHost/gql/query/"),
        reply(302),
        reply(400, {"errors": [{"message": "login"}]}),
        # One record's own.
        reply(200, {"errors": [{"message": "Объект 403 занят", "path": ["r1"]}]}),
        reply(200, {"data": {"r0": {}, "r1": None}, "errors": [coded("AUTH_NOT_AUTHORIZED", "r1")]}),
        reply(429),
        # An error page of a server that is down is an outage: signing in would not help.
        reply(502, LOGIN_PAGE, "text/html"),
        reply(500, LOGIN_PAGE, "text/html"),
    ],
)
def test_no_sign_of_being_signed_out(given_reply):
    assert signed_out(given_reply) is None


DATE_LIKE = st.from_regex(
    r"(Mon, )?[0-9]{1,22} (Jan|Feb|Foo) [0-9]{1,22} [0-9]{1,22}:[0-9]{1,3}:[0-9]{1,3} [+-]?([0-9]{1,22}|GMT)",
    fullmatch=True,
)


@given(st.text(max_size=40) | DATE_LIKE)
@example("Mon, 01 Jan 99999999999999 00:00:00 GMT")
@example("Mon, 01 Jan 2026 00:00:00 +99999999999999999999")
@example("Mon, 01 Jan 0001 00:00:00 +2300")
@example("-5")
@example("1.5")
@example("²")
def test_retry_after_is_usable_or_none(value):
    seconds = retry_after(reply(429, Retry_After=value), NOW)
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER


STATUSES = st.sampled_from([200, 201, 204, 302, 400, 404, 413, 415, 429, 500, 501, 502, 503, 504])
BODIES = JSON_VALUES | st.fixed_dictionaries(
    {},
    optional={
        "data": JSON_VALUES,
        "errors": JSON_VALUES
        | st.lists(st.fixed_dictionaries({"message": JSON_VALUES, "path": JSON_VALUES}), max_size=3),
    },
)


@given(STATUSES, BODIES | st.binary(max_size=60))
@example(200, b"[" * 100_000)
@example(200, b'{"data":' * 50_000)
@example(200, b"9" * 5000)
@example(200, '{"errors": [{"message": "Запись"}]}'.encode("cp1251"))
def test_whatever_comes_is_an_answer_or_a_typed_error(status, body):
    try:
        got = answer(status, body)
    except (DeloUnavailable, UnexpectedAnswer):
        return
    assert got.data is not None or got.errors
    assert isinstance(got.words, str)
    body = json.loads(body) if isinstance(body, bytes) else body
    assert got.data == json.loads(json.dumps(body)).get("data") or "NaN" in json.dumps(body)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"", DeloUnavailable),
        (200, b'{"data": {"arRubricValuesPg": ', DeloUnavailable),  # truncated
        (500, LOGIN_PAGE, DeloUnavailable),
        (200, [], UnexpectedAnswer),
        (200, None, UnexpectedAnswer),
        (200, {}, UnexpectedAnswer),
        (200, {"data": None}, UnexpectedAnswer),
        (200, {"data": []}, UnexpectedAnswer),
        (200, {"data": None, "errors": []}, UnexpectedAnswer),
        (404, b"Not Found", UnexpectedAnswer),
        (302, b"", UnexpectedAnswer),
        (413, LOGIN_PAGE, UnexpectedAnswer),
    ],
)
def test_what_is_no_answer(status, body, kind):
    with pytest.raises(kind):
        answer(status, body)
