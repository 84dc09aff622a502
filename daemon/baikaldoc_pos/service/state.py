"""What the service is doing and how it fares, as one frozen value that is replaced as a whole.

``STATUS=``, the status page and the alerts are told from it, so that secrets are taken out of it here, once for all of
them. Changes are announced to whoever subscribed.
"""

import threading
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from attrs import evolve, field, frozen

from baikaldoc_pos.errors import CredentialsRejected
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.logs.masking import Masker, plain_fields
from baikaldoc_pos.state import HealthProblem, LastError, Phase, ServiceState, Wait

_ENDING = frozenset({Phase.STOPPING, Phase.SIGNING_OUT})


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
        case LastError() | Wait() | HealthProblem():
            return evolve(value, fields=masker.fields(plain_fields(value.fields)))
        case str() if not isinstance(value, Enum):
            return masker.text(value)
        case tuple():
            return tuple(_masked(element, masker) for element in value)
        case _:
            return value


def status_line(state: ServiceState, text: Catalogue) -> str:
    """The state as a sentence or three on one line, which names the zone of its times."""
    return text.named_once(" ".join(_sentences(state, text.naming_zone)))


def _sentences(state: ServiceState, text: Catalogue) -> Iterator[str]:
    yield from _faults(state, text)
    if state.phase is not Phase.IDLE:
        yield _doing(state, text)
    elif state.paused_until is not None:
        pass  # there is no next try before that
    elif state.problem is not None and state.problem.event == CredentialsRejected.event:
        pass  # that sentence says what has to happen before the next try
    elif state.next_cycle is not None:
        yield text.text("state.next_try" if state.problem else "state.next_cycle", at=state.next_cycle)
    if state.last_success is not None:
        yield text.text("state.last_success", at=state.last_success)
    else:
        yield text.text("state.never")


def _faults(state: ServiceState, text: Catalogue) -> Iterator[str]:
    for ailment in state.health_problems:
        yield text.render(ailment.event, ailment.fields)
    if state.rejected_faults:
        yield text.text("state.rejected_configuration", count=len(state.rejected_faults))
    if state.paused_until is not None:
        yield text.text("state.paused", until=state.paused_until)
    yield from _trouble(state, text)
    if state.failing_files:
        yield text.text("state.failing_files", paths=state.failing_files)
    if state.page_fault is not None:
        yield text.render("state.page_fault", state.page_fault)


def _trouble(state: ServiceState, text: Catalogue) -> Iterator[str]:
    """What stands in the way of a success now, or else stood in the way of the last one."""
    working = state.phase is Phase.WORKING
    if working and state.wait is not None:
        yield text.render(state.wait.event, state.wait.fields)
        yield text.text("state.trying") if state.wait.at is None else text.text("state.next_try", at=state.wait.at)
    elif state.problem is not None:
        problem = text.render(state.problem.event, state.problem.fields)
        key = "state.last_time" if working else "state.problem"
        yield text.text(key, problem=problem, since=state.problem.since)


def _doing(state: ServiceState, text: Catalogue) -> str:
    if state.phase is Phase.WORKING and state.step is not None:
        return text.text(f"state.working.{state.step.stage}", done=state.step.done, total=state.step.total)
    return text.text(f"state.{state.phase}")
