"""What may leave the house in a mail: text on one line, of bounded length, without secrets, and of other people's
words without what looks like a person.

ДЕЛО's answers are kept in full in the journal; a mail shows them only as a hint. So the rules err on the safe side: a
word in capitals in mid-sentence goes, be it a name or not. What no rule can know is a surname that looks like
any other word at the beginning of a sentence.
"""

import re
import unicodedata
from collections.abc import Callable

MASK = "***"
MOST_CHARACTERS = 300

_NAME = r"[А-ЯЁ][А-ЯЁа-яё]+(?:-[А-ЯЁ][А-ЯЁа-яё]+)?"
_TITLE = r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?"
_INITIALS = r"\b[А-ЯЁ]\.(?:\s?[А-ЯЁ]\.)?"
_WHO = r"граждан\w*|заявител\w*|автор\w*|корреспондент\w*|адресат\w*|пользовател\w*|сотрудни\w*|исполнител\w*|фио"
_PATRONYMIC = r"(?:ович|евич|ьич|овн|евн|ичн)[а-яё]{0,2}"
_SURNAME = r"(?:ов|ев|ёв|ин|ын)(?:а|у|ым|ой|ы|е)?|(?:ск|цк)(?:ий|ая|ого|ой|ому|им|ую)|енко|дзе|швили|оглы|кызы"
_NO_SURNAMES = r"(?:Причина|Снова|Один|Основа|Машина|Половина|Величина)\b"

_PEOPLE = tuple(
    re.compile(pattern)
    for pattern in (
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
        r"(?:\+7|\b8)[\s(-]*\d{3}[\s)-]*\d{3}[\s-]?\d{2}[\s-]?\d{2}\b",  # a telephone
        r"\b\d{3}-\d{3}-\d{3}[ -]?\d{2}\b",  # a social insurance number (СНИЛС)
        rf"(?i:\b(?:{_WHO})\b)\W{{1,3}}(?:{_NAME}|{_INITIALS})(?:\s+(?:{_NAME}|{_INITIALS}))*",
        rf"(?:\b{_NAME}\s+)?{_INITIALS}\s?(?:{_NAME})?",
        rf"\b{_TITLE}(?:\s+{_TITLE})+",
        r"(?:\b[А-ЯЁ]{2,}\s+)*\b[А-ЯЁ]+(?:ОВИЧ|ЕВИЧ|ЬИЧ|ОВН|ЕВН|ИЧН)[А-ЯЁ]{0,2}(?:\s+[А-ЯЁ]{2,}\b)*",
        rf"\b[А-ЯЁ][а-яё]*{_PATRONYMIC}\b",
        rf"(?<=[\wа-яё,)»] ){_TITLE}",
        rf"\b(?!{_NO_SURNAMES})[А-ЯЁ][а-яё]+(?:{_SURNAME})\b",
    )
)


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


def without_people(text: str) -> str:
    """The text with whatever looks like a person's name, address or number replaced."""
    for pattern in _PEOPLE:
        text = pattern.sub(MASK, text)
    return text


def foreign_words(value: object, mask_secrets: Callable[[str], str], limit: int = MOST_CHARACTERS) -> str:
    """What ДЕЛО or a mail server said, as a mail may show it."""
    # Secrets and names first: a cut through the middle of one would hide it from the patterns.
    whole = one_line(value, limit * 4)
    return one_line(without_people(mask_secrets(whole)), limit)
