"""The state of the service at one moment, as one frozen value that ``STATUS=``, page, metrics and alerts read."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import frozen


@frozen
class CycleProgress:
    """How far a cycle is: ``done`` of ``total`` windows read, or changes written."""

    stage: str  # "windows" or "changes"
    done: int
    total: int


@frozen
class HealthProblem:
    """What is wrong with the service itself: an event and its fields.

    :param restart_helps: there is no ping, so that systemd restarts the service. A full disk is told of, and the
        service lives on: nothing is written to ДЕЛО meanwhile, and after ten restarts it would be given up for good.
    """

    event: str
    fields: Mapping[str, object]
    restart_helps: bool = True


class Phase(StrEnum):
    """What the service is doing."""

    STARTING = "starting"
    IDLE = "idle"
    WAITING = "waiting"
    WORKING = "working"
    STOPPING = "stopping"
    SIGNING_OUT = "signing_out"


@frozen
class LastError:
    """What is wrong since when: an event with its fields."""

    event: str
    fields: Mapping[str, object]
    since: datetime


@frozen
class Wait:
    """ДЕЛО did not answer, and the cycle goes on trying: an event with its fields.

    :param at: when it is tried again; None while it is being tried.
    """

    event: str
    fields: Mapping[str, object]
    at: datetime | None


@frozen
class ServiceState:
    """The service at one moment.

    :param step: how far the running cycle is.
    :param wait: what the running cycle waits out.
    :param problem: what the last cycle ended by; None after a success.
    :param next_cycle: when the next cycle begins.
    :param cycle_ended: a cycle has ended since the process began, so that ``problem`` means something.
    :param rejected_faults: the faults of the configuration that was rejected at the last reload, a line each.
    :param rejected_since: when it was rejected.
    :param paused_until: until when nothing is written, because somebody asked for that.
    :param health_problems: what is wrong with the service itself; for most of it the watchdog is not pinged.
    :param failing_files: log files that cannot be written now.
    :param page_fault: ``address`` and ``reason``, where the page and the metrics are not served though they should be.
    """

    phase: Phase = Phase.STARTING
    step: CycleProgress | None = None
    last_success: datetime | None = None
    problem: LastError | None = None
    next_cycle: datetime | None = None
    cycle_ended: bool = False
    rejected_faults: tuple[str, ...] = ()
    rejected_since: datetime | None = None
    paused_until: datetime | None = None
    health_problems: tuple[HealthProblem, ...] = ()
    failing_files: tuple[str, ...] = ()
    page_fault: Mapping[str, str] | None = None
    wait: Wait | None = None
