"""Reading a set page by page where cursors are offsets: it ends, and "whole" is said only of what is whole."""

from collections.abc import Callable, Iterable, Sequence
from itertools import cycle

import pytest
from attrs import define, field
from baikaldoc_pos.delo.pagination import STUCK, Page, read_all
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.delo.builders import rubric

ENOUGH = 2000


@define
class OffsetServer:
    """Rows in an order, cut into pages by offset; before each answer but the first one, ``change`` has a go at them."""

    rows: list[int]
    size: int
    change: Callable[[list[int]], None] = lambda rows: None
    served: list[list[int]] = field(factory=list)

    def fetch(self, cursor: str) -> Page:
        assert len(self.served) < ENOUGH, "it does not end"
        if self.served:
            self.change(self.rows)
        start = int(cursor) + 1
        page = self.rows[start : start + self.size]
        self.served.append(page)
        last = start + len(page) - 1
        more = last + 1 < len(self.rows)
        return Page([rubric(isn) for isn in page], len(page), len(self.rows), str(last), more)


def isns(rubrics: Sequence[object]) -> list[int]:
    return [each.isn for each in rubrics]


def removing(shares: Iterable[float | None]) -> Callable[[list[int]], None]:
    """Takes a row away each time, at that share of the set's length, or none where there is no share (any more)."""
    following = iter(shares)

    def change(rows: list[int]) -> None:
        share = next(following, None)
        if share is not None and rows:
            rows.pop(int(share * len(rows)))

    return change


def adding(shares: Iterable[float | None]) -> Callable[[list[int]], None]:
    """The same for new rows."""
    following = enumerate(shares)

    def change(rows: list[int]) -> None:
        number, share = next(following, (0, None))
        if share is not None:
            rows.insert(round(share * len(rows)), 1000 + number)

    return change


COUNTS, SIZES = st.integers(0, 60), st.integers(1, 20)
SHARES = st.lists(st.none() | st.floats(0, 1, exclude_max=True), max_size=60)


@given(COUNTS, SIZES)
def test_a_set_that_stands_still_is_read_once_and_whole(count, size):
    server = OffsetServer(list(range(count)), size)
    reading = read_all(server.fetch)
    assert reading.whole
    assert isns(reading.rubrics) == list(range(count))
    # Each page but the first begins with a row that is known, unless it has room for one row only.
    net = max(size - 1, 1)
    assert len(server.served) == 1 + max(0, -(-(count - size) // net)), "more requests than pages"


@pytest.mark.parametrize("change", [removing, adding])
@given(count=COUNTS, size=SIZES, shares=SHARES)
@example(count=4, size=2, shares=[0.0])
def test_of_a_set_that_shrinks_or_grows_whole_means_whole(change, count, size, shares):
    server = OffsetServer(list(range(count)), size, change(shares))
    reading = read_all(server.fetch)
    assert len(isns(reading.rubrics)) == len(set(isns(reading.rubrics)))
    if reading.whole:
        there_all_the_time = set(server.rows) & set(range(count))
        assert there_all_the_time <= set(isns(reading.rubrics)), "a row is missing"


@given(st.lists(st.permutations(range(12)), min_size=1, max_size=20), st.integers(1, 12))
@example([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]], 6)
def test_of_a_set_without_an_order_whole_means_whole(orders, size):
    """The plainer query sorts nothing: pages may then overlap here and leave a hole there, under the same total."""

    def shuffle(rows: list[int]) -> None:
        rows[:] = next(following)

    following = cycle(orders)
    reading = read_all(OffsetServer(list(range(12)), size, shuffle).fetch)
    if reading.whole:
        assert sorted(isns(reading.rubrics)) == list(range(12))


CURSORS = st.one_of(
    st.none(), st.integers(-3, 40).map(str), st.text(max_size=3), st.sampled_from(["a", "b", "²", " 7 ", "9" * 5000])
)


@given(st.lists(CURSORS, min_size=1, max_size=6), st.integers(0, 3), st.integers(0, 100) | st.none())
@example(["a", "b"], 1, 100)
@example(["a", "1", "b"], 1, 100)
def test_whatever_the_cursors_are_it_ends(cursors, rows, total):
    asked: list[str] = []
    following = cycle(cursors)

    def fetch(cursor: str) -> Page:
        asked.append(cursor)
        assert len(asked) < ENOUGH, "it does not end"
        return Page([rubric(1)] * rows, rows, total, next(following), True)

    reading = read_all(fetch)
    assert (reading.whole, reading.reason) == (False, STUCK)
