"""The journal: every change that was to be written and how it ended, and what the next cycle must not forget.

One SQLite file in the state directory. The worker has the :class:`Journal`; commands, status and page have a
:class:`JournalReader`, which works beside it. Only this package knows SQL; callers get and give frozen values.
"""

from baikaldoc_pos.journal.alerts import AlertJournal, Outbox
from baikaldoc_pos.journal.completeness import (
    Completeness,
    RubricCount,
    WeekCount,
    keep_completeness,
    last_completeness,
)
from baikaldoc_pos.journal.database import blamed
from baikaldoc_pos.journal.explain import folded
from baikaldoc_pos.journal.followed import WRITTEN
from baikaldoc_pos.journal.legacy_state import script_bookmark, take_over_bookmark
from baikaldoc_pos.journal.lock import StateLock, holder_of
from baikaldoc_pos.journal.models import (
    ChangeOutcome,
    Checkpoint,
    Cycle,
    CycleCounts,
    DayCount,
    Exclusion,
    FollowedRubric,
    HistoryRow,
    IncompleteWindow,
    Mail,
    MailState,
    NewCondition,
    Notified,
    OpenChange,
    OpenCondition,
    OutboxMail,
    OutboxSummary,
    PairCount,
    RecipientStatus,
    RetryEntry,
    Snapshot,
    TargetCount,
    Undelivered,
    UnmappedRubric,
)
from baikaldoc_pos.journal.pause import LONGEST_PAUSE, Pause, PauseFile
from baikaldoc_pos.journal.queries import Conditions, JournalReader, as_instant
from baikaldoc_pos.journal.repair import check_whole, recover
from baikaldoc_pos.journal.state import StateReader
from baikaldoc_pos.journal.writer import Journal

__all__ = [
    "LONGEST_PAUSE",
    "WRITTEN",
    "AlertJournal",
    "ChangeOutcome",
    "Checkpoint",
    "Completeness",
    "Conditions",
    "Cycle",
    "CycleCounts",
    "DayCount",
    "Exclusion",
    "FollowedRubric",
    "HistoryRow",
    "IncompleteWindow",
    "Journal",
    "JournalReader",
    "Mail",
    "MailState",
    "NewCondition",
    "Notified",
    "OpenChange",
    "OpenCondition",
    "Outbox",
    "OutboxMail",
    "OutboxSummary",
    "PairCount",
    "Pause",
    "PauseFile",
    "RecipientStatus",
    "RetryEntry",
    "RubricCount",
    "Snapshot",
    "StateLock",
    "StateReader",
    "TargetCount",
    "Undelivered",
    "UnmappedRubric",
    "WeekCount",
    "as_instant",
    "blamed",
    "check_whole",
    "folded",
    "holder_of",
    "keep_completeness",
    "last_completeness",
    "recover",
    "script_bookmark",
    "take_over_bookmark",
]
