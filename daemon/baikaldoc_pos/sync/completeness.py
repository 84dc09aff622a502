"""Which rubrics have no «Статус ПОС», and why: what the officials are fined for.

The server counts, by weeks of creation, and sends no rows. Where it cannot, the rubrics without a status are read.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta, timezone

from baikaldoc_pos.config import Configuration
from baikaldoc_pos.delo import Selection
from baikaldoc_pos.errors import SchemaMismatch, UnexpectedAnswer
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import (
    Checkpoint,
    Completeness,
    Journal,
    RubricCount,
    WeekCount,
    keep_completeness,
    last_completeness,
)
from baikaldoc_pos.model import Period
from baikaldoc_pos.server_profile import PairsFilter
from baikaldoc_pos.sync.planner import Decision, plan
from baikaldoc_pos.sync.writer import CycleRun

log = EventLog(__name__)

EVERY = timedelta(hours=6)
WEEK, DAY = timedelta(days=7), timedelta(days=1)
# No rubric has this ССТУ status: a filter that shows some under it is ignored.
NOBODY = "—"


def count_completeness(run: CycleRun) -> None:
    """Count the rubrics of the lookback's time, at most every six hours, and keep the numbers in the journal."""
    now = run.clock.now()
    last = last_completeness(run.journal)
    if last is not None and timedelta(0) <= now - last.counted_at < EVERY:
        return
    period = swept(run.context.configuration, run.journal, now)
    if period.start < now:
        keep_completeness(run.journal, _by_the_best_way(run, period))


def swept(configuration: Configuration, journal: Journal, now: datetime) -> Period:
    """The period whose rubrics get their first status sooner or later: that of the lookback."""
    lookback = now - timedelta(days=configuration.service.lookback.days)
    earliest = (lookback, configuration.processing.not_before(), journal.checkpoint(Checkpoint.ORIGIN))
    return Period(max(instant for instant in earliest if instant is not None), now)


def _by_the_best_way(run: CycleRun, period: Period) -> Completeness:
    profile = run.delo.profile()
    if not profile.pending_proven or profile.pairs is PairsFilter.NONE:
        return _count(run, period, _read)
    try:
        return _count(run, period, _counted)
    except (SchemaMismatch, UnexpectedAnswer) as fault:
        log.warning("completeness.read", message=fault.words)
        return _count(run, period, _read)


def _count(run: CycleRun, period: Period, count: Callable[[CycleRun, Period], RubricCount]) -> Completeness:
    """The numbers of a period, from those of parts of it."""
    zone, waiting_days = run.processing.zone, run.context.configuration.service.alerts.waiting_days
    weeks = [(week, count(run, week)) for week in parts(period, zone, WEEK)]
    oldest = next((week for week, counted in weeks if counted.waiting), None)
    days = parts(oldest, zone, DAY) if oldest is not None else ()
    excluded = run.stats.decisions[Decision.EXCLUDED]
    long_ago = period.end - timedelta(days=waiting_days)
    late = count(run, Period(period.start, long_ago)).waiting if oldest is not None and long_ago > period.start else 0
    return Completeness(
        counted_at=period.end,
        period=period,
        weeks=[WeekCount(week.start.astimezone(zone).date(), counted) for week, counted in weeks],
        written=sum(pair.count for pair in run.journal.followed.pairs(since=period.start)),
        refused=len(run.journal.retry_times()),
        held_back=run.stats.counts["held_back"],
        excluded=excluded,
        oldest=next((day.start.astimezone(zone).date() for day in days if count(run, day).waiting), None),
        late=max(0, late - excluded),
        waiting_days=waiting_days,
        rows_read=count is _read,
    )


def _counted(run: CycleRun, period: Period) -> RubricCount:
    """The numbers as the server counts them.

    :raises UnexpectedAnswer: they do not agree with each other, so some filter does not do what it says.
    """
    rules = run.processing
    known = {"mapped": tuple(rules.status_mapping), "ignored": rules.ignored_statuses, "nobody": (NOBODY,)}
    by_status = {name: Selection(with_pos=False, sstu=statuses) for name, statuses in known.items() if statuses}
    all_of_them = {"total": Selection(), "with_pos": Selection(with_pos=True), "without": Selection(with_pos=False)}
    counts = Counter(run.delo.count(all_of_them, period))
    if counts["total"] != counts["with_pos"] + counts["without"]:
        run.delo.distrust_filter()
        raise _contradiction(counts)
    if counts["without"]:
        counts.update(run.delo.count({"with_sstu": Selection(with_pos=False, sstu=()), **by_status}, period))
    mapped, ignored, with_sstu = counts["mapped"], counts["ignored"], counts["with_sstu"]
    if counts["nobody"] or not mapped + ignored <= with_sstu <= counts["without"]:
        raise _contradiction(counts)
    return RubricCount(counts["total"], counts["without"] - with_sstu, with_sstu - mapped - ignored, ignored, mapped)


def _contradiction(counts: Mapping[str, int]) -> UnexpectedAnswer:
    shown = ", ".join(f"{name}={count}" for name, count in counts.items())
    return UnexpectedAnswer("counts that contradict each other", "RubricCounts", server_message=shown)


def _read(run: CycleRun, period: Period) -> RubricCount:
    """The numbers from the rubrics without a «Статус ПОС»."""
    planned = plan(run.delo.read_without_pos(period).rubrics, run.processing)
    reasons = (Decision.NO_SSTU_STATUS, Decision.UNMAPPED, Decision.IGNORED)
    total = run.delo.count({"total": Selection()}, period)["total"]
    no_sstu, unmapped, ignored = (len(planned.having(reason)) for reason in reasons)
    return RubricCount(total, no_sstu, unmapped, ignored, len(planned.changes))


def parts(period: Period, zone: timezone, length: timedelta) -> Iterator[Period]:
    """The calendar days or weeks (from Monday) of a period, each without the first instant of the next."""
    start = period.start
    while start <= period.end:
        midnight = datetime.combine(start.astimezone(zone).date(), time(), zone)
        first = midnight - timedelta(days=midnight.weekday()) if length == WEEK else midnight
        following = first + length
        yield Period(start, min(following - timedelta.resolution, period.end))
        start = following
