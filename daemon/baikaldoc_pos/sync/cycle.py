"""One cycle, from beginning to end.

Settle what an earlier cycle left open; work off the retry list; take up what the mapping knows by now; walk the
period's windows, oldest first, each read whole before anything in it is written, the bookmark following; then look
back over earlier windows where that is due.
Whatever ends a cycle early, what it did stands in the journal, and the next one goes on from the bookmark.
"""

from attrs import asdict, evolve

from baikaldoc_pos.errors import (
    BaikaldocError,
    DeloError,
    JournalUnavailable,
    ReadingIncomplete,
    StopRequested,
    WritingPaused,
)
from baikaldoc_pos.i18n import EventLog, bound
from baikaldoc_pos.journal import Checkpoint, Journal, StateReader
from baikaldoc_pos.model import Period
from baikaldoc_pos.state import CycleProgress
from baikaldoc_pos.sync.periods import Checkpoints, CyclePlan, plan_cycle
from baikaldoc_pos.sync.recovery import (
    revisit_unmapped,
    settle_as_seen,
    settle_open_changes,
    take_up_mapped,
    work_off_retries,
)
from baikaldoc_pos.sync.report import CycleReport
from baikaldoc_pos.sync.writer import CycleContext, Work

log = EventLog(__name__)


def run_cycle(means: CycleContext, asked: Period | None = None) -> CycleReport:
    """Run one cycle; its end, good or bad, is in the report and in the journal.

    :param asked: a period to walk instead of the configured one.
    :raises JournalUnavailable: it could not even be begun; nothing may be written where it cannot be recorded.
    """
    journal, clock, configuration = means.journal, means.clock, means.configuration
    started, started_at = clock.monotonic(), clock.now()
    route = plan_cycle(configuration.processing, configuration.service, load_checkpoints(journal), started_at, asked)
    cycle_id = journal.begin_cycle(route.kind, route.period)
    with bound(cycle=cycle_id):
        log.info("cycle.started", kind=route.kind, start=route.period.start, end=route.period.end)
        work = Work(means, cycle_id)
        requests_before = means.delo.requests
        error = _work_through(work, route)
        work.tally.counts["requests"] = means.delo.requests - requests_before
        report = CycleReport(
            kind=route.kind,
            cycle_id=cycle_id,
            period=route.period,
            started_at=started_at,
            counts=work.tally.cycle_counts(),
            targets=dict(work.tally.targets),
            unmapped=work.tally.unmapped,
            error=error,
            seconds=clock.monotonic() - started,
        )
        report = _recorded(journal, cycle_id, report)
        _tell(report)
        return report


def _work_through(work: Work, route: CyclePlan) -> BaikaldocError | None:
    """The steps in their order; what ended them early, or kept them from being a success."""
    try:
        settle_open_changes(work)
        work_off_retries(work)
        take_up_mapped(work)
        whole = _walk(work, route)
        if route.sweeps:
            whole = _look_back(work, route) and whole
    except (DeloError, JournalUnavailable, StopRequested, WritingPaused) as fault:
        return fault
    return None if whole else ReadingIncomplete()


def _walk(work: Work, route: CyclePlan) -> bool:
    """Walk the period; the bookmark follows as long as no window before was left incomplete."""
    if route.lost_bookmark:
        log.warning("bookmark.in_future", start=route.period.start)
    if route.moves_bookmark and work.journal.checkpoint(Checkpoint.ORIGIN) is None:
        work.journal.set_checkpoint(Checkpoint.ORIGIN, route.period.start)
    whole = True
    for done, window in enumerate(route.windows, start=1):
        whole = _window(work, window) and whole
        if whole and route.moves_bookmark:
            work.journal.set_checkpoint(Checkpoint.BOOKMARK, window.end)
        work.means.progress(CycleProgress("windows", done, len(route.windows)))
    return whole


def _look_back(work: Work, route: CyclePlan) -> bool:
    started = work.clock.now()
    results = [_window(work, window) for window in route.lookback]
    # What the windows of this cycle showed has been seen since its period's end, which is when it began.
    revisit_unmapped(work, route.period.end)
    if all(results):
        work.journal.set_checkpoint(Checkpoint.LOOKBACK, started)
    return all(results)


def _window(work: Work, window: Period) -> bool:
    """Read a window whole, then decide and write; False where it could not be read whole."""
    work.clock.check_stop()
    read_at = work.clock.monotonic()
    reading = work.delo.read_pending(window)
    work.tally.counts["windows"] += 1
    log.debug("window.read", start=window.start, end=window.end, count=len(reading.rubrics))
    if not reading.whole:
        log.warning("window.incomplete", start=window.start, end=window.end, count=len(reading.rubrics))
    settle_as_seen(work, reading.rubrics)
    work.reconcile(reading.rubrics, work.journal.waiting_isns(work.clock.now()), read_at)
    return reading.whole


def _recorded(journal: Journal, cycle_id: int, report: CycleReport) -> CycleReport:
    """The report, which the journal has by now; where it cannot take it, the next start marks the cycle as cut off."""
    error = report.error
    try:
        journal.finish_cycle(cycle_id, report.counts, (error.event, error.fields) if error else None)
    except JournalUnavailable as fault:
        return evolve(report, error=error or fault)
    return report


def _tell(report: CycleReport) -> None:
    for status in report.unmapped:
        log.warning("status.unmapped", status=status.status, count=status.count, examples=", ".join(status.examples))
    fields = {**asdict(report.counts), "seconds": round(report.seconds, 1)}
    if report.error is None:
        log.info("cycle.finished", **fields)
    elif isinstance(report.error, StopRequested | WritingPaused):
        log.info("cycle.stopped", **fields)
    else:
        log.error(report.error.event, **report.error.fields)
        log.error("cycle.failed", error=report.error.event, **fields)


def load_checkpoints(journal: StateReader) -> Checkpoints:
    """The instants that the next cycle starts from."""
    return Checkpoints(
        journal.checkpoint(Checkpoint.BOOKMARK),
        journal.checkpoint(Checkpoint.ORIGIN),
        journal.checkpoint(Checkpoint.LOOKBACK),
    )
