"""Texts that look alike and are not the same: a letter of another alphabet, another space, a hidden character, case.

A «Статус ССТУ» that differs from a key of the mapping only so is unmapped, and nobody sees why.
"""

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

LATIN, CYRILLIC = "ABCEHKMOPTXYabcehkmoptxy", "АВСЕНКМОРТХУавсенкмортху"
TO_CYRILLIC = str.maketrans(LATIN, CYRILLIC)
# Typographic dashes.
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
_SHOWN_ALIKE = TO_CYRILLIC | DASHES | {ord("i"): "і"}
# Characters; comparing takes the square of them.
MOST_COMPARED = 500
_LETTERS = re.compile(r"[^\W\d_]+")


@lru_cache(1024)
def skeleton(text: str) -> str:
    """What is left when everything is taken away that one does not see."""
    shown = "".join(
        character for character in unicodedata.normalize("NFKC", text) if unicodedata.category(character) != "Cf"
    )
    return " ".join(shown.casefold().translate(_SHOWN_ALIKE).split())


def lookalike(text: str, known: Iterable[str]) -> str | None:
    """The first of the known texts that this one looks like without being it."""
    wanted = skeleton(text)
    return next((each for each in known if each != text and skeleton(each) == wanted), None)


def differences(text: str, other: str) -> str:
    """The characters of a text that the other one does not have there, by their Unicode names."""
    text, other = text[:MOST_COMPARED], other[:MOST_COMPARED]
    matching = SequenceMatcher(None, text, other, autojunk=False).get_opcodes()
    parts = [(text[i:j], other[k:m]) for kind, i, j, k, m in matching if kind != "equal"]
    return "; ".join(f"{_named(one)} ≠ {_named(two)}" for one, two in parts)


def likeness(text: str, known: Iterable[str]) -> dict[str, str] | None:
    """The known text that this one looks like, and what differs, as fields of a sentence; None where there is none."""
    alike = lookalike(text, known)
    return None if alike is None else {"known": alike, "differences": differences(text, alike)}


def foreign_letters(text: str) -> str:
    """The Latin letters in words that are Cyrillic otherwise, by their Unicode names; "" where there are none."""
    mixed = [
        word for word in _LETTERS.findall(text) if len({unicodedata.name(each, "?").split()[0] for each in word}) > 1
    ]
    found = dict.fromkeys(each for word in mixed for each in word if unicodedata.name(each, "?").startswith("LATIN"))
    return _named("".join(found)) if found else ""


def _named(characters: str) -> str:
    return ", ".join(f"U+{ord(each):04X} {unicodedata.name(each, '?')}" for each in characters) or "∅"
