"""Windows: each is read whole before anything in it is written; what could not be read whole is read again."""

from collections.abc import Sequence

from attrs import evolve

from baikaldoc_pos.delo import ReadResult
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.model import Period
from baikaldoc_pos.sync.recovery import recover_as_seen
from baikaldoc_pos.sync.writer import CycleRun

log = EventLog(__name__)
MOST_NAMED = 20


def process_window(run: CycleRun, window: Period, *, everything: bool = False, leaving_out: Sequence[str] = ()) -> bool:
    """Read a window, then decide and write; return whether it could be read whole.

    :param everything: read rubrics with a «Статус ПОС», too.
    :param leaving_out: ССТУ statuses whose rubrics need not be read.
    """
    run.clock.check_stop()
    read_at = run.clock.monotonic()
    # Written rubrics show only without the filter; they are wanted where they could not be read by ISN.
    reading = run.delo.read_pending(window, everything=everything or bool(run.unsettled), leaving_out=leaving_out)
    run.stats.counts["windows"] += 1
    log.debug("window.read", start=window.start, end=window.end, count=len(reading.rubrics))
    if reading.whole:
        run.windows_read.append(window)
    else:
        _note(run, window, reading)
    recover_as_seen(run, reading.rubrics)
    run.write(run.decide(reading.rubrics).changes, read_at)
    return reading.whole


def _note(run: CycleRun, window: Period, reading: ReadResult) -> None:
    rows, unreadable = len(reading.rubrics), reading.unreadable[:MOST_NAMED]
    run.windows_incomplete.append(window)
    noted = run.journal.incomplete_windows.note(
        window, reading.reason, rows, reading.total, ", ".join(unreadable), run.clock.now()
    )
    if noted.acknowledged_at is not None:
        return
    run.unacknowledged += 1
    if unreadable:
        log.warning("window.unreadable_rows", rows=unreadable, server_message=reading.message)
    log.warning(
        "window.incomplete", start=window.start, end=window.end, count=rows, total=reading.total, reason=reading.reason
    )


def process_incomplete_windows(run: CycleRun) -> None:
    """Read again what an earlier cycle could not read whole: at the next cycle, then with each lookback."""
    listed = run.journal.incomplete_windows
    listed.read_whole(run.windows_read)
    earliest = run.processing.not_before()
    for each in listed.all():
        period = each.period if earliest is None else evolve(each.period, start=max(each.period.start, earliest))
        # What this cycle has read in vain is not read again at once.
        again = each.period not in run.windows_incomplete and (each.tries == 1 or run.plan.lookback_due)
        if period.start > period.end or (again and process_window(run, period)):
            listed.read_whole([each.period])
