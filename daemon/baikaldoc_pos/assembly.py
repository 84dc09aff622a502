"""Makes the parts from a configuration, for every command that needs them."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import tzinfo
from functools import partial
from pathlib import Path

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Configuration, Paths, render, secrets_of, warnings_of
from baikaldoc_pos.delo import (
    Deadline,
    DeloClient,
    DeloSession,
    Documents,
    HttpTransport,
    RequestReport,
    RetryPolicy,
    SessionFile,
    SignIns,
)
from baikaldoc_pos.i18n import Catalogue, EventLog
from baikaldoc_pos.journal import Journal, take_over_bookmark
from baikaldoc_pos.logs import LogSettings, configure
from baikaldoc_pos.server_profile import ServerProfile

log = EventLog(__name__)


def open_session(
    configuration: Configuration,
    clock: Clock,
    observe: Callable[[RequestReport], None] = lambda report: None,
    kept_in: Path | None = None,
    before: DeloSession | None = None,
    counted_in: Path | None = None,
) -> DeloSession:
    """A session for the configured account; nothing is sent yet.

    :param observe: called for every request.
    :param kept_in: the directory that keeps the session over restarts; None where nothing keeps it.
    :param before: a session of the same account to go on with; this closes it.
    :param counted_in: the directory where all processes keep how signing in went; ``kept_in`` by default.
    """
    connection, service = configuration.connection, configuration.service
    transport = HttpTransport(connection, service.limits.request_seconds, observe, lambda: clock.stopping)
    rejected_seconds = service.session.rejected_retry_hours * 3600
    file, record = SessionFile(kept_in, connection), SignIns(counted_in or kept_in, connection)
    return DeloSession(transport, connection, clock, file, rejected_seconds, before, record)


def log_settings(configuration: Configuration) -> LogSettings:
    """The log settings of a configuration."""
    service = configuration.service
    return LogSettings(
        language=service.language,
        level=service.logging.level,
        keep_days=service.logging.keep_days,
        zone=configuration.processing.zone,
        secrets=secrets_of(configuration),
    )


def gateway(
    session: DeloSession,
    configuration: Configuration,
    clock: Clock,
    policy: RetryPolicy | None = None,
    journal: Journal | None = None,
) -> DeloClient:
    """The gateway for one cycle that begins now.

    :param journal: keeps what the server can do; None finds it out anew.
    :param policy: how often a fault is tried again; as configured by default.
    """
    processing = configuration.processing
    address = configuration.connection.graphql_endpoint
    return DeloClient(
        session,
        Documents(processing.attributes, processing.document_kinds),
        page_size=processing.pagination.page_size,
        batch_size=processing.batch_size,
        policy=policy if policy is not None else RetryPolicy(processing.retry_attempts),
        deadline=Deadline.after(clock, configuration.service.limits.cycle_minutes * 60),
        zone=processing.zone,
        profile=journal.server_profile(address) if journal is not None else None,
        keep=partial(journal.keep_server_profile, address) if journal is not None else _keep_nothing,
    )


def _keep_nothing(profile: ServerProfile | None) -> None:
    """Keep no profile."""


def tell_notices(configuration: Configuration, directory: Path, text: Catalogue) -> None:
    """Log the notices about a configuration."""
    for notice in warnings_of(configuration, directory):
        log.warning("config.notice", text=render(notice, text))


def open_journal(paths: Paths, zone: tzinfo, clock: Clock) -> Journal:
    """The journal, ready for work: cycles that a crash cut off are marked, the earlier script's bookmark is taken over.

    :raises JournalUnavailable: it cannot be opened or written.
    :raises BookmarkUnreadable: the script's bookmark is there, but not to be read.
    """
    journal = Journal.open(paths.state, clock)
    try:
        interrupted = journal.mark_interrupted_cycles()
        if interrupted:
            log.warning("cycle.found_interrupted", count=interrupted)
        take_over_bookmark(journal, (paths.state, paths.config), zone, clock.now())
    except BaseException:
        journal.close()
        raise
    return journal


@contextmanager
def open_journal_copy(paths: Paths, zone: tzinfo, clock: Clock) -> Iterator[Journal]:
    """A throw-away copy of the journal, as :func:`open_journal` would have it; nothing on the disk changes.

    :raises JournalUnavailable: the journal cannot be read or copied.
    :raises BookmarkUnreadable: as :func:`open_journal`.
    """
    with Journal.copy_of(paths.state, clock) as journal:
        take_over_bookmark(journal, (paths.state, paths.config), zone, clock.now())
        yield journal


@contextmanager
def open_for_reading(paths: Paths, configuration: Configuration, clock: Clock) -> Iterator[tuple[Journal, DeloClient]]:
    """A copy of the journal and the gateway in a session of its own, which is signed out at the end; no log files.

    :raises JournalUnavailable: as :func:`open_journal_copy`.
    :raises BookmarkUnreadable: as :func:`open_journal`.
    """
    with (
        closing(configure(log_settings(configuration), None, console=False)),
        open_journal_copy(paths, configuration.processing.zone, clock) as journal,
        closing(open_session(configuration, clock, counted_in=paths.state)) as session,
    ):
        try:
            yield journal, gateway(session, configuration, clock, journal=journal)
        finally:
            session.sign_out()
