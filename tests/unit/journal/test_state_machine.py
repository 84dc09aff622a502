"""The retry list, the unmapped rubrics, the marks and open changes against dictionaries, through restarts."""

import tempfile
from datetime import timedelta
from pathlib import Path

from baikaldoc_pos.journal import ChangeOutcome, Checkpoint, Journal, JournalReader
from baikaldoc_pos.model import Answer, Outcome
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.clocks import ManualClock
from tests.unit.journal.builders import change, retry, rubric
from tests.unit.journal.conftest import START

isns = st.sets(st.integers(1, 6), max_size=4)
instants = st.integers(-3, 3).map(lambda hours: START + timedelta(hours=hours))
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
answers = st.builds(Answer, st.sampled_from(Outcome), texts, texts, texts)
retry_lists = st.lists(
    st.builds(retry, st.integers(1, 6), instants, st.integers(1, 50), answers), unique_by=lambda entry: entry.rubric_isn
)


class JournalMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        self.directory = Path(self.place.name)
        self.journal = Journal.open(self.directory, ManualClock(START))
        self.retries, self.unmapped, self.marks, self.open = {}, {}, {}, {}

    def teardown(self):
        self.journal.close()
        self.place.cleanup()

    @rule()
    def restart(self):
        self.journal.close()
        self.journal = Journal.open(self.directory, ManualClock(START))

    @rule(entries=retry_lists)
    def schedule(self, entries):
        self.journal.schedule_retries(entries)
        self.retries |= {entry.rubric_isn: entry for entry in entries}

    @rule(gone=isns)
    def drop(self, gone):
        self.journal.drop_retries(gone)
        self.retries = {isn: entry for isn, entry in self.retries.items() if isn not in gone}

    @rule(seen=isns, at=instants)
    def remember(self, seen, at):
        self.journal.remember_unmapped([rubric(isn) for isn in seen], at)
        for isn in seen:
            self.unmapped[isn] = (self.unmapped.get(isn, (at,))[0], at)

    @rule(gone=isns)
    def forget(self, gone):
        self.journal.forget_unmapped(gone)
        self.unmapped = {isn: seen for isn, seen in self.unmapped.items() if isn not in gone}

    @rule(name=st.sampled_from(Checkpoint), at=instants)
    def mark(self, name, at):
        self.journal.set_checkpoint(name, at)
        self.marks[name] = at

    @rule(wanted=st.lists(st.integers(1, 6), max_size=4))
    def intend(self, wanted):
        ids = self.journal.record_intents(None, [change(isn) for isn in wanted])
        self.open |= dict(zip(ids, wanted, strict=True))

    @rule(data=st.data(), again=retry_lists, cleared=isns)
    def settle(self, data, again, cleared):
        chosen = data.draw(st.sets(st.sampled_from(sorted(self.open)))) if self.open else set()
        self.journal.settle([ChangeOutcome(id_, data.draw(answers)) for id_ in chosen], again, cleared)
        self.open = {id_: isn for id_, isn in self.open.items() if id_ not in chosen}
        self.retries = {isn: entry for isn, entry in self.retries.items() if isn not in cleared}
        self.retries |= {entry.rubric_isn: entry for entry in again}
        self.unmapped = {isn: seen for isn, seen in self.unmapped.items() if isn not in cleared}

    @invariant()
    def the_journal_says_the_same(self):
        with JournalReader.open(self.directory) as reader:
            for source in (self.journal, reader):
                entries = {entry.rubric_isn: entry for entry in source.open_retries()}
                assert entries == self.retries == source.retry_entries(range(10))
                due = {entry.rubric_isn for entry in source.due_retries(START, timedelta(days=1))}
                assert due == {isn for isn, entry in self.retries.items() if entry.next_attempt_at <= START}
                assert source.retry_times().keys() == self.retries.keys()
                assert {
                    each.rubric_isn: (each.first_seen, each.last_seen) for each in source.unmapped_rubrics()
                } == self.unmapped
                assert set(source.unmapped_not_seen_since(START)) == {
                    isn for isn, (_, last) in self.unmapped.items() if last < START
                }
                assert {each.change_id: each.change.rubric.isn for each in source.open_changes()} == self.open
            assert reader.marks() == self.marks
            assert sum(each.count for each in reader.unmapped_summary()) == len(self.unmapped)


JournalMachine.TestCase.settings = settings(max_examples=5, stateful_step_count=12, deadline=None)
TestJournalMachine = JournalMachine.TestCase
