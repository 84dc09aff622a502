"""A mail as the message that goes onto the wire: headers, encoding, Message-ID.

EmailMessage's own folding loses spaces between encoded words in Python 3.11 and early 3.12, and leaves the first line
of a long header empty. The older ``email.header`` does neither.
"""

import unicodedata
from collections.abc import Sequence
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, formataddr
from itertools import takewhile
from uuid import uuid4

from baikaldoc_pos.journal import Mail

PRODUCT = "baikaldoc-pos"
# The headers that are text for people; all others have a syntax of their own.
TEXTS = frozenset({"subject", "x-baikaldoc-pos-host", "x-baikaldoc-pos-service"})


class MailPolicy(EmailPolicy):
    """``email.policy.SMTP`` with that folding. ASCII words at the beginning of a header stay legible."""

    def fold(self, name: str, value: str) -> str:
        if name.lower() not in TEXTS:
            return str(super().fold(name, value))
        words = str(value).split(" ")
        ascii_words = list(takewhile(str.isascii, words))
        header = Header(" ".join(ascii_words) or None, "us-ascii", header_name=name)
        if others := words[len(ascii_words) :]:
            header.append(" ".join(others), "utf-8")
        return f"{name}: {header.encode(linesep=self.linesep)}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii", "surrogateescape")


MAIL = MailPolicy(linesep=SMTP.linesep)


def message_id(host: str) -> str:
    """A unique Message-ID."""
    domain = "".join(
        character for character in host if character.isascii() and (character.isalnum() or character in ".-")
    )
    # Short enough for one line of a header: not every client puts a folded one together again.
    return f"<{uuid4().hex[:24]}@{domain[:30].strip('.-') or 'localhost'}>"


def message(letter: Mail, sender: str, recipients: Sequence[str]) -> bytes:
    """The mail as it goes onto the wire, lines ending in CRLF, seven bits a byte."""
    mail = EmailMessage(policy=MAIL)
    mail["From"] = formataddr((PRODUCT, sender))
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(letter.written_at)
    mail["Message-ID"] = letter.message_id
    for name, value in letter.headers.items():
        mail[name] = value
    mail.set_content(letter.text, cte="base64")
    mail.add_alternative(letter.html, subtype="html", cte="base64")
    return mail.as_bytes()


def unencoded(value: str) -> str:
    """Break up encoded words (RFC 2047), which may hold anything, ends of lines too."""
    return value.replace("=?", "= ?").replace("?=", "? =")


def one_line(value: object, limit: int = 300) -> str:
    """A value as printable text on one line, of at most so many characters."""
    text = str(value)
    text = text[: limit * 4]  # before it is looked at letter by letter
    plain = "".join(character if _is_plain(character) else " " for character in text)
    plain = " ".join(plain.split())
    return plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"


def _is_plain(character: str) -> bool:
    # Control, format (right-to-left marks), surrogate, private and unassigned characters; line and paragraph ends.
    return unicodedata.category(character)[0] != "C" and unicodedata.category(character) not in {"Zl", "Zp"}
