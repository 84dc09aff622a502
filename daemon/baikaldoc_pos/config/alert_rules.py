"""Faults of the section ``alerts`` that concern more than one key; like ``rules``, over the section as it was read."""

from collections.abc import Iterator

from baikaldoc_pos.config.alert_settings import DIALOGUE_TIMEOUTS, AlertSettings
from baikaldoc_pos.config.faults import Fault

_STUCK_MINUTES = 15


def faults_of_alerts(section: object, file: str, stuck_minutes: object = None) -> Iterator[Fault]:
    """The faults of the rules about mail.

    :param stuck_minutes: ``limits.stuckMinutes`` as it was read; None where it is not given.
    """
    if not isinstance(section, dict):
        return
    if section.get("user") is None:
        for key in ("password", "passwordFile"):
            if section.get(key) is not None:
                yield Fault(file, f"alerts.{key}", "config.fault.alerts_password_without_user")
    if not section.get("recipients"):
        return
    for key in ("sender", "host"):
        if section.get(key) is None:
            yield Fault(file, f"alerts.{key}", "config.fault.alerts_incomplete")
    # A dialogue with a slow mail server must not look like a stuck job to the watchdog.
    timeout = _number(section.get("timeoutSeconds", AlertSettings().timeout_seconds))
    stuck = _number(_STUCK_MINUTES if stuck_minutes is None else stuck_minutes)
    if timeout is not None and stuck is not None and timeout * DIALOGUE_TIMEOUTS >= stuck * 60:
        fields = {"dialogue_seconds": timeout * DIALOGUE_TIMEOUTS, "stuck_seconds": stuck * 60}
        yield Fault(file, "alerts.timeoutSeconds", "config.fault.alerts_timeout_too_long", fields)


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
