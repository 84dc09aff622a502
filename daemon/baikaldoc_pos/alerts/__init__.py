"""Alerts by e-mail: what needs a person is told once when it begins and once when it is over.

Steps, one module each: facts → ``conditions`` (what holds) → ``ledger`` (what is new, over, worth a digest) →
``sections`` and ``messages`` (the mail) → the journal's outbox → ``outbox`` (delivery) → ``smtp``. Below the service
and beside reconciliation, of which it knows nothing but what stands in the journal.
"""

from baikaldoc_pos.alerts.alerts import Alerts
from baikaldoc_pos.alerts.conditions import Observed, StorageFault, Trouble
from baikaldoc_pos.alerts.failure import NobodyToTell, Told, notify_failure
from baikaldoc_pos.alerts.outbox import Sent
from baikaldoc_pos.alerts.smtp import Step, probe
from baikaldoc_pos.alerts.trial import send_test
from baikaldoc_pos.alerts.voices import Names, command_line

__all__ = [
    "Alerts",
    "Names",
    "NobodyToTell",
    "Observed",
    "Sent",
    "Step",
    "StorageFault",
    "Told",
    "Trouble",
    "command_line",
    "notify_failure",
    "probe",
    "send_test",
]
