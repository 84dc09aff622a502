"""Takes secrets out of texts and values: every configured one, and whatever stands under a name such as ``Cookie``.

Works on plain values (:mod:`baikaldoc_pos.logs.plain`); may not know of records, files or formats.
"""

import re
from collections.abc import Iterable, Mapping

from baikaldoc_pos.logs.plain import Plain
from baikaldoc_pos.logs.secret_forms import pattern_of

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
_BARE = r"""[^\s,;&'")\]}]+"""
_IN_TEXT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # To the end of the line, which may be a written-out \r\n.
        rf"(?P<kept>(?:{_HEADERS}){_SEPARATOR})(?:{_QUOTED}|(?:(?!\\[rn])[^\r\n])+)",
        rf"(?P<kept>(?:{_WORDS}){_SEPARATOR}){_QUOTED}",
        # Without quotes, one word; after a colon only where nothing follows, since "password: is missing" is prose.
        rf"(?P<kept>(?:{_WORDS})(?:{_QUOTE})?\s*=[ \t]*){_BARE}",
        rf"(?P<kept>(?:{_WORDS})(?:{_QUOTE})?\s*:[ \t]*){_BARE}(?=[ \t]*(?:$|[,;&)\]}}\n]))",
        # http.cookiejar's repr.
        r"(?P<kept><Cookie\s+[^=\s>]+=)[^\n]*?(?=\s+for\s|>|\n|$)",
        # The password of a URL's user.
        r"(?P<kept>://[^/\s:@]*:)[^/\s@]+(?=@)",
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
