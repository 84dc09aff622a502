"""What may leave the house in a mail: text on one line, of bounded length, without secrets, and of other people's
words only those that are known to be harmless.

ДЕЛО's answers are kept in full in the journal; a mail shows them only as a hint. No list of what names look like is
ever complete, so there is one of what error messages are made of (``vocabulary``). What else there is becomes «…»:
names, addresses, numbers of more than three digits, be they written with gaps or without.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from attrs import evolve, frozen

from baikaldoc_pos.alerts.vocabulary import WORDS

GAP = "…"
MOST_CHARACTERS = 300
_MOST_DIGITS = 3

_PUNCTUATION = frozenset(" !\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~«»„“”‘’–—…№·•→")
_PIECE = re.compile(r"\w+|\W")
_DIGITS = re.compile(r"[0-9]+")
# The parts of AccessDeniedException, isnRefRubric, ERR_LOCKED, utf8.
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# What a mail server's answer begins with (RFC 5321, 3463).
_REPLY_CODE = re.compile(r"[245][0-9]{2}(?:[ -][245]\.[0-9]{1,2}\.[0-9]{1,2})?(?![0-9.]|\W*[0-9])")


def one_line(value: object, limit: int = MOST_CHARACTERS) -> str:
    """A value as printable text on one line, of at most so many characters."""
    text = str(value)
    if len(text) > limit * 4:  # what is huge is cut before it is looked at letter by letter
        text = text[: limit * 4]
    plain = "".join(character if _is_plain(character) else " " for character in text)
    plain = " ".join(plain.split())
    return plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"


def _is_plain(character: str) -> bool:
    # Control, format (right-to-left marks), surrogate, private and unassigned characters; line and paragraph ends.
    return unicodedata.category(character)[0] != "C" and unicodedata.category(character) not in {"Zl", "Zp"}


@frozen
class _Piece:
    """A run of letters and digits, or a single other character.

    :param shown: it may leave the house.
    """

    text: str
    shown: bool

    @property
    def is_word(self) -> bool:
        return self.text not in _PUNCTUATION

    @property
    def is_number(self) -> bool:
        return _DIGITS.fullmatch(self.text) is not None


def known_words(text: str) -> str:
    """The text with whatever is not known to be harmless replaced."""
    code = _REPLY_CODE.match(text)
    begun = code.group() if code is not None else ""
    pieces = [_Piece(piece, _is_harmless(piece)) for piece in _PIECE.findall(text[len(begun) :])]
    pieces = _judge_initials(_judge_numbers(pieces))
    return begun + "".join(_with_gaps(pieces))


def _is_harmless(piece: str) -> bool:
    if piece in _PUNCTUATION or piece.casefold().replace("ё", "е") in WORDS:
        return True
    if not piece.isascii():
        return False
    parts = _PARTS.findall(piece)
    digits = sum(len(part) for part in parts if part.isdigit())
    # A number by itself, or a name that is made of words; "_" is all else that there is in it.
    return digits <= _MOST_DIGITS and all(part.isdigit() or part.lower() in WORDS for part in parts)


def _judge_numbers(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Numbers with only punctuation between them are one; and a number is worth as much as the word beside it."""
    judged: list[_Piece] = []
    for position, piece in enumerate(pieces):
        shown = piece.shown
        if piece.is_number:
            run = _run_of_numbers(pieces, position)
            digits = sum(len(pieces[each].text) for each in run if pieces[each].is_number)
            beside = _word(pieces, run[0] - 1, -1) or _word(pieces, run[-1] + 1, 1)
            shown = digits <= _MOST_DIGITS and (beside is None or beside.shown)
        judged.append(evolve(piece, shown=shown))
    return judged


def _run_of_numbers(pieces: Sequence[_Piece], position: int) -> range:
    first = last = position
    while first > 0 and not _is_other_word(pieces[first - 1]):
        first -= 1
    while last + 1 < len(pieces) and not _is_other_word(pieces[last + 1]):
        last += 1
    return range(first, last + 1)


def _is_other_word(piece: _Piece) -> bool:
    return piece.is_word and not piece.is_number


def _word(pieces: Sequence[_Piece], position: int, step: int) -> _Piece | None:
    """The next word from there on in that direction."""
    while 0 <= position < len(pieces):
        if pieces[position].is_word:
            return pieces[position]
        position += step
    return None


def _judge_initials(pieces: Sequence[_Piece]) -> list[_Piece]:
    """A single capital is an initial where a full stop follows or a hidden word is beside it: «И. С. …»."""
    judged = list(pieces)
    for order in (range(len(judged)), range(len(judged) - 1, -1, -1)):
        for position in order:
            piece = judged[position]
            if piece.shown and len(piece.text) == 1 and piece.text.isupper():
                stop = position + 1 < len(judged) and judged[position + 1].text == "."
                beside = (_word(judged, position - 1, -1), _word(judged, position + 1, 1))
                if stop or any(word is not None and not word.shown for word in beside):
                    judged[position] = evolve(piece, shown=False)
    return judged


def _with_gaps(pieces: Sequence[_Piece]) -> Iterator[str]:
    """The text; what is hidden is one gap as far as only punctuation is in between."""
    hidden, between = False, ""
    for piece in pieces:
        if not piece.is_word:
            between += piece.text
        elif piece.shown:
            yield between + piece.text
            hidden, between = False, ""
        else:
            if not hidden:
                yield between + GAP
            hidden, between = True, ""
    yield between


def foreign_words(value: object, mask_secrets: Callable[[str], str], limit: int = MOST_CHARACTERS) -> str:
    """What ДЕЛО or a mail server said, as a mail may show it."""
    # Secrets and names first: a cut through the middle of one would hide it.
    whole = unicodedata.normalize("NFC", one_line(value, limit * 4))
    return one_line(known_words(mask_secrets(whole)), limit)
