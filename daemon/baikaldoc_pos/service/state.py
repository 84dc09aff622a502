"""What the service is doing and how it fares, as one frozen value that is replaced as a whole.

``STATUS=``, the status page and the alerts are told from it, so that secrets are taken out of it here, once for all of
them. Changes are announced to whoever subscribed.
"""

import threading
from collections.abc import Callable
from enum import Enum
from typing import Any

from attrs import evolve, field, frozen

from baikaldoc_pos.logs.masking import Masker
from baikaldoc_pos.logs.plain import plain_fields
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
