"""Reconciliation: which rubrics wait for a «Статус ПОС», which one they get, and an account of each.

``cycle`` tells the story; ``windows``, ``decision``, ``batches``, ``backoff`` are its pure parts.
"""

from baikaldoc_pos.reconcile.cycle import marks_of, run_cycle
from baikaldoc_pos.reconcile.preview import Preview, preview_cycle
from baikaldoc_pos.reconcile.tally import CycleReport
from baikaldoc_pos.reconcile.windows import CycleKind, Marks
from baikaldoc_pos.reconcile.work import Means, Step

__all__ = [
    "CycleKind",
    "CycleReport",
    "Marks",
    "Means",
    "Preview",
    "Step",
    "marks_of",
    "preview_cycle",
    "run_cycle",
]
