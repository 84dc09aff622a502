import signal
import subprocess
import sys
import textwrap

from baikaldoc_pos.journal import ChangeOutcome, Journal, JournalReader

from tests.unit.journal.builders import UPDATED

WRITER = """
    import sys, time
    from pathlib import Path
    from baikaldoc_pos.clock import SystemClock
    from baikaldoc_pos.journal import Journal, ChangeOutcome
    from tests.unit.journal.builders import UPDATED, change

    journal = Journal.open(Path(sys.argv[1]), SystemClock())
    cycle = journal.begin_cycle("regular", None)
    first = journal.record_intents(cycle, [change(isn) for isn in range(50)])
    journal.settle([ChangeOutcome(each, UPDATED) for each in first])
    journal.record_intents(cycle, [change(isn) for isn in range(50, 60)])
    print("sent", flush=True)
    time.sleep(600)
"""


def test_what_a_killed_process_had_sent_and_not_settled_is_found_by_the_next(directory, clock):
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(directory)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "sent\n"
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.communicate()

    with JournalReader.open(directory) as reader:  # before anybody has cleaned up
        assert len(reader.open_changes()) == 10
        assert reader.last_success() is None
    with Journal.open(directory, clock) as journal:
        left = journal.open_changes()
        assert [each.change.rubric.isn for each in left] == list(range(50, 60))
        assert journal.mark_interrupted_cycles() == 1
        journal.settle([ChangeOutcome(each.change_id, UPDATED) for each in left])
        assert journal.open_changes() == []
    with JournalReader.open(directory) as reader:
        assert sorted(row.rubric_isn for row in reader.history()) == list(range(60))
        assert reader.last_cycles(1)[0].error_event == "cycle.interrupted"
