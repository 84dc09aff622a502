"""Evaluates ДЕЛО's filter objects, sorts, and cuts pages by offset cursors.

A filter is the coerced GraphQL input: nested mappings, joined by AND. Knows nothing of GraphQL itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from tests.delo_server.data import StoredRubric
from tests.delo_server.schema import KIND_NAMES, ServerKind

POS_API_NAME = "POS_STATUS_RUB"
SSTU_API_NAME = "EOS_SSTU_STATUS"

Condition = Mapping[str, Any]


class BadCursorError(ValueError):
    """``first`` or ``after`` is out of range or not an offset."""


def _value(operand: Any) -> Any:
    return operand["value"]


def _values(operands: Iterable[Any]) -> list[Any]:
    return [_value(operand) for operand in operands]


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equal": lambda value, operand: bool(value == _value(operand)),
    "in": lambda value, operand: value in _values(operand),
    "notIn": lambda value, operand: value not in _values(operand),
    "contains": lambda value, operand: value is not None and _value(operand) in value,
    "greaterOrEqual": lambda value, operand: value is not None and bool(value >= _value(operand)),
    "lessOrEqual": lambda value, operand: value is not None and bool(value <= _value(operand)),
    "isNullOrEmpty": lambda value, operand: (value is None or value == "") == operand,
    "isNull": lambda value, operand: (value is None) == operand,
    "matches": lambda value, operand: value is not None and fits(operand, value),
    "any": lambda values, operand: any(fits(operand, value) for value in values or ()),
}


def fits(condition: Condition | None, record: Mapping[str, Any]) -> bool:
    """Whether every condition of the object holds for the record. Null conditions say nothing."""
    return all(
        _OPERATORS[operator](record[name], operand)
        for name, operators in (condition or {}).items()
        for operator, operand in (operators or {}).items()
        if operand is not None
    )


def as_record(rubric: StoredRubric, kind: ServerKind) -> dict[str, Any]:
    """The rubric under the names that filters and selections of this server use."""
    carried = [SSTU_API_NAME, kind.name(POS_API_NAME)] if rubric.carries_pos else [SSTU_API_NAME]
    return {
        "isnRefRubric": rubric.isn,
        kind.name("eosSstuStatus"): rubric.sstu,
        kind.name("posStatusRub"): rubric.pos,
        "refRubric": {
            "insDate": rubric.ins_date,
            "docRc": {
                "isnDoc": rubric.document_isn,
                "freeNum": rubric.number,
                "kindDoc": KIND_NAMES[rubric.kind_doc] if kind.kind_names else rubric.kind_doc,
                "docgroupCl": {"arDocgroups": [{"arDescript": {"apiName": name}} for name in carried]},
            },
        },
    }


def select(
    rubrics: Iterable[StoredRubric],
    condition: Condition | None,
    orderby: Sequence[Mapping[str, str]] | None,
    kind: ServerKind,
) -> list[dict[str, Any]]:
    """The records that fit, sorted as asked for; by ISN where nothing was asked for."""
    rows = [record for rubric in rubrics if fits(condition, record := as_record(rubric, kind))]
    rows.sort(key=lambda row: row["isnRefRubric"])
    # Stable sorts from the last key to the first give the order of all keys.
    for name, direction in reversed([pair for keys in orderby or () for pair in keys.items()]):
        rows.sort(key=lambda row, name=name: row[name] or 0, reverse=direction == "Desc")  # type: ignore[misc]
    return rows


@frozen
class Page:
    """Part of the rows: ``start`` is the offset of the first, ``end_cursor`` that of the last."""

    rows: list[dict[str, Any]]
    start: int
    end_cursor: str
    has_next: bool


def cut(rows: Sequence[dict[str, Any]], first: int | None, after: str | None, limit: int) -> Page:
    """The page after a cursor, at most ``first`` and never more than the server's own limit.

    :raises BadCursorError: ``first`` is negative, or ``after`` is not an offset from -1 on.
    """
    cursor = "-1" if after is None else after
    try:
        start = int(cursor) + 1
    except ValueError:
        raise BadCursorError(f"after: {cursor!r}") from None
    if start < 0 or (first is not None and first < 0):
        raise BadCursorError(f"first: {first}, after: {cursor!r}")
    page = list(rows[start : start + min(limit if first is None else first, limit)])
    end_cursor = str(start + len(page) - 1) if page else cursor
    return Page(page, start, end_cursor, start + len(page) < len(rows))
