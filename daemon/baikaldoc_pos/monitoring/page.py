"""The pages as HTML: what they depend on, their figures, and templates whose values are escaped without exception."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta, timezone
from importlib.resources import files
from urllib.parse import quote, urlencode

from attrs import frozen
from bottle import SimpleTemplate

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Configuration, ListenAddress
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.i18n import LANGUAGES, Catalogue
from baikaldoc_pos.journal import Checkpoint, Completeness, Cycle, JournalReader, RetryEntry, last_completeness
from baikaldoc_pos.journal.explain import LONGEST, ended, words
from baikaldoc_pos.model import Outcome, UnmappedStatus
from baikaldoc_pos.monitoring import chart
from baikaldoc_pos.monitoring.chart import DAYS, Bar, Day, bars, days_until, label_size
from baikaldoc_pos.monitoring.health import Health, HealthInput, Level, Waiting, judge, unreadable

# A success this many intervals ago, and the time a cycle may take besides, is no hiccup any more.
LATE_INTERVALS = 3
REFRESH_SECONDS = 60
# Fields that hold the words of ДЕЛО, of a mail server, of the system or of a library.
SERVER_WORDS = frozenset(
    {"error", "message", "reason", "reply", "said", "server_message", "sign", "what", "what_server", "words"}
)
LONGEST_TEXT = 400  # characters of a text from the journal in one cell
_COLOURS = {None: "#5b6470", Level.GREEN: "#00805c", Level.AMBER: "#c98a00", Level.RED: "#b3261e"}
CYCLES = 12
RETRIES = 15
STATUSES = 15


@frozen
class SiteSettings:
    """What of the configuration the site depends on; where two of these are equal, it need not be started anew.

    :param listen: null means that nothing is served.
    :param allowed_hosts: names by which the site is called, besides its own address and the local ones.
    :param zone: in which instants are shown and days begin.
    :param late_after: how long after the last success the service counts as not working.
    :param show_server_words: whether the texts of servers' answers are shown.
    """

    listen: ListenAddress | None
    allowed_hosts: tuple[str, ...]
    language: str
    zone: timezone
    late_after: timedelta
    show_server_words: bool = True

    @classmethod
    def of(cls, configuration: Configuration) -> "SiteSettings":
        service = configuration.service
        interval = timedelta(minutes=service.schedule.interval_minutes)
        return cls(
            listen=service.http.listen,
            allowed_hosts=service.http.allowed_hosts,
            language=service.language,
            zone=configuration.processing.zone,
            late_after=LATE_INTERVALS * interval + timedelta(minutes=service.limits.cycle_minutes),
            show_server_words=service.http.show_server_words,
        )


@frozen
class SiteSources:
    """Where the contents come from. The callables are called from the server's threads, at every request.

    :param sentence: the sentence that ``STATUS=`` has, in the language of the catalogue.
    :param health_input: what the service knows of itself; may raise JournalUnavailable.
    :param metrics: the content type and the text of ``/metrics``.
    :param mask: takes the configured secrets out of a text.
    """

    journal: JournalReader
    clock: Clock
    sentence: Callable[[Catalogue], str]
    health_input: Callable[[], HealthInput]
    metrics: Callable[[], tuple[str, bytes]]
    mask: Callable[[str], str]


class PageCatalogue(Catalogue):
    """A catalogue whose sentences and values have no configured secret and, as configured, no server's text.

    :param mask: takes secrets out of a text.
    """

    def __init__(self, settings: SiteSettings, language: str, mask: Callable[[str], str]) -> None:
        super().__init__(language, settings.zone)
        self._mask = mask
        self._show_server_words = settings.show_server_words

    def render(self, id_: str, fields: Mapping[str, object]) -> str:
        return super().render(id_, {name: self._field(name, value) for name, value in fields.items()})

    def value(self, value: object) -> str:
        return super().value(self._masked(value))

    def server_words(self, words: str) -> str:
        """A server's text."""
        return self._mask(words) if self._show_server_words or not words else "…"

    def _field(self, name: str, value: object) -> object:
        if name == "query":  # what the reader typed: a mask would tell who guesses a secret that it is right
            return value
        return self.server_words(str(value)) if name in SERVER_WORDS and value is not None else self._masked(value)

    def _masked(self, value: object) -> object:
        match value:
            case str():
                return self._mask(value)
            case list() | tuple() | set() | frozenset():
                return [self._masked(each) for each in value]
            case _:
                return value


@frozen
class Link:
    """The addresses of the pages, in the language that was asked for.

    :param language: null where the language is the configured one and need not be said.
    """

    language: str | None

    def home(self) -> str:
        return self._with("./", {})

    def search(self, query: object) -> str:
        return self._with("search", {"q": str(query)})

    def _with(self, path: str, query: Mapping[str, str]) -> str:
        asked = dict(query) | ({"lang": self.language} if self.language else {})
        return f"{path}?{urlencode(asked)}" if asked else path


class Pages:
    """Renders pages. The templates are read once; rendering may be done in several threads."""

    def __init__(self) -> None:
        directory = files(__package__).joinpath("templates")
        self._style = directory.joinpath("style.css").read_text(encoding="utf-8")
        self._templates = {
            name: SimpleTemplate(source=directory.joinpath(f"{name}.tpl").read_text(encoding="utf-8"))
            for name in ("layout", "home", "search", "notice")
        }
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self.style_source = f"sha256-{digest}"

    def render(self, name: str, text: PageCatalogue, link: Link, level: Level | None = None, **values: object) -> str:
        """The page of that name.

        :param level: the state that the page's icon shows; null for none.
        """
        common = {"text": text, "cell": lambda value: cell(value, text), "link": link, "query": "", **values}
        body = self._templates[name].render(
            chart=chart,
            words=lambda answer: text.server_words(words(answer)),
            result=lambda cycle: text.render(*ended(cycle)),
            outcome=outcome_id,
            printable=printable,
            label=lambda column: text.text(f"column.{column}"),
            **common,
        )
        others = [(other, _other_language(other, values)) for other in LANGUAGES if other != text.language]
        page: str = self._templates["layout"].render(
            body=body,
            style=self._style,
            icon=_icon(level),
            refresh=REFRESH_SECONDS if name != "search" else None,
            languages=others,
            longest=LONGEST,
            **common,
        )
        return page


def cell(value: object, text: PageCatalogue) -> str:
    """A value as a person reads it."""
    return printable(text.value(value))


def printable(text: str) -> str:
    """A text shortened, and without characters that would not show or turn the line about."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown if len(shown) <= LONGEST_TEXT else shown[: LONGEST_TEXT - 1] + "…"


def outcome_id(outcome: Outcome | None) -> str:
    """The sentence of an outcome."""
    return f"outcome.{outcome}" if outcome is not None else "outcome.open"


def _other_language(language: str, values: Mapping[str, object]) -> str:
    query = values.get("query")
    other = Link(language)
    return other.search(query) if query else other.home()


def _icon(level: Level | None) -> str:
    colour = _COLOURS[level]
    circle = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><circle cx='4' cy='4' r='4' fill='{colour}'/></svg>"
    )
    return f"data:image/svg+xml,{quote(circle)}"


@frozen
class Overview:
    """The front page's figures.

    :param retries: the next so many of the ``retry_count`` on the list.
    :param unmapped: the most frequent of the ``status_count`` statuses; ``unmapped_count`` is the rubrics of all.
    :param reopened: rubrics whose ССТУ status went from a final one back to an interim one.
    :param bookmark: up to when everything has been read.
    :param completeness: which rubrics had no «Статус ПОС» when they were last counted.
    """

    days: Sequence[Day]
    bars: Sequence[Bar]
    label_size: float
    cycles: Sequence[Cycle]
    retries: Sequence[RetryEntry]
    retry_count: int
    unmapped: Sequence[UnmappedStatus]
    status_count: int
    unmapped_count: int
    open_changes: int
    reopened: int
    bookmark: datetime | None
    completeness: Completeness | None

    @property
    def today(self) -> Day:
        return self.days[-1]


def health_of(settings: SiteSettings, sources: SiteSources) -> Health:
    """The verdict on the service at this moment."""
    try:
        journal = sources.journal
        would_write = next((cycle.counts.would_write for cycle in journal.last_cycles(2) if cycle.finished_at), 0)
        waiting = Waiting(journal.count_retries(), journal.count_unmapped(), would_write)
        known = sources.health_input()
    except JournalUnavailable as fault:
        return unreadable(fault.event, fault.fields)
    return judge(known, waiting, sources.clock.now(), settings.late_after)


def daily_counts(settings: SiteSettings, sources: SiteSources) -> Sequence[Day]:
    """The days that the front page shows; raises JournalUnavailable."""
    today = sources.clock.now().astimezone(settings.zone).date()
    first = datetime.combine(today - timedelta(days=DAYS - 1), time(), settings.zone)
    return days_until(today, sources.journal.daily(first, settings.zone))


def overview(sources: SiteSources, days: Sequence[Day]) -> Overview:
    """The front page's figures at this moment.

    :raises JournalUnavailable: the journal cannot be read.
    """
    journal = sources.journal
    unmapped = journal.unmapped_summary()
    return Overview(
        days=days,
        bars=bars(days),
        label_size=label_size(days),
        cycles=journal.last_cycles(CYCLES),
        retries=journal.next_retries(RETRIES),
        retry_count=journal.count_retries(),
        unmapped=unmapped[:STATUSES],
        status_count=len(unmapped),
        unmapped_count=sum(status.count for status in unmapped),
        open_changes=journal.count_open_changes(),
        reopened=len(journal.followed.reopened()),
        bookmark=journal.checkpoint(Checkpoint.BOOKMARK),
        completeness=last_completeness(journal),
    )
