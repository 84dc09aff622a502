"""In which spellings a secret may turn up in a text: as it is, quoted for a URL, escaped by JSON, Python or HTML, in
Base64. May not know where the secrets come from."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

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
