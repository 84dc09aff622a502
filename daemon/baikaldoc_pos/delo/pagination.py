"""Reading a whole result set page by page, where a cursor is an offset (contract: "GraphQL conventions").

A set that shrinks or grows while it is paged shifts its rows, so a reading counts as whole only where the server
named the same total on every page, so many different rows were seen, and each page began with the last row of the
one before; otherwise it is read again. A whole reading holds what its own pass saw: what earlier ones saw and it did
not has left the set. Where none is whole, the caller learns so, and has what was seen at all.
"""

from collections.abc import Callable, Sequence

from attrs import frozen

from baikaldoc_pos.errors import UnexpectedAnswer
from baikaldoc_pos.model import Rubric

START = "-1"
PASSES = 3


@frozen
class Page:
    """One page: its rubrics, how many rows it had (readable or not), and where it ended."""

    rubrics: Sequence[Rubric]
    rows: int
    total: int | None
    cursor: str | None
    more: bool
    whole: bool = True


@frozen
class Reading:
    """Rubrics without duplicates, and whether the set was read whole."""

    rubrics: Sequence[Rubric]
    whole: bool


def read_all(fetch: Callable[[str], Page], operation: str) -> Reading:
    """Read every page through ``fetch(cursor)``.

    :raises UnexpectedAnswer: the cursor does not move though the server says that there is more.
    """
    seen: dict[int, Rubric] = {}
    for _ in range(PASSES):
        found, whole = _read_once(fetch, operation)
        if whole:
            return Reading(tuple(found.values()), whole=True)
        seen.update(found)
    return Reading(tuple(seen.values()), whole=False)


def _read_once(fetch: Callable[[str], Page], operation: str) -> tuple[dict[int, Rubric], bool]:
    found: dict[int, Rubric] = {}
    cursor, unreadable, whole = START, 0, True
    totals: set[int | None] = set()
    visited = {cursor}
    last: int | None = None
    while True:
        page = fetch(cursor)
        isns = [rubric.isn for rubric in page.rubrics]
        # It should stand here once more; where it does not, the rows have shifted, and some were passed by.
        whole = whole and (last is None or last in isns)
        unreadable += page.rows - len(page.rubrics)
        totals.add(page.total)
        whole = whole and page.whole
        # The later sight of a rubric is the newer one.
        found.update((rubric.isn, rubric) for rubric in page.rubrics)
        if not page.more:
            break
        if page.cursor is None or page.rows == 0 or page.cursor in visited or _goes_back(page.cursor, cursor):
            raise UnexpectedAnswer(f"the cursor does not move on from {cursor}", operation)
        visited.add(page.cursor)
        back = _one_row_back(page.cursor, page.rows)
        last = isns[-1] if isns and back != page.cursor else None
        cursor = back
    total = totals.pop() if len(totals) == 1 else None
    return found, whole and total is not None and len(found) + unreadable >= total


def _one_row_back(cursor: str, rows: int) -> str:
    """The cursor from which the next page begins with the last row of this one; the same where that is not known."""
    try:
        return str(int(cursor) - 1) if rows > 1 else cursor
    except ValueError:
        return cursor


def _goes_back(following: str, cursor: str) -> bool:
    """Whether an offset is not a later one; of a cursor that is no number this cannot be told."""
    try:
        return int(following) <= int(cursor)
    except ValueError:
        return False
