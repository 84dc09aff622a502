"""One cycle, from beginning to end.

A cycle flows one way: periods, pages, plan, writer, report. A window is read whole before anything in it is written;
the bookmark follows window by window. A cycle that ends early leaves what it did in the journal, and the next one goes
on from the bookmark.
"""

from attrs import asdict, evolve

from baikaldoc_pos.config import ProcessingConfig
from baikaldoc_pos.errors import (
    BaikaldocError,
    ClockBehind,
    CycleCrashed,
    DeloError,
    JournalUnavailable,
    StopRequested,
    WritingPaused,
)
from baikaldoc_pos.i18n import EventLog, bound
from baikaldoc_pos.journal import Checkpoint, CycleCounts, Journal
from baikaldoc_pos.lookalikes import likeness
from baikaldoc_pos.model import Period
from baikaldoc_pos.state import CycleProgress
from baikaldoc_pos.sync.completeness import count_completeness
from baikaldoc_pos.sync.follow import follow, remap
from baikaldoc_pos.sync.periods import MOST_AHEAD, Checkpoints, CycleKind, plan_cycle, plan_remap
from baikaldoc_pos.sync.recovery import process_due_retries, process_unmapped, recover_open_changes
from baikaldoc_pos.sync.report import CycleReport
from baikaldoc_pos.sync.windows import process_incomplete_windows, process_window
from baikaldoc_pos.sync.writer import CycleContext, CycleRun

log = EventLog(__name__)


def run_cycle(context: CycleContext, asked: Period | None = None, *, remapping: bool = False) -> CycleReport:
    """Run one cycle; the report and the journal tell how it ended.

    :param asked: a period to walk instead of the configured one.
    :param remapping: write anew what was written under an earlier mapping; ``asked`` is the period of writing then.
    :raises JournalUnavailable: the cycle cannot be recorded, so nothing is read or written.
    """
    journal, clock = context.journal, context.clock
    started, started_at, requests_before = clock.monotonic(), clock.now(), context.delo.requests
    checkpoints = Checkpoints(*map(journal.checkpoint, (Checkpoint.BOOKMARK, Checkpoint.ORIGIN, Checkpoint.LOOKBACK)))
    if remapping:
        cycle_plan = plan_remap(context.configuration, started_at, asked)
    else:
        cycle_plan = plan_cycle(context.configuration, checkpoints, started_at, asked)
    cycle_id = journal.begin_cycle(cycle_plan.kind, cycle_plan.period)
    with bound(cycle=cycle_id):
        log.info("cycle.started", kind=cycle_plan.kind, start=cycle_plan.period.start, end=cycle_plan.period.end)
        run = CycleRun(context, cycle_id, cycle_plan)
        error: BaikaldocError | None = None
        try:
            with journal.blamed():
                _process(run, asked)
        except (DeloError, JournalUnavailable, StopRequested, WritingPaused, ClockBehind) as fault:
            fault.fields = {
                name: run.masker.text(value) if isinstance(value, str) else value
                for name, value in fault.fields.items()
            }
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
            incomplete=run.unacknowledged,
            whole=error is None and run.whole and not run.windows_incomplete,
            dry_run=context.dry_run,
            would_write=tuple(run.would_write),
        )
        report = _recorded(journal, report)
        if not context.preview:
            _log_end(report, run.processing)
        return report


def _process(run: CycleRun, asked: Period | None) -> None:
    """Run the steps of a cycle in their order."""
    journal, cycle_plan = run.journal, run.plan
    _check_clock(run)
    recover_open_changes(run)
    if cycle_plan.kind is CycleKind.REMAP:
        remap(run, asked)
        return
    process_due_retries(run)
    process_unmapped(run, journal.unmapped_having({*run.processing.status_mapping, *run.processing.ignored_statuses}))

    origin = journal.checkpoint(Checkpoint.ORIGIN)
    if cycle_plan.moves_bookmark and (origin is None or origin > cycle_plan.period.end):
        journal.set_checkpoint(Checkpoint.ORIGIN, cycle_plan.period.start)
    for done, window in enumerate(cycle_plan.windows, start=1):
        process_window(run, window)
        if cycle_plan.moves_bookmark and run.complete:
            journal.set_checkpoint(Checkpoint.BOOKMARK, window.end)
        run.context.progress(CycleProgress("windows", done, len(cycle_plan.windows)))

    if cycle_plan.lookback_due:
        _process_lookback(run)
    elif cycle_plan.followed is not None:
        follow(run, cycle_plan.followed)
    process_incomplete_windows(run)
    # The first cycle asks enough where it finds out what the server can do.
    first_contact = origin is None and run.delo.probed
    if cycle_plan.lookback_due and not run.context.preview and not first_contact:
        count_completeness(run)


def _check_clock(run: CycleRun) -> None:
    """Raise ClockBehind where an earlier cycle, or the server, shows that the clock of this machine is behind."""
    if run.plan.waits_until is not None:
        raise ClockBehind(run.plan.waits_until)
    if run.plan.lost_bookmark:
        server_time = run.delo.server_time()
        if server_time is not None and server_time - run.plan.period.end > MOST_AHEAD:
            raise ClockBehind(server_time)
        log.warning("bookmark.in_future", start=run.plan.period.start)


def _process_lookback(run: CycleRun) -> None:
    """Walk the earlier windows again, for late statuses and for those that changed."""
    started, cycle_plan = run.clock.now(), run.plan
    for window in cycle_plan.lookback:
        process_window(run, window, leaving_out=run.processing.ignored_statuses)
    # No window showed these: the windows of this cycle were read after its period's end, which is when it began.
    process_unmapped(run, run.journal.unmapped_not_seen_since(cycle_plan.period.end))
    if cycle_plan.followed is not None:
        follow(run, cycle_plan.followed)
    if not run.stats.counts["held_back"]:
        run.journal.set_checkpoint(Checkpoint.LOOKBACK, started)


def _recorded(journal: Journal, report: CycleReport) -> CycleReport:
    """Record the end of the cycle; when that fails, the next start marks the cycle as interrupted."""
    error = report.error
    try:
        journal.finish_cycle(report.cycle_id, report.counts, (error.event, error.fields) if error else None)
    except JournalUnavailable as fault:
        return evolve(report, error=error or fault)
    return report


def _log_end(report: CycleReport, rules: ProcessingConfig) -> None:
    for status in report.unmapped:
        log.warning("status.unmapped", status=status.status, count=status.count, examples=", ".join(status.examples))
        if alike := likeness(status.status, rules.known_statuses):
            log.warning("status.lookalike", status=status.status, **alike)
    fields = {**asdict(report.counts), "seconds": round(report.seconds, 1)}
    if report.counts.held_back:
        event = "remap.held_back" if report.kind is CycleKind.REMAP else "cycle.held_back"
        log.warning(event, count=report.counts.held_back)
    if report.error is None:
        log.info("cycle.dry_run" if report.dry_run else "cycle.finished", **fields)
    elif isinstance(report.error, StopRequested | WritingPaused):
        log.info("cycle.stopped", **fields)
    else:
        if not isinstance(report.error, CycleCrashed):  # logged with its traceback where it was caught
            log.error(report.error.event, **report.error.fields)
        log.error("cycle.failed", error=report.error.event, **fields)
