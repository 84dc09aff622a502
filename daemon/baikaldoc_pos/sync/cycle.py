"""One cycle, from beginning to end.

A cycle flows one way: periods, pages, plan, writer, report. A window is read whole before anything in it is written;
the bookmark follows window by window. A cycle that ends early leaves what it did in the journal, and the next one goes
on from the bookmark.
"""

from attrs import asdict, evolve

from baikaldoc_pos.errors import (
    BaikaldocError,
    CycleCrashed,
    DeloError,
    JournalUnavailable,
    ReadingIncomplete,
    StopRequested,
    WritingPaused,
)
from baikaldoc_pos.i18n import EventLog, bound
from baikaldoc_pos.journal import Checkpoint, CycleCounts, Journal
from baikaldoc_pos.model import Period
from baikaldoc_pos.state import CycleProgress
from baikaldoc_pos.sync.periods import Checkpoints, CyclePlan, plan_cycle
from baikaldoc_pos.sync.recovery import process_due_retries, process_unmapped, recover_as_seen, recover_open_changes
from baikaldoc_pos.sync.report import CycleReport
from baikaldoc_pos.sync.writer import CycleContext, CycleRun

log = EventLog(__name__)


def run_cycle(context: CycleContext, asked: Period | None = None) -> CycleReport:
    """Run one cycle; the report and the journal tell how it ended.

    :param asked: a period to walk instead of the configured one.
    :raises JournalUnavailable: the cycle cannot be recorded, so nothing is read or written.
    """
    journal, clock = context.journal, context.clock
    started, started_at, requests_before = clock.monotonic(), clock.now(), context.delo.requests
    checkpoints = Checkpoints(*map(journal.checkpoint, (Checkpoint.BOOKMARK, Checkpoint.ORIGIN, Checkpoint.LOOKBACK)))
    cycle_plan = plan_cycle(context.configuration, checkpoints, started_at, asked)
    cycle_id = journal.begin_cycle(cycle_plan.kind, cycle_plan.period)
    with bound(cycle=cycle_id):
        log.info("cycle.started", kind=cycle_plan.kind, start=cycle_plan.period.start, end=cycle_plan.period.end)
        run = CycleRun(context, cycle_id, cycle_plan.search)
        error: BaikaldocError | None = None
        try:
            if not _process(run, cycle_plan):
                error = ReadingIncomplete()
        except (DeloError, JournalUnavailable, StopRequested, WritingPaused) as fault:
            error = fault
        except Exception as defect:
            # The boundary of the job: the cycle ends in the journal, in the report and in the metrics all the same.
            log.exception(CycleCrashed.event, job="cycle", error=type(defect).__name__)
            error = CycleCrashed(type(defect).__name__)
        run.stats.counts["requests"] = context.delo.requests - requests_before
        report = CycleReport(
            kind=cycle_plan.kind,
            cycle_id=cycle_id,
            period=cycle_plan.period,
            started_at=started_at,
            counts=CycleCounts(**run.stats.counts),
            targets=dict(run.stats.targets),
            unmapped=run.stats.unmapped,
            error=error,
            seconds=clock.monotonic() - started,
            whole=error is None and not run.isns_unread,
            would_write=tuple(run.would_write),
        )
        report = _recorded(journal, report)
        if not context.dry_run:
            _log_end(report)
        return report


def _process(run: CycleRun, cycle_plan: CyclePlan) -> bool:
    """Run the steps of a cycle in their order; return whether all windows could be read whole."""
    journal = run.journal
    recover_open_changes(run)
    process_due_retries(run)
    process_unmapped(run, journal.unmapped_having({*run.processing.status_mapping, *run.processing.ignored_statuses}))

    if cycle_plan.lost_bookmark:
        log.warning("bookmark.in_future", start=cycle_plan.period.start)
    if cycle_plan.moves_bookmark and journal.checkpoint(Checkpoint.ORIGIN) is None:
        journal.set_checkpoint(Checkpoint.ORIGIN, cycle_plan.period.start)
    whole = True
    for done, window in enumerate(cycle_plan.windows, start=1):
        whole = _process_window(run, window) and whole
        if whole and cycle_plan.moves_bookmark:
            journal.set_checkpoint(Checkpoint.BOOKMARK, window.end)
        run.context.progress(CycleProgress("windows", done, len(cycle_plan.windows)))

    if cycle_plan.lookback_due:
        started = run.clock.now()
        read_whole = [_process_window(run, window) for window in cycle_plan.lookback]
        # No window showed these: the windows of this cycle were read after its period's end, which is when it began.
        process_unmapped(run, journal.unmapped_not_seen_since(cycle_plan.period.end))
        if all(read_whole):
            journal.set_checkpoint(Checkpoint.LOOKBACK, started)
        whole = whole and all(read_whole)
    return whole


def _process_window(run: CycleRun, window: Period) -> bool:
    """Read a window whole, then decide and write; return whether it could be read whole."""
    run.clock.check_stop()
    read_at = run.clock.monotonic()
    # Written rubrics show only without the filter; they are wanted where they could not be read by ISN.
    reading = run.delo.read_pending(window, everything=bool(run.unsettled))
    run.stats.counts["windows"] += 1
    log.debug("window.read", start=window.start, end=window.end, count=len(reading.rubrics))
    if not reading.whole:
        log.warning("window.incomplete", start=window.start, end=window.end, count=len(reading.rubrics))
    recover_as_seen(run, reading.rubrics)
    planned = run.decide(reading.rubrics)
    run.write(planned.changes, read_at)
    return reading.whole


def _recorded(journal: Journal, report: CycleReport) -> CycleReport:
    """Record the end of the cycle; when that fails, the next start marks the cycle as interrupted."""
    error = report.error
    try:
        journal.finish_cycle(report.cycle_id, report.counts, (error.event, error.fields) if error else None)
    except JournalUnavailable as fault:
        return evolve(report, error=error or fault)
    return report


def _log_end(report: CycleReport) -> None:
    for status in report.unmapped:
        log.warning("status.unmapped", status=status.status, count=status.count, examples=", ".join(status.examples))
    fields = {**asdict(report.counts), "seconds": round(report.seconds, 1)}
    if report.error is None:
        log.info("cycle.finished", **fields)
    elif isinstance(report.error, StopRequested | WritingPaused):
        log.info("cycle.stopped", **fields)
    else:
        if not isinstance(report.error, CycleCrashed):  # logged with its traceback where it was caught
            log.error(report.error.event, **report.error.fields)
        log.error("cycle.failed", error=report.error.event, **fields)
