"""Takes secrets out of values: every configured one, and whatever stands under a name such as ``Cookie``.

A value is made plain first; it may not know of records, files or formats.
"""

import base64
import html
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import TypeAlias
from urllib.parse import quote, quote_plus

import attrs
from pythonjsonlogger import defaults

Plain: TypeAlias = "str | int | float | bool | datetime | list[Plain] | dict[str, Plain] | None"

_DEPTH = 8
_TOO_DEEP = "…"


def plain(value: object, depth: int = _DEPTH) -> Plain:
    """Enums by their values, durations in seconds, attrs classes by the fields that their repr shows, and so on.

    What nests deeper than eight levels, itself included, is cut off.
    """
    if isinstance(value, list | tuple | Set | Mapping) or attrs.has(type(value)):
        return _container(value, depth - 1) if depth else _TOO_DEEP
    if isinstance(value, Enum):
        return plain(value.value, depth - 1) if depth else _TOO_DEEP
    return _scalar(value)


def plain_fields(fields: Mapping[str, object]) -> dict[str, Plain]:
    """A record's fields."""
    return {_text(name): plain(value) for name, value in fields.items()}


def _container(value: object, depth: int) -> Plain:
    match value:
        case Mapping():
            return {_text(key): plain(element, depth) for key, element in list(value.items())}
        case list() | tuple():
            return [plain(element, depth) for element in value]
        case Set():
            return sorted((plain(element, depth) for element in value), key=str)
        case _:
            cls = type(value)
            shown = [field.name for field in attrs.fields(cls) if field.repr] if attrs.has(cls) else []
            return {name: plain(getattr(value, name, None), depth) for name in shown}


def _scalar(value: object) -> Plain:
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case datetime():
            return value
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case BaseException():
            return f"{type(value).__name__}: {_text(value)}"
        case bytes() | bytearray():
            return bytes(value).decode("utf-8", "backslashreplace")
        case _:
            return _text(value)


def _text(value: object) -> str:
    """As it prints itself, even where printing itself fails."""
    return str.__str__(value) if isinstance(value, str) else defaults.unknown_default(value)


SHORT = 4
"""A secret of fewer characters is looked for as a whole token only, or half of every text would be masked."""

_NOTHING = re.compile(r"(?!)")


def pattern_of(secrets: Iterable[str]) -> re.Pattern[str]:
    """What finds each of the secrets in each of its forms, the longest first; blank secrets are none."""
    known = {part for secret in secrets for part in (secret, *secret.splitlines()) if part.strip()}
    literal: set[str] = set()
    encoded: set[str] = set()
    for secret in known:
        forms = {form for once in _escaped(secret) for form in _escaped(once)}
        literal |= forms
        if len(secret) >= SHORT:
            encoded |= set(_base64_fragments(secret))
    if not literal:
        return _NOTHING
    expressions = [_expression(form) for form in sorted(literal, key=lambda form: (-len(form), form))]
    # The characters at a fragment's ends hold bits of the secret and of its neighbours.
    expressions += [rf"[\w+/-]{{0,2}}{re.escape(fragment)}[\w+/=-]{{0,3}}" for fragment in sorted(encoded)]
    return re.compile("|".join(expressions))


def _expression(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= SHORT else rf"(?<!\w){escaped}(?!\w)"


def _escaped(secret: str) -> Iterator[str]:
    """The secret, and as each way of escaping writes it."""
    octets = secret.encode("utf-8", "surrogatepass")
    yield secret
    for url in (quote(octets, safe=""), quote(octets), quote_plus(octets)):
        yield url
        yield re.sub("%..", lambda escape: escape.group().lower(), url)
    for ascii_only in (True, False):
        yield json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
    yield json.dumps(secret)[1:-1].replace("/", r"\/")
    yield repr(secret)[1:-1]
    yield ascii(secret)[1:-1]
    yield repr(octets)[2:-1]
    # Python escapes a single quote only where there is a double one, too, perhaps outside the secret.
    yield repr(f'"{secret}')[2:-1]
    yield ascii(f'"{secret}')[2:-1]
    yield repr(b'"' + octets)[3:-1]
    yield html.escape(secret)


def _base64_fragments(secret: str) -> Iterator[str]:
    """The characters of Base64 that the secret alone decides, wherever it stands in a text (``user:password``)."""
    octets = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        text = base64.b64encode(bytes(before) + octets).decode()
        fragment = text[-(-8 * before // 6) : 8 * (before + len(octets)) // 6]
        yield fragment
        yield fragment.translate({ord("+"): "-", ord("/"): "_"})


MASK = "***"

_HEADERS = r"set[-_]cookie2?|cookies?|(?:proxy[-_])?authorization"
_WORDS = r"password|passwd|pwd|passphrase|secret|token|api[-_]?key|пароль"
# A field's name is normalised to snake case first; ``password_file`` and the like are no secrets.
_NAME = re.compile(rf"(?:.*_)?(?:{_HEADERS}|{_WORDS})")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# A quote may itself be escaped, where JSON or Python's repr stand within a text. A value in quotes ends with the same
# quote or with the line. Over-long is safe, too short is not.
_QUOTE = r"""\\*["']"""
_QUOTED = rf"""[bBrRuU]?(?P<quote>{_QUOTE})(?:[^\n]*?(?<!\\)(?P=quote)|[^\n]*)"""
_SEPARATOR = rf"(?:{_QUOTE}\s*[:=,]|\s*[:=])[ \t]*"
_BARE_CHARACTER = r"""[^\s,;&'")\]}]"""
# A word that is longer is no prose. Possessive: text of a server must not drive the pattern back and forth.
_LONGEST_WORD = 200
_IN_TEXT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # To the end of the line, which may be a written-out \r\n.
        rf"(?P<kept>(?:{_HEADERS}){_SEPARATOR})(?:{_QUOTED}|(?:(?!\\[rn])[^\r\n])+)",
        rf"(?P<kept>(?:{_WORDS}){_SEPARATOR}){_QUOTED}",
        # Without quotes, one word; after a colon only where nothing follows, since "password: is missing" is prose.
        rf"(?P<kept>(?:{_WORDS})(?:{_QUOTE})?\s*=[ \t]*+){_BARE_CHARACTER}++",
        rf"(?P<kept>(?:{_WORDS})(?:{_QUOTE})?\s*:[ \t]*+)"
        rf"(?:{_BARE_CHARACTER}{{1,{_LONGEST_WORD}}}+(?=[ \t]*+(?:$|[,;&)\]}}\n]))"
        rf"|{_BARE_CHARACTER}{{{_LONGEST_WORD},}}+)",
        # http.cookiejar's repr.
        r"(?P<kept><Cookie\s++[^=\s>]++=)[^\n]*?(?=\sfor\s|>|\n|$)",
        # The password of a URL's user.
        r"(?P<kept>://[^/\s:@]*+:)[^/\s@]++(?=@)",
    )
)


class Masker:
    """Replaces secrets with ``***``. Immutable: other secrets make another masker."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = frozenset(secrets)
        self._pattern = pattern_of(self._secrets)

    def with_secrets(self, secrets: Iterable[str]) -> "Masker":
        """A masker for these secrets too. Old ones stay masked: what began with them may not be over yet."""
        together = self._secrets | frozenset(secrets)
        return self if together == self._secrets else Masker(together)

    def text(self, text: str) -> str:
        """The text without secrets."""
        masked = self._pattern.sub(MASK, text)
        for pattern in _IN_TEXT:
            masked = pattern.sub(rf"\g<kept>{MASK}", masked)
        return masked

    def fields(self, fields: Mapping[str, Plain]) -> dict[str, Plain]:
        """The fields without secrets, in their names as in their values."""
        return {self._pattern.sub(MASK, name): self._named(name, value) for name, value in fields.items()}

    def _named(self, name: str, value: Plain) -> Plain:
        """A value under its name: empty ones may be seen, they tell what is missing."""
        if value not in (None, "") and not isinstance(value, bool) and _is_secret_name(name):
            return MASK
        return self._value(value)

    def _value(self, value: Plain) -> Plain:
        match value:
            case str():
                return self.text(value)
            case dict():
                return self.fields(value)
            case [str() as name, second] if _is_secret_name(name):  # a header as a pair
                return [name, self._named(name, second)]
            case list():
                return [self._value(element) for element in value]
            case int() | float() if not isinstance(value, bool) and self._pattern.fullmatch(str(value)):
                return MASK
            case _:
                return value


def _is_secret_name(name: str) -> bool:
    return _NAME.fullmatch(_CAMEL.sub("_", name).replace("-", "_").lower()) is not None
