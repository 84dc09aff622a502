"""Thirty days as bars."""

from datetime import date

from baikaldoc_pos.journal import DayCount
from baikaldoc_pos.model import Outcome
from baikaldoc_pos.monitoring.chart import DAYS, DOWN, LEAST, UP, Day, bars, days_until
from hypothesis import given
from hypothesis import strategies as st

LAST = date(2026, 3, 2)
counts = st.integers(0, 10**6)


def test_outcomes_are_counted_as_cycles_count_them():
    all_outcomes = [DayCount(LAST, outcome, 10**n) for n, outcome in enumerate(Outcome)]
    assert days_until(LAST, all_outcomes)[-1] == Day(LAST, updated=11, refused=100, failed=11_000)


@given(st.lists(st.tuples(counts, counts, counts), min_size=1, max_size=DAYS))
def test_bars_fit_and_even_one_record_is_seen(figures):
    drawn = bars([Day(LAST, *figure) for figure in figures])
    for bar in drawn:
        assert bar.up <= UP + LEAST
        assert bar.down <= DOWN + 2 * LEAST
        assert len(bar.blocks) == sum(count > 0 for count in (bar.day.updated, bar.day.refused, bar.day.failed))
        assert all(block.height >= LEAST for block in bar.blocks)
        assert all((block.top < 0) == (block.series == "updated") for block in bar.blocks)
