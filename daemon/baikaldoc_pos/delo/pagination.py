"""Reading a whole result set page by page, where a cursor is an offset (docs/delo-api.md, "GraphQL").

A set that shrinks or grows while it is paged shifts its rows, so a reading counts as whole only where the server
named the same total on every page, so many different rows were seen, and each page began with the last row of the
one before; otherwise it is read again. A whole reading holds what its own pass saw: what earlier ones saw and it did
not has left the set. Where none is whole, the caller learns so, and has what was seen at all.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from attrs import evolve, frozen

from baikaldoc_pos.delo.documents import Document
from baikaldoc_pos.delo.responses import GraphqlAnswer
from baikaldoc_pos.errors import SchemaMismatch, UnexpectedAnswer
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.model import LONGEST_STATUS, Rubric

log = EventLog(__name__)
T = TypeVar("T")

START = "-1"
PAGE = "arRubricValuesPg"
# Why a set could not be read whole.
SHIFTED = "window.reason.shifted"
UNREADABLE_ROWS = "window.reason.rows"
STUCK = "window.reason.stuck"
ENDLESS = "window.reason.endless"
OUT_OF_TIME = "window.reason.time"
WRONG_TOTAL = "window.reason.total"
PASSES = 3
# The bound of a reading whatever total is named; each page shows the last row of the one before again.
MOST_ROWS = 300_000
# What the journal's integers hold.
_ISNS = range(-(2**63), 2**63)


@frozen
class Page:
    """One page: its rubrics, how many rows it had (readable or not), and where it ended.

    :param unreadable: where its unreadable rows are.
    :param message: what the server said beside the rows.
    """

    rubrics: Sequence[Rubric]
    rows: int
    total: int | None
    cursor: str | None
    more: bool
    whole: bool = True
    unreadable: tuple[str, ...] = ()
    message: str = ""


@frozen
class ReadResult:
    """Rubrics without duplicates, and whether the set was read whole.

    :param reason: the id of the sentence that tells why it was not.
    :param total: how many rubrics the server named last.
    :param unreadable: where its unreadable rows are: an ISN, or the ISNs between which a row stands.
    :param message: what the server said beside the rows.
    """

    rubrics: Sequence[Rubric]
    whole: bool
    reason: str = ""
    total: int | None = None
    unreadable: tuple[str, ...] = ()
    message: str = ""


def read_all(fetch: Callable[[str], Page], in_time: Callable[[], bool] = lambda: True) -> ReadResult:
    """Read every page through ``fetch(cursor)``, as long as there is time for another."""
    seen: dict[int, Rubric] = {}
    for _ in range(PASSES):
        reading = _read_once(fetch, in_time)
        if reading.whole:
            return reading
        seen.update((rubric.isn, rubric) for rubric in reading.rubrics)
        if reading.reason in {ENDLESS, OUT_OF_TIME}:
            break
    return evolve(reading, rubrics=tuple(seen.values()))


def _read_once(fetch: Callable[[str], Page], in_time: Callable[[], bool]) -> ReadResult:
    found: dict[int, Rubric] = {}
    cursor, rows, reason, message = START, 0, "", ""
    unreadable: dict[str, None] = {}
    totals: set[int | None] = set()
    visited = {cursor}
    last: int | None = None
    while True:
        page = fetch(cursor)
        isns = [rubric.isn for rubric in page.rubrics]
        # It should stand here once more; where it does not, the rows have shifted, and some were passed by.
        if last is not None and last not in isns:
            reason = reason or SHIFTED
        rows += page.rows
        unreadable |= dict.fromkeys(page.unreadable)
        message = message or page.message
        totals.add(page.total)
        if not page.whole:
            reason = UNREADABLE_ROWS
        # The later sight of a rubric is the newer one.
        found.update((rubric.isn, rubric) for rubric in page.rubrics)
        if not page.more:
            break
        if page.cursor is None or page.rows == 0 or page.cursor in visited or _goes_back(page.cursor, cursor):
            reason = STUCK
            break
        # Small pages and repeated rows show each rubric a few times.
        if rows > MOST_ROWS or (page.total is not None and rows > 5 * page.total + 100):
            reason = ENDLESS
            break
        if not in_time():
            reason = OUT_OF_TIME
            break
        visited.add(page.cursor)
        back = _one_row_back(page.cursor, page.rows)
        last = isns[-1] if isns and back != page.cursor else None
        cursor = back
    if len(totals) > 1 or page.total is None or len(found) + len(unreadable) < page.total:
        reason = reason or WRONG_TOTAL
    return ReadResult(tuple(found.values()), not reason, reason, page.total, tuple(unreadable), message)


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


def page_of(answer: GraphqlAnswer, document: Document, alias: str = PAGE) -> Page:
    """A page of rubrics out of an answer; raises SchemaMismatch where the query as such was refused.

    A row that cannot be relied on is left out and makes the page not whole: a null where a status may stand would
    have somebody's decision overwritten.
    """
    _check(answer, document)
    try:
        return _read_page(answer, document, alias)
    except (ValueError, TypeError, KeyError) as misfit:
        raise UnexpectedAnswer("no page", document.name, server_message=answer.words) from misfit


def counts_of(answer: GraphqlAnswer, document: Document) -> Mapping[str, int]:
    """The totals of an answer by their alias; raises SchemaMismatch where the query as such was refused."""
    _check(answer, document)
    counts: dict[str, int] = {}
    for alias, page in (answer.data or {}).items():
        total = page.get("totalCount") if isinstance(page, Mapping) else None
        if type(total) is not int or total < 0:
            break
        counts[alias] = total
    if len(counts) != document.text.count("totalCount"):
        raise UnexpectedAnswer("no counts", document.name, server_message=answer.words)
    return counts


def _check(answer: GraphqlAnswer, document: Document) -> None:
    """Raise SchemaMismatch where a query was refused as such, and UnexpectedAnswer for a 5xx."""
    if answer.data is None and answer.status >= 500:
        raise UnexpectedAnswer(f"HTTP {answer.status}", document.name, server_message=answer.words)
    if answer.data is None and not any(error.path for error in answer.errors):
        raise SchemaMismatch(document.name, answer.words, final=answer.status == 400)


def _read_page(answer: GraphqlAnswer, document: Document, alias: str) -> Page:
    """The page; ValueError, TypeError or KeyError where the data is of another form, or lacks a field.

    The answer is read as it came: through the generated types it takes most of a reading's time.
    """
    result: Any = (answer.data or {})[alias]
    found, paging = result["edges"], result["pageInfo"]
    edges = found or []
    if not isinstance(edges, list):
        raise TypeError("edges")
    read = _rubrics(edges, _failed_rows(answer, alias))
    rubrics = tuple(rubric for rubric in read if rubric is not None)
    unreadable = tuple(_place(edges, read, place) for place, rubric in enumerate(read) if rubric is None)
    if answer.errors and not unreadable:
        log.warning("delo.errors_beside_data", operation=document.name, message=answer.words)
    return Page(
        rubrics=rubrics,
        rows=len(edges),
        total=_of(int, result["totalCount"]),
        cursor=_of(str, paging["endCursor"]),
        more=bool(paging["hasNextPage"]),
        whole=not unreadable and found is not None,
        unreadable=unreadable,
        message=answer.words,
    )


def _failed_rows(answer: GraphqlAnswer, alias: str) -> frozenset[int]:
    """The places of rows in which something failed: what is null there may not be null in ДЕЛО.

    :raises ValueError: something failed that belongs to no row.
    """
    paths = [error.path for error in answer.errors if error.path and (alias == PAGE or error.path[0] == alias)]
    if any(len(path) < 3 or path[1] != "edges" or type(path[2]) is bool for path in paths):
        raise ValueError(answer.words)
    return frozenset(int(str(path[2])) for path in paths)


def _rubrics(edges: Sequence[Any], failed: frozenset[int]) -> Sequence[Rubric | None]:
    """The rubrics of rows; None for a row that cannot be relied on."""
    return [None if place in failed else _rubric(edge["node"] if edge else None) for place, edge in enumerate(edges)]


def _rubric(node: Any) -> Rubric | None:
    if not node or not _is_isn(node["isnRefRubric"]):
        return None
    reference = node["refRubric"]
    card = reference["docRc"] if reference else None
    return Rubric(
        isn=node["isnRefRubric"],
        document_isn=card["isnDoc"] if card and _is_isn(card["isnDoc"]) else None,
        number=_text(card["freeNum"]) if card else None,
        sstu_status=_text(node["eosSstuStatus"]),
        pos_status=_text(node["posStatusRub"]),
    )


def _place(edges: Sequence[Any], read: Sequence[Rubric | None], place: int) -> str:
    """The ISN of an unreadable row, else those between which it stands: rows come in their order."""
    node = edges[place]["node"] if edges[place] else None
    if node and _is_isn(node["isnRefRubric"]):
        return str(node["isnRefRubric"])
    before = next((rubric.isn for rubric in reversed(read[:place]) if rubric is not None), "")
    after = next((rubric.isn for rubric in read[place:] if rubric is not None), "")
    return f"{before}…{after}"


def _text(value: object) -> str | None:
    """A text, cut where it is longer than any status or number."""
    text = _of(str, value)
    return text if text is None or len(text) <= LONGEST_STATUS else f"{text[: LONGEST_STATUS - 1]}…"


def _of(kind: type[T], value: object) -> T | None:
    """The value, or null; TypeError where it is of another type."""
    if value is None or type(value) is kind:
        return value
    raise TypeError(f"{type(value).__name__} in place of {kind.__name__}")


def _is_isn(value: object) -> bool:
    return type(value) is int and value in _ISNS
