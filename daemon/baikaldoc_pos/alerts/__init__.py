"""Alerts by e-mail: one mail when something needs a person, one when it is over.

``conditions`` says what holds, ``engine`` what is new or over, ``mail`` and ``message`` write the mail, ``outbox``
delivers it through ``smtp``. ``failure`` is for a service that systemd has given up. The package knows of the cycles
what stands in the journal, and nothing else.
"""

from baikaldoc_pos.alerts.conditions import Observed, StorageFault
from baikaldoc_pos.alerts.context import ProgramNames, command_line
from baikaldoc_pos.alerts.engine import Alerts
from baikaldoc_pos.alerts.failure import NoRecipients, NotifyResult, notify_failure
from baikaldoc_pos.alerts.outbox import Sent, send_test
from baikaldoc_pos.alerts.smtp import SmtpStep, probe

__all__ = [
    "Alerts",
    "NoRecipients",
    "NotifyResult",
    "Observed",
    "ProgramNames",
    "Sent",
    "SmtpStep",
    "StorageFault",
    "command_line",
    "notify_failure",
    "probe",
    "send_test",
]
