"""What the service lets the world know: metrics, the page, mail. None of it may ever hold up a cycle.

Gathers what these need of the service's state; the page serves from threads of its own, mail and the metrics file
are jobs of their own.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from attrs import evolve

from baikaldoc_pos.alerts import Alerts, Observed, ProgramNames, StorageFault, command_line
from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import AlertKind, Configuration, Paths, secrets_of
from baikaldoc_pos.delo import RequestReport
from baikaldoc_pos.errors import JournalUnavailable
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import AlertJournal, Journal, JournalReader
from baikaldoc_pos.logs import FileFailure
from baikaldoc_pos.logs.masking import Masker
from baikaldoc_pos.monitoring import (
    HealthInput,
    Metrics,
    MetricsSources,
    SiteSettings,
    SiteSources,
    StatusSite,
    Textfile,
)
from baikaldoc_pos.service.state import status_line
from baikaldoc_pos.service.watchdog import JOURNAL_AILMENTS
from baikaldoc_pos.state import ServiceState
from baikaldoc_pos.sync import CycleReport


class Monitoring:
    """Metrics, page and alerts of one service.

    :param configuration: called for the one in force.
    :param state: called for the present state.
    :param log_failures: called for what of the log files cannot be written.
    :param progress: called while mail is being handed over.
    """

    def __init__(
        self,
        paths: Paths,
        journal: Journal,
        configuration: Callable[[], Configuration],
        state: Callable[[], ServiceState],
        log_failures: Callable[[], Sequence[FileFailure]],
        clock: Clock,
        progress: Callable[[], None],
        unit: str | None,
    ) -> None:
        self._configuration = configuration
        self._state = state
        self._log_failures = log_failures
        self._state_directory = paths.state
        self._clock = clock
        self._since = clock.now()
        self._paused_at: datetime | None = None
        self._masker = Masker(secrets_of(configuration()))
        self._closing = ExitStack()
        self._reader = self._closing.enter_context(_reader(paths.state))
        self._unit = unit or ProgramNames().service
        names = ProgramNames(command=command_line(paths), service=self._unit)
        self._alerts = Alerts(journal, configuration, clock, progress, names)
        sources = MetricsSources(
            journal=self._reader,
            state=state,
            alerts=self._alert_states,
            server=lambda: str(urlsplit(configuration().connection.graphql_endpoint).netloc),
            targets=lambda: frozenset(configuration().processing.status_mapping.values()),
            mask=self._mask,
        )
        self.metrics = Metrics(sources, clock)
        self._textfile: Textfile | None = None
        self._site = StatusSite(SiteSettings.of(configuration()), self._site_sources())
        self._site_turn = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        self._serve()
        return self

    def __exit__(self, *_: object) -> None:
        with self._site_turn:
            self._closed = True
            self._site.stop()
        self._closing.close()

    @property
    def page_fault(self) -> Mapping[str, str] | None:
        """Why the page and the metrics are not served though they should be."""
        return self._site.fault

    def reload(self) -> None:
        """Take what has changed of the page's settings, and try anew to serve it where that has failed; the rest is
        looked up when it is needed.
        """
        self._masker = self._masker.with_secrets(secrets_of(self._configuration()))
        settings = SiteSettings.of(self._configuration())
        with self._site_turn:
            if settings != self._site.settings or self._site.fault is not None:
                self._site.stop()
                self._site = StatusSite(settings, self._site_sources())
        self._serve()

    def observe(self, report: RequestReport) -> None:
        """Count a request to ДЕЛО."""
        self.metrics.observe(report)

    def cycle_finished(self, report: CycleReport) -> None:
        """Count a cycle, and look at once whether somebody has to be told."""
        self.metrics.cycle_finished(report)
        self._review()

    def review(self) -> None:
        """Open and close alerts, renew the metrics file, and see that the page is served. Every few seconds."""
        self._review()
        self._serve()

    def _serve(self) -> None:
        with self._site_turn:
            if not self._closed:
                self._site.start()

    def _review(self) -> None:
        if self._state().paused_until is not None:
            self._paused_at = self._clock.now()
        self._alerts.review(self._observed())
        self._write_textfile()

    def deliver(self) -> None:
        """Hand over mail that waits. Slow, where the mail server is."""
        self._alerts.deliver()

    def _observed(self) -> Observed:
        state = self._state()
        return Observed(
            cycle_ended=state.cycle_ended,
            paused=state.paused_until is not None,
            trouble=state.problem,
            rejected_faults=state.rejected_faults,
            rejected_since=state.rejected_since,
            storage=[
                *(StorageFault("logs", str(each.path), each.reason, each.since) for each in self._log_failures()),
                *self._journal_faults(state),
            ],
        )

    def _journal_faults(self, state: ServiceState) -> Iterator[StorageFault]:
        """What the loop has found: a review that has nothing to write would not notice."""
        for ailment in state.health_problems:
            if ailment.event in JOURNAL_AILMENTS:
                reason = str(ailment.fields["reason"])
                yield StorageFault("journal", str(self._state_directory), reason, self._clock.now())

    def _write_textfile(self) -> None:
        path = self._configuration().service.metrics.textfile
        if path is None:
            self._textfile = None
            return
        if self._textfile is None or self._textfile.path != path:
            self._textfile = Textfile(path)
        # Two instances of one machine are read from one directory.
        self._textfile.write(self.metrics.exposition(unit=self._unit)[1])

    def _alert_states(self) -> Mapping[str, bool]:
        try:
            present = {each.kind for each in self._alerts.open_conditions()}
        except JournalUnavailable:
            present = {AlertKind.STORAGE_FAILING}
        return {str(kind): kind in present for kind in AlertKind}

    def _site_sources(self) -> SiteSources:
        return SiteSources(
            journal=self._reader,
            clock=self._clock,
            sentence=self._sentence,
            health_input=self._health_input,
            metrics=self.metrics.exposition,
            mask=self._mask,
        )

    def _health_input(self) -> HealthInput:
        state = self._state()
        return HealthInput(
            state,
            self._paused_at,
            self._trying_since() if state.last_success is None else None,
            tuple(each.kind for each in self._alerts.open_conditions()),
        )

    def _trying_since(self) -> datetime:
        """Since when a success has been tried for: an earlier process may have begun it."""
        first = AlertJournal.beside(self._reader).trying_since()
        return min(first or self._since, self._since)

    def _mask(self, text: str) -> str:
        return self._masker.text(text)

    def _sentence(self, text: Catalogue) -> str:
        """The sentence of ``STATUS=``, but for what whoever reads it here knows better: that he is being served."""
        return status_line(evolve(self._state(), page_fault=None), text)


def _reader(directory: Path) -> JournalReader:
    reader = JournalReader.open(directory)
    if reader is None:
        raise JournalUnavailable(str(directory), "no journal")
    return reader
