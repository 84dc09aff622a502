"""The limits of writing: how many changes may still be written, and when refusals end a cycle."""

from collections import Counter
from datetime import datetime, tzinfo

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import ProcessingConfig
from baikaldoc_pos.errors import RefusalsExceeded
from baikaldoc_pos.journal import WRITTEN, Checkpoint, Journal
from baikaldoc_pos.model import Outcome
from baikaldoc_pos.sync.planner import RETRYABLE
from baikaldoc_pos.sync.report import CycleStats

# Refusals of fewer changes say nothing of the others.
LEAST_TRIED = 20
_TRIED = WRITTEN | RETRYABLE
_BAD = frozenset({Outcome.REFUSED, Outcome.WRONG_ECHO})


class WriteLimiter:
    """Keeps one cycle within ``limits`` of the configuration.

    :param stats: the running count of the cycle.
    """

    def __init__(self, rules: ProcessingConfig, journal: Journal, clock: Clock, stats: CycleStats) -> None:
        self._limits = rules.limits
        self._zone = rules.zone
        self._journal = journal
        self._clock = clock
        self._stats = stats
        self._midnight: datetime | None = None
        # Written today, by earlier cycles.
        self._earlier = 0
        self._judged = Counter[Outcome]()
        # Refusals ended the last cycle: the first batch shows whether they go on.
        self._probing = journal.checkpoint(Checkpoint.REFUSALS) is not None

    def allowed(self) -> int:
        """How many changes may be written now."""
        written = _total(self._stats.outcomes, WRITTEN)
        midnight = midnight_before(self._clock.now(), self._zone)
        if midnight != self._midnight:
            self._midnight = midnight
            self._earlier = self._journal.written_since(midnight) - written
        return max(0, min(self._limits.per_cycle - written, self._limits.per_day - self._earlier - written))

    def judge(self, batch: Counter[Outcome], *, tried_before: bool) -> None:
        """Take the outcomes of a batch into account.

        :param tried_before: changes that failed before, which are likely to fail again: they tell only when refusals
            ended the last cycle.
        :raises RefusalsExceeded: too many were refused.
        """
        if tried_before and not self._probing:
            return
        self._judged += batch
        tried, bad = _total(self._judged, _TRIED), _total(self._judged, _BAD)
        if tried >= (1 if self._probing else LEAST_TRIED) and bad > self._limits.refused_share * tried:
            self._journal.set_checkpoint(Checkpoint.REFUSALS, self._clock.now())
            raise RefusalsExceeded(tried, bad)
        if self._probing and tried:
            self._probing = False
            self._journal.clear_checkpoint(Checkpoint.REFUSALS)


def midnight_before(now: datetime, zone: tzinfo) -> datetime:
    """When the day of ``maxUpdatesPerDay`` began."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _total(outcomes: Counter[Outcome], chosen: frozenset[Outcome]) -> int:
    return sum(outcomes[outcome] for outcome in chosen)
