"""Rubrics that the service wrote, and whose ССТУ status or whose mapping has changed since.

What is asked for costs as much as what has changed: the rubrics whose pair of statuses does not fit. A server that
cannot be asked for these shows the written rubrics by ISN, else whole windows.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from baikaldoc_pos.config import Configuration, ProcessingConfig
from baikaldoc_pos.delo import BY_ISN_AT_ONCE, StatusPair
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.journal import Journal, PairCount, Snapshot, StateReader
from baikaldoc_pos.model import Period
from baikaldoc_pos.server_profile import ServerProfile
from baikaldoc_pos.sync.periods import split
from baikaldoc_pos.sync.planner import remapped, status_of
from baikaldoc_pos.sync.recovery import read_by_isn
from baikaldoc_pos.sync.windows import process_window
from baikaldoc_pos.sync.writer import CycleRun

log = EventLog(__name__)


def follow(run: CycleRun, period: Period) -> None:
    """Bring what the service wrote to the rubrics created in this period up to date."""
    followed = run.journal.followed
    pairs = followed.pairs(since=period.start)
    if pairs:
        if not _process_misfits(run, pairs, period):
            return
        followed.close_reopened({each.rubric_isn for each in followed.reopened()} - run.reopened)
    run.journal.keep_snapshot(Snapshot.MAPPING, dict(run.processing.status_mapping))


def _process_misfits(run: CycleRun, pairs: Sequence[PairCount], period: Period) -> bool:
    """Find rubrics whose statuses do not fit, decide and write; return whether all could be read."""
    read_at = run.clock.monotonic()
    wanted = misfits(pairs, run.processing)
    control = StatusPair((pairs[0].sstu_status,), (pairs[0].pos_status,))
    rubrics = run.delo.read_pairs(wanted, control, period) if wanted else []
    whole = True
    if rubrics is None and not run.delo.profile().isn_filter:
        longest = timedelta(days=run.processing.date_range.max_date_range_days)
        read_whole = [process_window(run, window, everything=True) for window in split(period, longest)]
        return all(read_whole)
    if rubrics is None:
        isns = [each.rubric_isn for each in run.journal.followed.written(since=period.start)]
        current = read_by_isn(run, isns, "follow.impossible", period.start)
        if current is None:
            return False
        rubrics, whole = list(current.rubrics.values()), not current.unread
    run.write(run.decide(rubrics).changes, read_at)
    return whole


def misfits(pairs: Sequence[PairCount], rules: ProcessingConfig) -> Sequence[StatusPair]:
    """The pairs of statuses that do not fit: for each value of the mapping, the other values that were written.

    The last is for ССТУ statuses that the mapping does not have: they are told as unmapped.
    """
    written = {pair.pos_status for pair in pairs}
    mapping = rules.status_mapping
    return [
        *(
            StatusPair(tuple(s for s in mapping if mapping[s] == target), tuple(sorted(written - {target})))
            for target in dict.fromkeys(mapping.values())
            if written - {target}
        ),
        StatusPair((*mapping, *rules.ignored_statuses), tuple(sorted(written)), other=True),
    ]


def least_requests(
    journal: StateReader, configuration: Configuration, profile: ServerProfile, now: datetime
) -> int | None:
    """How many requests it takes at least to find the rubrics that have changed; None where they are not followed."""
    rules = configuration.processing
    if not rules.follows:
        return None
    period = Period(now - timedelta(days=configuration.service.lookback.days), now)
    pairs = journal.followed.pairs(since=period.start)
    match profile.follows_by:
        case "together":
            return 1
        case "singly":
            return len(misfits(pairs, rules)) + 1
        case "isn":
            return ceil(sum(pair.count for pair in pairs) / BY_ISN_AT_ONCE)
        case _:
            return len(split(period, timedelta(days=rules.date_range.max_date_range_days)))


def log_mapping_changes(journal: Journal, rules: ProcessingConfig) -> None:
    """Tell what the service wrote under an earlier mapping, which nothing rewrites by itself."""
    for pair, target in remapped(journal.followed.pairs(), rules):
        log.warning("mapping.changed", sstu=pair.sstu_status, was=pair.pos_status, target=target, count=pair.count)


def remap(run: CycleRun, written: Period | None) -> None:
    """Write anew what the service wrote, in this period or ever, under an earlier mapping."""
    since, until = (None, None) if written is None else (written.start, written.end)
    mapping = run.processing.status_mapping
    isns = [
        each.rubric_isn
        for each in run.journal.followed.written(since, until)
        if mapping.get(status_of(each), each.pos_status) != each.pos_status
    ]
    read_at = run.clock.monotonic()
    current = read_by_isn(run, isns, "remap.impossible", run.processing.not_before())
    if current is not None:
        run.write(run.decide(current.rubrics.values()).changes, read_at)
