"""How ДЕЛО describes the attribute «Статус ПОС» (AR_DESCRIPT): what keeps a status from being stored as it is.

Only the names of columns and tables are known (docs/delo-api.md). They are asked for under the names that ДЕЛО's others
have in GraphQL, where the server's own schema has them.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from baikaldoc_pos.delo.documents import Document
from baikaldoc_pos.delo.introspection import Ask, Field, ServerSchema

PAGE = "arDescriptsPg"
ATTRIBUTE_DESCRIPTION = "AttributeDescription"
# UI_READONLY, DEF_VAL and MAX_LEN.
READ_ONLY, DEFAULT, LENGTH = "uiReadonly", "defVal", "maxLen"
# AR_VALUE_LIST; whether in the plural, or as a page, is not known.
VALUE_LIST = "arvaluelist"

# The id of a sentence, and its fields.
AttributeFault = tuple[str, Mapping[str, object]]


def attribute_faults(
    server: ServerSchema, ask: Ask, api_name: str, statuses: Collection[str]
) -> tuple[list[AttributeFault], str] | None:
    """What is wrong with the attribute for these statuses, and the id of the sentence that says what could be read.

    None where the server does not tell of it.

    :param api_name: the attribute's name in AR_DESCRIPT.
    """
    node = server.fields(server.follow(server.query, PAGE, "edges", "node"))
    columns = [name for name in (READ_ONLY, DEFAULT, LENGTH) if name in node]
    condition = server.arguments(server.query, PAGE).get("filter")
    if condition is None or "apiName" not in server.fields(condition.type_name):
        return None
    value_list = _value_list(server, node)
    # The list is the less certain part: without it the columns may still be told.
    for asked in ([*columns, *value_list], columns):
        described = _described(ask, api_name, asked) if asked else None
        if described is not None:
            permitted = _permitted(described.get("values"))
            faults = list(_faults(described, permitted, statuses))
            return faults, "schema.attribute_list_unread" if permitted is None else "schema.attribute_read"
    return None


def _described(ask: Ask, api_name: str, asked: Collection[str]) -> Mapping[str, Any] | None:
    named = f"filter: {{apiName: {{equal: {{value: {json.dumps(api_name)}}}}}}}"
    text = f"query {ATTRIBUTE_DESCRIPTION} {{ {PAGE}({named}) {{ edges {{ node {{ {' '.join(asked)} }} }} }} }}"
    data: Any = ask(Document(ATTRIBUTE_DESCRIPTION, text)).data or {}
    try:
        (edge,) = data[PAGE]["edges"]
        node = edge["node"]
    except (KeyError, TypeError, ValueError):
        return None
    return node if isinstance(node, Mapping) else None


def _value_list(server: ServerSchema, node: Mapping[str, Field]) -> list[str]:
    """The question for the list: all texts of its rows, as the name of the one that holds the value is not known."""
    for name, field in node.items():
        if name.lower().startswith(VALUE_LIST):
            row = server.follow(field.type_name, "edges", "node")
            columns = server.fields(row or field.type_name).values()
            texts = " ".join(column.name for column in columns if column.type_name == "String")
            paged = f"edges {{ node {{ {texts} }} }} pageInfo {{ hasNextPage }}" if row else texts
            return [f"values: {name} {{ {paged} }}"] if texts else []
    return []


def _permitted(listed: Any) -> set[str] | None:
    """The texts of the list; None where it is not all here."""
    try:
        if isinstance(listed, Mapping):
            if listed["pageInfo"]["hasNextPage"]:
                return None
            listed = [edge["node"] for edge in listed["edges"]]
        return {text for row in listed for text in row.values() if isinstance(text, str)}
    except (AttributeError, KeyError, TypeError):
        return None


def _faults(
    node: Mapping[str, Any], permitted: Collection[str] | None, statuses: Collection[str]
) -> Iterator[AttributeFault]:
    if node.get(READ_ONLY) == 1:  # or true
        yield "schema.attribute_read_only", {}
    if node.get(DEFAULT):
        yield "schema.attribute_default", {"status": str(node[DEFAULT])}
    length = node.get(LENGTH)
    for status in sorted(statuses):
        if isinstance(length, int) and 0 < length < len(status):
            yield "schema.attribute_too_short", {"status": status, "most": length}
        if permitted and status not in permitted:
            yield "schema.attribute_not_listed", {"status": status}
