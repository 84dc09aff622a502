"""The pages as HTML: templates beside this file, filled with values that are escaped without exception.

Knows how things look; what there is to show is told by ``overview`` and ``stories``.
"""

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from urllib.parse import quote, urlencode

from attrs import frozen
from bottle import SimpleTemplate

from baikaldoc_pos.i18n import LANGUAGES
from baikaldoc_pos.journal import Cycle
from baikaldoc_pos.journal.explain import LONGEST, words
from baikaldoc_pos.model import Outcome
from baikaldoc_pos.monitoring import chart
from baikaldoc_pos.monitoring.discretion import DiscreetCatalogue
from baikaldoc_pos.monitoring.health import Level

REFRESH_SECONDS = 60
LONGEST_TEXT = 400  # characters of a text from the journal in one cell
_COLOURS = {Level.GREEN: "#00805c", Level.AMBER: "#c98a00", Level.RED: "#b3261e"}


@frozen
class Link:
    """The addresses of the pages, in the language that was asked for.

    :param language: null where the language is the configured one and need not be said.
    """

    language: str | None

    def home(self) -> str:
        return self._with("/", {})

    def search(self, query: object) -> str:
        return self._with("/search", {"q": str(query)})

    def _with(self, path: str, query: Mapping[str, str]) -> str:
        asked = dict(query) | ({"lang": self.language} if self.language else {})
        return f"{path}?{urlencode(asked)}" if asked else path


class Pages:
    """Renders pages. The templates are read once; rendering may be done in several threads."""

    def __init__(self) -> None:
        directory = files(__package__).joinpath("templates")
        self._style = directory.joinpath("style.css").read_text(encoding="utf-8")
        self._layout = _template(directory.joinpath("layout.tpl").read_text(encoding="utf-8"))
        self._bodies = {
            name: _template(directory.joinpath(f"{name}.tpl").read_text(encoding="utf-8"))
            for name in ("home", "search", "notice")
        }
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self.style_source = f"sha256-{digest}"

    def render(
        self, name: str, text: DiscreetCatalogue, link: Link, level: Level | None = None, **values: object
    ) -> str:
        """The page of that name.

        :param level: the state that the page's icon shows; null for none.
        """
        common = {"text": text, "cell": lambda value: cell(value, text), "link": link, "query": "", **values}
        body = self._bodies[name].render(
            chart=chart,
            words=lambda answer: text.foreign(words(answer)),
            result=lambda cycle: result(cycle, text),
            outcome=outcome_id,
            printable=printable,
            **common,
        )
        others = [(other, _other_language(other, values)) for other in LANGUAGES if other != text.language]
        page: str = self._layout.render(
            body=body,
            style=self._style,
            icon=_icon(level),
            refresh=REFRESH_SECONDS if name != "search" else None,
            languages=others,
            longest=LONGEST,
            **common,
        )
        return page


def cell(value: object, text: DiscreetCatalogue) -> str:
    """A value as a person reads it."""
    return printable(text.value(value))


def printable(text: str) -> str:
    """A text shortened, and without characters that would not show or turn the line about."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown if len(shown) <= LONGEST_TEXT else shown[: LONGEST_TEXT - 1] + "…"


def result(cycle: Cycle, text: DiscreetCatalogue) -> str:
    """How a cycle ended, or that it runs."""
    if cycle.error_event is not None:
        return text.render(cycle.error_event, cycle.error_fields)
    return text.text("status.running" if cycle.finished_at is None else "status.done")


def outcome_id(outcome: Outcome | None) -> str:
    """The sentence of an outcome."""
    return f"outcome.{outcome}" if outcome is not None else "outcome.open"


def _template(source: str) -> SimpleTemplate:
    return SimpleTemplate(source=source)


def _other_language(language: str, values: Mapping[str, object]) -> str:
    query = values.get("query")
    other = Link(language)
    return other.search(query) if query else other.home()


def _icon(level: Level | None) -> str:
    colour = _COLOURS.get(level, "#5b6470") if level is not None else "#5b6470"
    circle = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><circle cx='4' cy='4' r='4' fill='{colour}'/></svg>"
    )
    return f"data:image/svg+xml,{quote(circle)}"
