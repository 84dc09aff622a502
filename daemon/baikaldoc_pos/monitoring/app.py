"""The addresses that are answered: the page, the search, the health check and the metrics."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from bottle import Bottle, request, response

from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.i18n import LANGUAGES
from baikaldoc_pos.journal import Checkpoint
from baikaldoc_pos.journal.explain import LONGEST, search
from baikaldoc_pos.monitoring.chart import Day
from baikaldoc_pos.monitoring.health import Level
from baikaldoc_pos.monitoring.page import (
    Link,
    PageCatalogue,
    Pages,
    SiteSettings,
    SiteSources,
    daily_counts,
    health_of,
    overview,
)

COUNTED_SECONDS = 60.0
_HTML = "text/html; charset=utf-8"
_JSON = "application/json; charset=utf-8"


class Site:
    """The handlers; each is called in one of the server's threads."""

    def __init__(self, settings: SiteSettings, sources: SiteSources, pages: Pages) -> None:
        self._settings = settings
        self._sources = sources
        self._pages = pages
        # The days of the front page, and the monotonic instant at which they were counted.
        self._days: Sequence[Day] = ()
        self._counted_at = -COUNTED_SECONDS

    def application(self) -> Bottle:
        """The WSGI application."""
        application = Bottle()
        # What a handler raises is a defect, and the server logs it with its traceback.
        application.config["catchall"] = False
        application.get("/", callback=lambda: self._page(self.home))
        application.get("/search", callback=lambda: self._page(self.search))
        application.get("/healthz", callback=self.healthz)
        application.get("/metrics", callback=self.metrics)
        application.default_error_handler = self.no_such_page
        return application

    def home(self, text: PageCatalogue, link: Link) -> str:
        health = health_of(self._settings, self._sources)
        figures = overview(self._sources, self._daily_counts())
        values = {"health": health, "sentence": self._sources.sentence(text), "now": self._sources.clock.now()}
        return self._pages.render("home", text, link, health.level, figures=figures, **values)

    def _daily_counts(self) -> Sequence[Day]:
        """Counted once a minute at most, since a month may have many changes."""
        now = self._sources.clock.monotonic()
        if now - self._counted_at >= COUNTED_SECONDS:
            self._days, self._counted_at = daily_counts(self._settings, self._sources), now
        return self._days

    def search(self, text: PageCatalogue, link: Link) -> str:
        query = (request.query.q or "").strip()
        if not query:
            return self._notice(text, link, "search.empty", query="")
        if len(query) > LONGEST:
            response.status = 400
            return self._notice(text, link, "search.too_long", longest=LONGEST)
        found = search(self._sources.journal, query)
        origin, bookmark = map(self._sources.journal.checkpoint, (Checkpoint.ORIGIN, Checkpoint.BOOKMARK))
        return self._pages.render("search", text, link, query=query, found=found, origin=origin, bookmark=bookmark)

    def healthz(self) -> str:
        """200 where the service does its work, else 503; reasons in either case."""
        text, _ = self._language()
        health = health_of(self._settings, self._sources)
        response.content_type = _JSON
        response.status = health.http_status
        answer = {
            "level": health.level,
            "state": self._sources.sentence(text),
            "reasons": [
                {"level": reason.level, "event": reason.event, "text": text.render(reason.event, reason.fields)}
                for reason in health.reasons
            ],
        }
        return json.dumps(answer, ensure_ascii=False) + "\n"

    def metrics(self) -> bytes:
        response.content_type, body = self._sources.metrics()
        return body

    def no_such_page(self, error: Any) -> str:
        """What bottle itself answers with: an address that there is not."""
        text, link = self._language()
        response.content_type = _HTML
        return self._notice(text, link, "web.no_such_page")

    def _page(self, show: Callable[[PageCatalogue, Link], str]) -> str:
        """What is shown, or a notice where the journal cannot be read."""
        text, link = self._language()
        response.content_type = _HTML
        try:
            return show(text, link)
        except JournalUnavailable as fault:
            response.status = 503
            sentence = text.render(fault.event, fault.fields)
            return self._pages.render("notice", text, link, Level.RED, sentence=sentence)

    def _language(self) -> tuple[PageCatalogue, Link]:
        asked = request.query.lang
        language = asked if asked in LANGUAGES else self._settings.language
        said = language if language != self._settings.language else None
        return PageCatalogue(self._settings, language, self._sources.mask), Link(said)

    def _notice(self, text: PageCatalogue, link: Link, sentence: str, **fields: object) -> str:
        return self._pages.render("notice", text, link, sentence=text.text(sentence, **fields))
