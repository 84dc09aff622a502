"""Alerts by e-mail: what needs a person is told once when it begins and once when it is over.

Steps, one module each: facts → ``conditions`` (what holds) → ``ledger`` (what is new, over, worth a digest) →
``sections`` and ``messages`` (the mail) → the journal's outbox → ``outbox`` (delivery) → ``smtp``. Below the service
and beside reconciliation, of which it knows nothing but what stands in the journal.
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
