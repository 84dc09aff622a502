"""What the service is doing and how it fares, as one frozen value that is replaced as a whole.

``STATUS=``, the status page and the alerts are told from it, so that secrets are taken out of it here, once for all of
them. Changes are announced to whoever subscribed.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any

from attrs import evolve, field, frozen

from baikaldoc_pos.logs.masking import Masker
from baikaldoc_pos.logs.plain import plain_fields
from baikaldoc_pos.reconcile import Step
from baikaldoc_pos.service.watchdog import Ailment


class Phase(StrEnum):
    """What the service is doing."""

    STARTING = "starting"
    IDLE = "idle"
    WAITING = "waiting"
    WORKING = "working"
    STOPPING = "stopping"
    SIGNING_OUT = "signing_out"


_ENDING = frozenset({Phase.STOPPING, Phase.SIGNING_OUT})


@frozen
class Problem:
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
    :param failing_files: log files that cannot be written now.
    :param page_fault: why the page and the metrics are not served though they should be.
    :param ailments: what is wrong with the service itself, for most of which the watchdog is not pinged.
    """

    phase: Phase = Phase.STARTING
    step: Step | None = None
    last_success: datetime | None = None
    problem: Problem | None = None
    next_cycle: datetime | None = None
    cycle_ended: bool = False
    rejected_faults: tuple[str, ...] = ()
    rejected_since: datetime | None = None
    paused_until: datetime | None = None
    ailments: tuple[Ailment, ...] = ()
    failing_files: tuple[str, ...] = ()
    page_fault: str | None = None
    wait: Wait | None = None


@frozen(eq=False)
class StateHolder:
    """Holds the present state.

    :param masker: called for the one that knows every secret there is now.
    """

    _announce: Callable[[ServiceState], None]
    _masker: Callable[[], Masker] = Masker
    _lock: threading.Lock = field(factory=threading.Lock, init=False)
    _present: list[ServiceState] = field(factory=lambda: [ServiceState()], init=False)

    @property
    def present(self) -> ServiceState:
        return self._present[0]

    def announce(self) -> None:
        """Announce the present state once more."""
        with self._lock:
            self._announce(self._present[0])

    def change(self, **changes: Any) -> None:
        """Replace the state by one with these changes, and announce it. A service that stops does nothing else."""
        with self._lock:
            if self._present[0].phase in _ENDING and changes.get("phase") not in _ENDING:
                changes.pop("phase", None)
            masked = {name: _masked(value, self._masker()) for name, value in changes.items()}
            self._present[0] = evolve(self._present[0], **masked)
            self._announce(self._present[0])


def _masked(value: Any, masker: Masker) -> Any:
    """The value without secrets: what a server or the system said may have any in it."""
    match value:
        case Problem() | Wait() | Ailment():
            return evolve(value, fields=masker.fields(plain_fields(value.fields)))
        case str() if not isinstance(value, Enum):
            return masker.text(value)
        case tuple():
            return tuple(_masked(element, masker) for element in value)
        case _:
            return value
