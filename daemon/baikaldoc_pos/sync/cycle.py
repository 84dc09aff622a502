"""One cycle, from beginning to end.

A cycle settles the changes that an earlier one left open, tries the retry list, takes up rubrics whose status the
mapping knows by now, walks the windows of the period, oldest first, and looks back over earlier windows when that is
due. A window is read whole before anything in it is written; the bookmark follows window by window.
A cycle that ends early leaves what it did in the journal, and the next one goes on from the bookmark.
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
from baikaldoc_pos.journal import Checkpoint, Journal, StateReader
from baikaldoc_pos.model import Period
from baikaldoc_pos.state import CycleProgress
from baikaldoc_pos.sync.periods import Checkpoints, CyclePlan, plan_cycle
from baikaldoc_pos.sync.recovery import (
    process_due_retries,
    process_newly_mapped,
    recover_as_seen,
    recover_open_changes,
    revisit_unmapped,
)
from baikaldoc_pos.sync.report import CycleReport
from baikaldoc_pos.sync.writer import CycleContext, RubricProcessor

log = EventLog(__name__)


def run_cycle(context: CycleContext, asked: Period | None = None) -> CycleReport:
    """Run one cycle; the report and the journal tell how it ended.

    :param asked: a period to walk instead of the configured one.
    :raises JournalUnavailable: the cycle cannot be recorded, so nothing is read or written.
    """
    journal, clock, configuration = context.journal, context.clock, context.configuration
    started, started_at = clock.monotonic(), clock.now()
    cycle_plan = plan_cycle(
        configuration.processing, configuration.service, load_checkpoints(journal), started_at, asked
    )
    cycle_id = journal.begin_cycle(cycle_plan.kind, cycle_plan.period)
    with bound(cycle=cycle_id):
        log.info("cycle.started", kind=cycle_plan.kind, start=cycle_plan.period.start, end=cycle_plan.period.end)
        processor = RubricProcessor(context, cycle_id)
        processor.search = cycle_plan.search
        requests_before = context.delo.requests
        error = _work_through(processor, cycle_plan)
        processor.stats.counts["requests"] = context.delo.requests - requests_before
        report = CycleReport(
            kind=cycle_plan.kind,
            cycle_id=cycle_id,
            period=cycle_plan.period,
            started_at=started_at,
            counts=processor.stats.cycle_counts(),
            targets=dict(processor.stats.targets),
            unmapped=processor.stats.unmapped,
            error=error,
            seconds=clock.monotonic() - started,
            whole=error is None and not processor.isns_unread,
            would_write=tuple(processor.would_write),
        )
        report = _recorded(journal, cycle_id, report)
        if not context.dry_run:
            _log_end(report)
        return report


def _work_through(processor: RubricProcessor, cycle_plan: CyclePlan) -> BaikaldocError | None:
    """Run the steps in their order; return why they ended early or were no success."""
    try:
        recover_open_changes(processor)
        process_due_retries(processor)
        process_newly_mapped(processor)
        whole = _walk(processor, cycle_plan)
        if cycle_plan.lookback_due:
            whole = _look_back(processor, cycle_plan) and whole
    except (DeloError, JournalUnavailable, StopRequested, WritingPaused) as fault:
        return fault
    except Exception as defect:
        # The boundary of the job: the cycle ends in the journal, in the report and in the metrics all the same.
        log.exception(CycleCrashed.event, job="cycle", error=type(defect).__name__)
        return CycleCrashed(type(defect).__name__)
    return None if whole else ReadingIncomplete()


def _walk(processor: RubricProcessor, cycle_plan: CyclePlan) -> bool:
    """Walk the period; the bookmark follows up to the first incomplete window."""
    if cycle_plan.lost_bookmark:
        log.warning("bookmark.in_future", start=cycle_plan.period.start)
    if cycle_plan.moves_bookmark and processor.journal.checkpoint(Checkpoint.ORIGIN) is None:
        processor.journal.set_checkpoint(Checkpoint.ORIGIN, cycle_plan.period.start)
    whole = True
    for done, window in enumerate(cycle_plan.windows, start=1):
        whole = _window(processor, window) and whole
        if whole and cycle_plan.moves_bookmark:
            processor.journal.set_checkpoint(Checkpoint.BOOKMARK, window.end)
        processor.context.progress(CycleProgress("windows", done, len(cycle_plan.windows)))
    return whole


def _look_back(processor: RubricProcessor, cycle_plan: CyclePlan) -> bool:
    started = processor.clock.now()
    results = [_window(processor, window) for window in cycle_plan.lookback]
    # The windows of this cycle showed their rubrics after its period's end, which is when it began.
    revisit_unmapped(processor, cycle_plan.period.end)
    if all(results):
        processor.journal.set_checkpoint(Checkpoint.LOOKBACK, started)
    return all(results)


def _window(processor: RubricProcessor, window: Period) -> bool:
    """Read a window whole, then decide and write; False when it could not be read whole."""
    processor.clock.check_stop()
    read_at = processor.clock.monotonic()
    # Written rubrics show only without the filter; they are wanted where they could not be read by ISN.
    reading = processor.delo.read_pending(window, everything=bool(processor.unsettled))
    processor.stats.counts["windows"] += 1
    log.debug("window.read", start=window.start, end=window.end, count=len(reading.rubrics))
    if not reading.whole:
        log.warning("window.incomplete", start=window.start, end=window.end, count=len(reading.rubrics))
    recover_as_seen(processor, reading.rubrics)
    processor.reconcile(reading.rubrics, processor.journal.waiting_isns(processor.clock.now()), read_at)
    return reading.whole


def _recorded(journal: Journal, cycle_id: int, report: CycleReport) -> CycleReport:
    """Record the end of the cycle; when that fails, the next start marks the cycle as interrupted."""
    error = report.error
    try:
        journal.finish_cycle(cycle_id, report.counts, (error.event, error.fields) if error else None)
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


def load_checkpoints(journal: StateReader) -> Checkpoints:
    """The checkpoints from which the next cycle starts."""
    return Checkpoints(
        journal.checkpoint(Checkpoint.BOOKMARK),
        journal.checkpoint(Checkpoint.ORIGIN),
        journal.checkpoint(Checkpoint.LOOKBACK),
    )
