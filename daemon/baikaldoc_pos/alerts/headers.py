"""How the headers of a mail that are text are written.

EmailMessage's own way loses spaces between encoded words in Python 3.11 and early 3.12: one becomes the white space by
which a line is folded, and no reader shows that. It also leaves the first line of a long one empty. The older
``email.header`` does neither.
"""

from email.header import Header
from email.policy import SMTP, EmailPolicy
from itertools import takewhile

# The headers that are text for people; all others have a syntax of their own.
TEXTS = frozenset({"subject", "x-baikaldoc-pos-host", "x-baikaldoc-pos-service"})


class MailPolicy(EmailPolicy):
    """As ``email.policy.SMTP`` but for that. What is ASCII at the beginning of a header stays legible."""

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
