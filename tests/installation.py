"""An installation for tests: directories with a configuration for a stand-in, and ways to run it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from baikaldoc_pos.assembly import gateway, open_journal, open_session
from baikaldoc_pos.config import Configuration, Paths, load_configuration
from baikaldoc_pos.journal import HistoryRow, Journal, JournalReader, keep_completeness
from baikaldoc_pos.model import Period
from baikaldoc_pos.server_profile import PendingFilter, ServerProfile
from baikaldoc_pos.state import CycleProgress
from baikaldoc_pos.sync import CycleContext, CycleReport, run_cycle

from tests.clocks import ManualClock
from tests.commands import run_command
from tests.delo_server import MAPPING, PASSWORD, UNMAPPED, USER, DeloServer
from tests.unit.journal.builders import completeness

# A server that has everything and is known to have it.
KNOWN = ServerProfile(
    introspection=True,
    typed_input=True,
    answer_fields=("message_code", "system_message"),
    pending=PendingFilter.NULL_OR_EMPTY,
    pending_proven=True,
    isn_filter=True,
    isn_order=True,
    large_pages=True,
    batch_size=200,
    written=True,
)
ROOT = Path(__file__).resolve().parent.parent
PROGRAM = (sys.executable, "-m", "baikaldoc_pos")


class Installation:
    """Configuration, state and logs under one directory, bound to a stand-in.

    :param profile: what the first cycle knows of the server already; None: nothing.
    :param counted: when the rubrics without a status were counted last, which saves the first cycle half of its
        requests.
    """

    def __init__(
        self,
        root: Path,
        server: DeloServer,
        profile: ServerProfile | None = KNOWN,
        counted: datetime | None = None,
    ) -> None:
        self.profile = profile
        self.counted = counted
        self.paths = Paths(root / "config", root / "state", root / "logs")
        for path in (self.paths.config, self.paths.state, self.paths.logs):
            path.mkdir(parents=True, exist_ok=True)
        self.server = server
        self.processing: dict[str, Any] = {
            "statusMapping": dict(MAPPING),
            "dateRange": {"useFixedDates": False, "startDate": "", "endDate": "", "maxDateRangeDays": 30},
            "pagination": {"pageSize": 100},
            "utcOffsetHours": 8,
            "retryAttempts": 3,
            "ignoredStatuses": list(UNMAPPED[:2]),
        }
        self.connection: dict[str, Any] = {
            "login_url": server.login_url,
            "logout_url": server.logout_url,
            "graphql_endpoint": server.graphql_url,
            "username": USER,
            "password": PASSWORD,
            "app": "pos",
            "connect_timeout": 2,
            "read_timeout": 2,
        }
        self.service: dict[str, Any] = {"lookback": {"days": 90, "everyMinutes": 60}}
        self.save()

    def save(self) -> None:
        """Write the three files as they are described now."""
        for name in ("processing", "connection", "service"):
            content = json.dumps(getattr(self, name), ensure_ascii=False, indent=2)
            (self.paths.config / f"{name}_config.json").write_text(content, encoding="utf-8")

    def configuration(self) -> Configuration:
        self.save()
        return load_configuration(self.paths.config, {})

    def cycle(
        self,
        clock: ManualClock | None = None,
        asked: Period | None = None,
        progress: Callable[[CycleProgress], None] = lambda step: None,
        may_write: Callable[[], None] = lambda: None,
    ) -> CycleReport:
        """One cycle in this process, signed out at its end."""
        clock = clock or ManualClock()
        configuration = self.configuration()
        with (
            open_journal(self.paths, configuration.processing.zone, clock) as journal,
            closing(open_session(configuration, clock)) as session,
        ):
            self.keep_profile(journal)
            delo = gateway(session, configuration, clock, journal=journal)
            try:
                return run_cycle(CycleContext(delo, journal, clock, configuration, may_write, progress), asked)
            finally:
                session.sign_out()

    def keep_profile(self, journal: Journal) -> None:
        """Keep what is known of the server, where the journal has nothing yet; only once."""
        if self.profile is not None:
            journal.keep_server_profile(self.connection["graphql_endpoint"], self.profile)
            self.profile = None
            if self.counted is not None:
                keep_completeness(journal, completeness(self.counted))

    def know_server(self) -> None:
        """Have the journal know the server before a command runs."""
        with Journal.open(self.paths.state, ManualClock()) as journal:
            self.keep_profile(journal)

    def arguments(self, *command: str) -> list[str]:
        """The command line of ``baikaldoc-pos`` on these directories."""
        directories = ("--config", self.paths.config, "--state", self.paths.state, "--logs", self.paths.logs)
        return [*PROGRAM, *map(str, directories), *command]

    def command(
        self, *command: str, environ: Mapping[str, str] | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as a user would, in a process of its own."""
        arguments = self.arguments(*command)[len(PROGRAM) :]
        return run_command(arguments, self.paths.config.parent, {**os.environ, **(environ or {})}, timeout)

    def history(self, **filters: Any) -> list[HistoryRow]:
        """What the journal holds of changes, oldest first."""
        journal = JournalReader.open(self.paths.state)
        if journal is None:
            return []
        with journal:
            return sorted(journal.history(**filters), key=lambda row: row.change_id)

    def journal(self) -> JournalReader:
        journal = JournalReader.open(self.paths.state)
        assert journal is not None, "no journal yet"
        return journal
