"""Reconciliation: which rubrics wait for a «Статус ПОС», which one they get, and an account of each.

``cycle`` tells the story; ``periods``, ``planner``, ``batches``, ``backoff`` are its pure parts.
"""

from baikaldoc_pos.sync.cycle import load_checkpoints, run_cycle
from baikaldoc_pos.sync.periods import Checkpoints, CycleKind
from baikaldoc_pos.sync.report import CycleReport
from baikaldoc_pos.sync.writer import CycleContext

__all__ = [
    "Checkpoints",
    "CycleContext",
    "CycleKind",
    "CycleReport",
    "load_checkpoints",
    "run_cycle",
]
