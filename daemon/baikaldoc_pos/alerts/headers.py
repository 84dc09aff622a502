"""How headers of a mail are written where they are not ASCII.

EmailMessage's own way loses spaces between encoded words in Python 3.11 and early 3.12: one becomes the white space by
which a line is folded, and no reader shows that. The older ``email.header`` keeps each space inside a word.
"""

from email.header import Header
from email.policy import SMTP, EmailPolicy


class MailPolicy(EmailPolicy):
    """As ``email.policy.SMTP`` but for that. What is ASCII at the beginning of a header stays legible."""

    def fold(self, name: str, value: str) -> str:
        text = str(value)
        if text.isascii():
            return str(super().fold(name, value))
        words = text.split(" ")
        first = next(place for place, word in enumerate(words) if not word.isascii())
        header = Header(" ".join(words[:first]) or None, "us-ascii", header_name=name)
        header.append(" ".join(words[first:]), "utf-8")
        return f"{name}: {header.encode(linesep=self.linesep)}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii", "surrogateescape")


MAIL = MailPolicy(linesep=SMTP.linesep)
