"""Reconciliation: which rubrics wait for a «Статус ПОС», which one they get, and an account of each.

``cycle`` tells the story; ``periods`` and ``planner`` are its pure parts.
"""

from baikaldoc_pos.sync.cycle import run_cycle
from baikaldoc_pos.sync.follow import log_mapping_changes
from baikaldoc_pos.sync.periods import Checkpoints, CycleKind
from baikaldoc_pos.sync.report import CycleReport
from baikaldoc_pos.sync.writer import CycleContext

__all__ = ["Checkpoints", "CycleContext", "CycleKind", "CycleReport", "log_mapping_changes", "run_cycle"]
