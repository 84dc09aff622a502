"""Faults and notices of a configuration: a place, the id of a sentence, its fields.

The catalogue holds the sentences, which say what is wrong and what to do. An issue holds no secret.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from baikaldoc_pos.i18n import Catalogue

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN_LENGTH = 80


@frozen
class Phrase:
    """A piece of a sentence that is itself looked up: "a whole number from 1 to 200"."""

    id: str
    fields: Mapping[str, object] = field(factory=dict)


@frozen
class ConfigIssue:
    """Something about one key of one file.

    :param file: the file's name, or the directory's path where the directory is missing.
    :param key: the key's path in it (``pagination.pageSize``, ``statusMapping["…"]``); "" for the file as a whole.
    :param problem: the id of the sentence.
    :param fields: its fields; a :class:`Phrase` among them is looked up too.
    """

    file: str
    key: str
    problem: str
    fields: Mapping[str, object] = field(factory=dict)


@frozen
class ConfigError(ConfigIssue):
    """The configuration cannot be used like this."""


@frozen
class ConfigWarning(ConfigIssue):
    """The configuration can be used, but a person should know."""


def render(issue: ConfigIssue, catalogue: "Catalogue") -> str:
    """One line: the file, the key's path, what is wrong, what to do."""
    sentence = render_phrase(Phrase(issue.problem, issue.fields), catalogue)
    return ": ".join(part for part in (issue.file, issue.key, sentence) if part)


def render_phrase(phrase: Phrase, catalogue: "Catalogue") -> str:
    """The text of a phrase and of the phrases within it."""
    fields = {
        name: render_phrase(value, catalogue) if isinstance(value, Phrase) else value
        for name, value in phrase.fields.items()
    }
    return catalogue.render(phrase.id, fields)


def key_path(path: Sequence[str | int]) -> str:
    """A key's path as people write it; names other than of Latin letters, digits, ``_`` and ``-`` are quoted."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        elif _PLAIN_NAME.fullmatch(step):
            written += f".{step}" if written else step
        else:
            written += quoted(step)
    return written


def quoted(name: str) -> str:
    """A name that is data rather than a setting, as a step of a key's path: ``["Рассмотрено"]``."""
    return f"[{shown(name)}]"


def shown(value: object) -> str:
    """A value as JSON, shortened to one line of printable text."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
