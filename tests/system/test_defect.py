"""A defect of the program inside a cycle: it ends in the journal and in the report, like any other end."""

from tests.clocks import ManualClock
from tests.delo_server import make_rubric
from tests.installation import Installation


def test_a_defect_ends_its_cycle_in_the_journal_and_the_next_one_goes_on(installation: Installation) -> None:
    clock = ManualClock()
    installation.server.store.add(make_rubric(1, ins_date=clock.now()))

    def defective() -> None:
        raise ZeroDivisionError

    report = installation.cycle(clock, may_write=defective)
    assert report.error is not None
    assert (report.error.event, report.exit_code) == ("job.crashed", 70)
    with installation.journal() as journal:
        (cycle,) = journal.last_cycles(1)
    assert (cycle.error_event, cycle.error_fields["error"]) == ("job.crashed", "ZeroDivisionError")
    assert cycle.finished_at is not None

    assert installation.cycle(clock).counts.updated == 1
