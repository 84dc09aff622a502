"""Reading one page of rubrics out of an answer.

A row that cannot be relied on is left out and makes the page not whole: a null where a status may stand would have
somebody's decision overwritten.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from baikaldoc_pos.delo.documents import Document
from baikaldoc_pos.delo.pagination import Page
from baikaldoc_pos.delo.responses import GraphqlAnswer
from baikaldoc_pos.errors import SchemaMismatch, UnexpectedAnswer
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.model import Rubric

log = EventLog(__name__)

# What the journal's integers hold.
_ISNS = range(-(2**63), 2**63)


def page_of(answer: GraphqlAnswer, document: Document) -> Page:
    """A page of rubrics out of an answer; raises SchemaMismatch where the query as such was refused."""
    if answer.data is None and answer.status >= 500:
        raise UnexpectedAnswer(f"HTTP {answer.status}: {answer.words}", document.name)
    if answer.data is None and not any(error.path for error in answer.errors):
        raise SchemaMismatch(document.name, answer.words)
    try:
        return _read_page(answer, document)
    except (ValueError, AttributeError) as misfit:
        raise UnexpectedAnswer(answer.words or f"{type(misfit).__name__}: no page", document.name) from misfit


def _read_page(answer: GraphqlAnswer, document: Document) -> Page:
    """The page; ValueError or AttributeError where the data is of another form, or lacks a field that was asked for."""
    result = (document.operation + {"data": answer.data or {}}).ar_rubric_values_pg
    edges = result.edges or []
    rubrics = tuple(_rubrics(edges, _failed_rows(answer)))
    if len(rubrics) < len(edges):
        log.warning(
            "delo.unreadable_rows", operation=document.name, rows=len(edges) - len(rubrics), message=answer.words
        )
    elif answer.errors:
        log.warning("delo.errors_beside_data", operation=document.name, message=answer.words)
    return Page(
        rubrics=rubrics,
        rows=len(edges),
        total=result.total_count,
        cursor=result.page_info.end_cursor,
        more=bool(result.page_info.has_next_page),
        whole=len(rubrics) == len(edges) and result.edges is not None,
    )


def _failed_rows(answer: GraphqlAnswer) -> frozenset[object]:
    """The places of rows in which something failed: what is null there may not be null in ДЕЛО.

    :raises ValueError: something failed that belongs to no row.
    """
    paths = [error.path for error in answer.errors if error.path]
    if any(len(path) < 3 or path[1] != "edges" for path in paths):
        raise ValueError(answer.words)
    return frozenset(path[2] for path in paths)


def _rubrics(edges: Sequence[Any], failed: frozenset[object]) -> Iterator[Rubric]:
    for place, edge in enumerate(edges):
        # An absent object reads as an empty one, which is falsy, and has no attributes.
        node = edge.node if edge else None
        # As it came: sgqlc would take 1.5 for 1, and another rubric would be written.
        if not node or place in failed or not _is_isn(node.__json_data__.get("isnRefRubric")):
            continue
        card = node.ref_rubric.doc_rc if node.ref_rubric else None
        yield Rubric(
            isn=node.isn_ref_rubric,
            document_isn=card.isn_doc if card and _is_isn(card.isn_doc) else None,
            number=card.free_num if card else None,
            sstu_status=node.eos_sstu_status,
            pos_status=node.pos_status_rub,
        )


def _is_isn(value: object) -> bool:
    return type(value) is int and value in _ISNS
