import base64
import json
import logging
import re
from urllib.parse import quote

import pytest
from baikaldoc_pos.logs.formatters import JsonEvents, SentenceFormatter, Style
from baikaldoc_pos.logs.masking import MASK, Masker, Plain
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.logs.builders import foreign, raised, reader, record

# Asterisks could be put together from masks.
SECRETS = st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=4, max_size=24).filter(
    lambda text: len(text.strip()) >= 4 and len(text.splitlines()) == 1
)
AROUND = st.text(max_size=10)


class Printed:
    """An object of some library: only its repr tells what it holds."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"<Printed {self.text!r}>"


def nested(leaf: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    name = st.sampled_from(["status", "headers", "answer", "7"])
    return st.recursive(
        leaf,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=2)
            | inner.map(lambda value: (value,))
            | st.dictionaries(name, inner, min_size=1, max_size=2)
        ),
        max_leaves=4,
    )


def strings(value: object) -> list[str]:
    """Every string of a JSON value, names of fields included."""
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in strings(part)]
    if isinstance(value, list):
        return [text for element in value for text in strings(element)]
    return [str(value)]


@st.composite
def leaking(draw: st.DrawFn) -> tuple[str, object]:
    """A secret, and a value in which it stands somewhere."""
    secret, before, after = draw(SECRETS), draw(AROUND), draw(AROUND)
    text = f"{before}{secret}{after}"
    leaf = st.sampled_from(
        [text, text.encode(), KeyError(text), ValueError(text), Printed(text), {text: 1}, {text}, json.dumps([text])]
    )
    return secret, draw(nested(leaf))


def told(made: logging.LogRecord, secret: str) -> list[str]:
    """Every text of the record's JSON line; not what is constant in it, which a weak password may be a part of."""
    data = json.loads(JsonEvents(reader(secret)).format(made))
    return [text for name, value in data.items() if name not in ("time", "level", "event") for text in strings(value)]


def shown(made: logging.LogRecord, secret: str, style: Style) -> list[str]:
    """Every line of the record's sentence, without priority, indentation, time and level."""
    text = SentenceFormatter(reader(secret), style).format(made)
    return [re.sub(r"^(<\d>)?(  |[\d-]{10} [\d:]{8} .*?: )?", "", line) for line in text.split("\n")]


@given(leaking(), st.sampled_from(Style))
@example(("hunter2!", {"a": ("x hunter2! y",)}), Style.JOURNAL)
@example(("000'", KeyError("000'\"")), Style.JOURNAL)
def test_a_secret_in_any_field_appears_nowhere(leak: tuple[str, object], style: Style) -> None:
    secret, value = leak
    for texts in (told(record(answer=value), secret), shown(record("delo.unexpected", answer=value), secret, style)):
        assert not [text for text in texts if secret in text]
        assert [text for text in texts if MASK in text]


@given(SECRETS, AROUND, st.sampled_from([KeyError, ValueError, OSError]))
def test_a_secret_in_an_exception_or_its_cause_or_its_notes_appears_nowhere(
    secret: str, before: str, kind: type[Exception]
) -> None:
    error = kind(before + secret)
    error.__cause__ = raised(ValueError(secret))
    error.add_note(f"{secret} once more")
    made = record("cycle.failed", error=raised(error))
    other = foreign("connection to %s lost: %r", before + secret, {"key": secret})
    other.stack_info = f"Stack: f({secret!r})"
    for texts in (told(made, secret), shown(made, secret, Style.JOURNAL), told(other, secret)):
        assert not [text for text in texts if secret in text]
        assert [text for text in texts if MASK in text]


@given(SECRETS, st.text(max_size=8), st.text(max_size=8))
def test_encoded_forms_are_masked(secret: str, before: str, after: str) -> None:
    masker = Masker((secret,))
    quoted = (quote(secret, safe=""), quote(secret))
    lower = [re.sub("%..", lambda escape: escape[0].lower(), form) for form in quoted]
    for form in (*quoted, *lower, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[3:-3]):
        assert form not in masker.text(f"GET /?q={form}&x")
    whole = base64.b64encode((before + secret + after).encode()).decode()
    masked = masker.text(f"Basic {whole}")
    assert MASK in masked
    rest = masked.removeprefix("Basic ").split(MASK)
    assert sum(map(len, rest)) <= 4 * (len(before.encode()) + len(after.encode())) / 3 + 8


@pytest.mark.parametrize(
    ("text", "hidden", "kept"),
    [
        ("Set-Cookie: ASP=abc123; path=/", "abc123", "Set-Cookie"),
        ("{'Set-Cookie': 'ASP=abc123; path=/', 'Date': 'today'}", "abc123", "today"),
        ("[('set-cookie', 'ASP=abc123'), ('date', 'today')]", "abc123", "today"),
        ('{\\"Cookie\\": \\"ASP=abc123\\", \\"date\\": \\"today\\"}', "abc123", "today"),
        (r"send: b'POST / HTTP/1.1\r\nCookie: ASP=abc123\r\nHost: today'", "abc123", "today"),
        ("<RequestsCookieJar[<Cookie ASP=abc123 for today/>]>", "abc123", "today"),
        ("Authorization: Basic abc123=", "abc123", "Authorization"),
        ("proxy http://user:abc123@today:3128/ refused", "abc123", "today"),
        ("login?password=abc123&app=today", "abc123", "today"),
        ("smtp_password = abc123, today", "abc123", "today"),
        ('{"password": "abc\\"123", "app": "today"}', '123"', "today"),
        ("{'access_token': 'abc123', 'app': 'today'}", "abc123", "today"),
        ("Пароль: abc123", "abc123", "Пароль"),
    ],
)
def test_what_stands_under_a_secret_name_is_masked_without_being_configured(text: str, hidden: str, kept: str) -> None:
    masked = Masker().text(text)
    assert hidden not in masked
    assert kept in masked
    assert MASK in masked


@pytest.mark.parametrize(
    "text",
    [
        "password: пароль не задан, укажите его",
        "password_file=/etc/baikaldoc-pos/credentials/delo-password",
        "сеанс: cookie не получен",
        "Рубрика 128000001, документ 07-3/12: «Дан ответ автору» → «Отправлен ответ заявителю»",
        "https://delo.example:8443/CoreHost/gql/query",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Masker(("hunter2!", "я1")).text(text) == text


@pytest.mark.parametrize(
    ("given_fields", "shown_fields"),
    [
        *(
            ({"headers": {name: value, "status": 200}}, {"headers": {name: MASK, "status": 200}})
            for name in ("Set-Cookie", "Cookie", "authorization", "password", "smtpPassword", "access_token")
            for value in ("abc123", ["abc123"], {"a": "abc123"}, 123123)
        ),
        ({"headers": [["Set-Cookie", "a=1"], ["Date", "x"]]}, {"headers": [["Set-Cookie", MASK], ["Date", "x"]]}),
        ({"password_file": "/etc/x", "password": None, "tokens_seen": 5}, ...),
        ({"pin": 12345, "isn": 128123456, "on": True}, {"pin": MASK, "isn": 128123456, "on": True}),
        (
            {"text": "яб, вяб, «яб» ябв"},
            {"text": f"{MASK}, вяб, «{MASK}» ябв"},
        ),  # so short, it is a secret as a word only
    ],
)
def test_fields(given_fields: dict[str, Plain], shown_fields: dict[str, Plain]) -> None:
    expected = given_fields if shown_fields is ... else shown_fields
    assert Masker(("12345", "яб", "", " ", "\n")).fields(given_fields) == expected


def test_a_weak_password_does_not_spoil_the_ids_of_events() -> None:
    data = json.loads(JsonEvents(reader("service")).format(record("service.stopped", answer="service")))
    assert (data["event"], data["answer"]) == ("service.stopped", MASK)
