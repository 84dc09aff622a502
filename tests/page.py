"""``python -m tests.page``: docs/page.png, the page of a service with a month behind it, as chromium shows it."""

import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import JournalReader
from baikaldoc_pos.monitoring import HealthInput, SiteSources, StatusSite
from baikaldoc_pos.service.state import status_line
from baikaldoc_pos.state import Phase, ServiceState

from tests.clocks import ManualClock
from tests.installation import ROOT
from tests.system.web.conftest import SETTINGS
from tests.system.web.history import with_past

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
CHROMIUM = ("chromium", "--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1200,680")


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch, with_past(Path(scratch), NOW, per_day=40, days=30):
        reader = JournalReader.open(Path(scratch))
        assert reader is not None
        soon, lately = NOW + timedelta(minutes=6), NOW - timedelta(minutes=4)
        state = ServiceState(phase=Phase.IDLE, last_success=lately, next_cycle=soon)
        sentence = status_line(state, Catalogue("ru", SETTINGS.zone))
        health, metrics = HealthInput(state), ("text/plain", b"")
        with reader:
            sources = SiteSources(
                reader, ManualClock(NOW), lambda text: sentence, lambda: health, lambda: metrics, mask=str
            )
            site = StatusSite(SETTINGS, sources)
            site.start()
            picture = f"--screenshot={ROOT / 'docs/page.png'}"
            subprocess.run([*CHROMIUM, picture, f"http://127.0.0.1:{site.port}/"], check=True, capture_output=True)
            site.stop()


if __name__ == "__main__":
    main()
