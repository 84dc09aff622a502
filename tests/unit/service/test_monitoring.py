"""What alerts are told of the service's state."""

from collections.abc import Callable
from datetime import timedelta

from attrs import evolve
from baikaldoc_pos.assembly import open_journal
from baikaldoc_pos.journal import AlertJournal
from baikaldoc_pos.service.monitoring import Monitoring
from baikaldoc_pos.state import LastError, ServiceState

from tests.clocks import ManualClock
from tests.installation import Installation


def review(installation: Installation, clock: ManualClock, state: Callable[[], ServiceState]) -> list[str]:
    """One look at a service in that state; returns the kinds of alert that are open then."""
    paths = installation.paths
    with open_journal(paths, installation.configuration().processing.zone, clock) as journal:
        arguments = (paths, journal, installation.configuration, state, lambda: (), clock, lambda: None, None)
        with Monitoring(*arguments) as reporting:
            reporting.review()
        return [each.kind for each in AlertJournal.beside(journal).open_conditions()]


def test_nothing_is_said_of_delo_while_writing_is_paused(installation: Installation, clock: ManualClock) -> None:
    problem = LastError("delo.unavailable", {"host": "x", "reason": "HTTP 503"}, clock.now() - timedelta(hours=1))
    away = ServiceState(cycle_ended=True, problem=problem)
    paused = evolve(away, paused_until=clock.now() + timedelta(hours=1))
    assert review(installation, clock, lambda: paused) == []
    clock.advance(hours=1)
    assert review(installation, clock, lambda: away) == ["delo_unavailable"]
