"""What makes the service green, amber or red."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from baikaldoc_pos.config import AlertKind
from baikaldoc_pos.i18n import LANGUAGES, Catalogue
from baikaldoc_pos.monitoring.health import HealthInput, Level, Waiting, judge
from baikaldoc_pos.state import HealthProblem, LastError, ServiceState

NOW = datetime(2026, 10, 15, 4, 0, tzinfo=UTC)
LATE = timedelta(hours=1)
WELL = HealthInput(ServiceState(last_success=NOW - timedelta(minutes=5)))
AWAY = LastError("delo.unavailable", {"host": "delo", "reason": "timed out"}, NOW)
REJECTED = LastError("delo.credentials_rejected", {"username": "pos", "status": 401}, NOW)


def but(known: HealthInput, **changes: object) -> HealthInput:
    """The same with these changes, of the state or of what is known besides."""
    own = {name: changes.pop(name) for name in ("trying_since", "conditions") if name in changes}
    return evolve(known, state=evolve(known.state, **changes), **own)


def verdict(known: HealthInput, waiting: Waiting = Waiting()) -> tuple[Level, list[str]]:  # noqa: B008
    health = judge(known, waiting, NOW, LATE)
    return health.level, [reason.event for reason in health.reasons]


@pytest.mark.parametrize(
    ("changes", "level", "event"),
    [
        ({"problem": AWAY}, Level.AMBER, "delo.unavailable"),
        ({"problem": REJECTED}, Level.RED, "delo.credentials_rejected"),
        ({"last_success": None}, Level.AMBER, "state.never"),
        ({"last_success": None, "trying_since": NOW - LATE}, Level.AMBER, "state.never"),
        ({"last_success": None, "trying_since": NOW - LATE - timedelta(seconds=1)}, Level.RED, "health.never"),
        ({"failing_files": ("/var/log/x",)}, Level.AMBER, "state.failing_files"),
        ({"conditions": ("mail_undelivered",)}, Level.AMBER, "alert.kind.mail_undelivered.name"),
        ({"last_success": NOW - LATE - timedelta(seconds=1)}, Level.RED, "health.late"),
        ({"rejected_faults": ("x",)}, Level.AMBER, "state.rejected_configuration"),
        ({"health_problems": (HealthProblem("watchdog.journal", {}),)}, Level.RED, "watchdog.journal"),
        ({"paused_until": NOW + LATE}, Level.AMBER, "health.paused"),
        ({"paused_until": NOW + LATE, "last_success": NOW - 2 * LATE}, Level.AMBER, "health.paused"),
        ({"problem": AWAY, "conditions": (AlertKind.DELO_UNAVAILABLE,)}, Level.RED, "delo.unavailable"),
        ({"waiting": Waiting(retries=1)}, Level.AMBER, "health.retries"),
        ({"waiting": Waiting(unmapped=1)}, Level.AMBER, "health.unmapped"),
        ({"waiting": Waiting(would_write=1)}, Level.AMBER, "health.dry_run"),
    ],
)
def test_each_reason(changes, level, event):
    assert verdict(WELL) == (Level.GREEN, [])
    changes = dict(changes)
    waiting = changes.pop("waiting", Waiting())
    assert verdict(but(WELL, **changes), waiting) == (level, [event])


def test_the_worst_decides_and_comes_first():
    late = but(WELL, problem=AWAY, last_success=NOW - 2 * LATE, rejected_faults=("x",) * 3)
    assert verdict(late, Waiting(1, 1)) == (
        Level.RED,
        ["health.late", "delo.unavailable", "state.rejected_configuration", "health.retries", "health.unmapped"],
    )


@pytest.mark.parametrize("kind", AlertKind)
def test_an_open_alert_is_told_once_by_whichever_reason_says_it(kind):
    state = ServiceState(problem=AWAY, rejected_faults=("x",), failing_files=("x",))
    everything = HealthInput(state, conditions=(kind, kind), trying_since=NOW - 2 * LATE)
    alone = judge(but(WELL, conditions=(kind, kind)), Waiting(), NOW, LATE).reasons
    assert [reason.event for reason in alone] == [f"alert.kind.{kind}.name"]
    for language in LANGUAGES:
        assert Catalogue(language).render(alone[0].event, alone[0].fields) != alone[0].event
    named = {reason.event for reason in judge(everything, Waiting(1, 1), NOW, LATE).reasons}
    told = {"delo_unavailable", "records_refused", "unmapped_status", "no_success", "configuration_rejected"}
    assert (f"alert.kind.{kind}.name" in named) == (kind not in told | {"storage_failing"})
