"""Answers the two fields of ДЕЛО's schema from the store, with the faults of pages and of single writes."""

from typing import Any

from attrs import define, field, frozen
from graphql import GraphQLError, GraphQLResolveInfo

from tests.delo_server.data import Store, StoredRubric
from tests.delo_server.fault_kinds import AliasError, MissingKey, NullData, Refused, WriteFault, WrongEcho
from tests.delo_server.faults import Faults
from tests.delo_server.filters import BadCursorError, Page, as_record, cut, select
from tests.delo_server.schema import ServerKind

NOT_FOUND = "Запись не найдена"


@frozen
class Environment:
    """What an installation is made of, as far as its documents' execution knows."""

    store: Store
    faults: Faults
    max_page_size: int


@define
class Context:
    """One execution: whose it is, and the keys to leave out of its data."""

    environment: Environment
    session: str
    missing: list[str] = field(factory=list)


def resolve_page(_root: object, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """``arRubricValuesPg``."""
    context: Context = info.context
    environment = context.environment
    faults = environment.faults
    condition = dict(arguments.get("filter") or {})
    kind = faults.kind
    pos = kind.name("posStatusRub")
    asks_for_empty = any(key != "isNullOrEmpty" or value for key, value in (condition.get(pos) or {}).items())
    if faults.ignore_pos_filter:
        condition.pop(pos, None)
    if faults.ignore_isn_filter:
        condition.pop("isnRefRubric", None)
    sstu = condition.get(kind.name("eosSstuStatus"), {})
    if faults.ignore_sstu_values and {"in", "notIn"} & sstu.keys():
        condition.pop(kind.name("eosSstuStatus"))
    rows = select(environment.store.rubrics(), condition, arguments.get("orderby"), kind)
    if asks_for_empty and faults.hide_pending:
        hidden = {"null": (None,), "empty": ("",), "all": (None, "")}[faults.hide_pending]
        rows = [row for row in rows if row[pos] not in hidden]
    after = arguments.get("after") or "-1"
    endless = faults.endless_pages and bool(rows)
    asked = str((int(after) + 1) % len(rows) - 1) if endless else after
    try:
        page = cut(rows, arguments.get("first"), asked, environment.max_page_size)
    except BadCursorError as error:
        raise GraphQLError(f"Неверная страница: {error}") from None
    shown = [_shown(row, faults) for row in _with_repeats(rows, page, faults.repeat_rows)]
    stuck = faults.stuck_cursor
    return {
        "totalCount": len(rows),
        "edges": None if faults.null_edges else [{"node": row} for row in shown],
        "items": None if faults.null_edges else [row for row in shown if row is not None],
        "pageInfo": {
            "endCursor": after if stuck else str(int(after) + len(page.rows)) if endless else page.end_cursor,
            "hasNextPage": stuck or endless or page.has_next,
        },
    }


def _with_repeats(rows: list[dict[str, Any]], page: Page, count: int) -> list[dict[str, Any]]:
    if not count:
        return page.rows
    if page.start == 0:
        return page.rows + page.rows[:count]
    return rows[max(page.start - count, 0) : page.start] + page.rows


def _shown(row: dict[str, Any], faults: Faults) -> dict[str, Any] | None:
    isn = row["isnRefRubric"]
    if isn in faults.null_nodes:
        return None
    return {**row, "isnRefRubric": None} if isn in faults.null_isns else row


def resolve_description(_root: object, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """``arDescriptsPg``: the attribute, where it is asked for by its name."""
    faults = info.context.environment.faults
    named = arguments["filter"]["apiName"]["equal"]["value"] == faults.kind.name("POS_STATUS_RUB")
    return {"edges": [{"node": faults.attribute}] if named else []}


def resolve_update(_root: object, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any] | None:
    """``updateArRubricValue``: stores whatever stood there before, unless a fault is set for the rubric."""
    context: Context = info.context
    asked = arguments["input"]
    data = asked["data"]
    isn = data["isnRefRubric"]
    client = {"clientMutationId": asked.get("clientMutationId")}
    known = context.environment.store.get(isn)
    fault = context.environment.faults.writes.get(isn)
    kind = context.environment.faults.kind
    rubric = known and _store(context, known, data.get(kind.name("posStatusRub"), known.pos), fault)
    if rubric is None:
        return {**client, "success": False, "message": NOT_FOUND, "messageCode": "NOT_FOUND"}
    if isinstance(fault, AliasError):
        raise GraphQLError(fault.message)
    if isinstance(fault, MissingKey):
        context.missing.append(str(info.path.key))
    payload = _payload(rubric, fault, kind)
    return {**client, **payload} if payload is not None else None


def _payload(rubric: StoredRubric, fault: WriteFault | None, kind: ServerKind) -> dict[str, Any] | None:
    match fault:
        case None:
            return {"success": True, "data": as_record(rubric, kind)}
        case WrongEcho():
            return {"success": True, "data": {**as_record(rubric, kind), kind.name("posStatusRub"): fault.value}}
        case NullData():
            return {"success": True}
        case Refused():
            words = {"message": fault.message, "messageCode": fault.code, "systemMessage": fault.system_message}
            return {"success": False, **words}
        case _:
            return None


def _store(context: Context, known: StoredRubric, value: str | None, fault: WriteFault | None) -> StoredRubric | None:
    match fault:
        case None | WrongEcho(stores="asked"):
            stored = value
        case WrongEcho(stores="echoed"):
            stored = fault.value
        case _ if fault.stores is True:
            stored = value
        case _:
            return known
    return context.environment.store.write(known.isn, stored, context.session)
