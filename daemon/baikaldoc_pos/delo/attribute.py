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
OPERATION = "AttributeDescription"
# UI_READONLY, DEF_VAL and MAX_LEN.
READ_ONLY, DEFAULT, LENGTH = "uiReadonly", "defVal", "maxLen"
# AR_VALUE_LIST; whether in the plural, or as a page, is not known.
VALUE_LIST = "arvaluelist"
LIST_UNREAD = "schema.attribute_list_unread"

# The id of a sentence, and its fields.
AttributeFault = tuple[str, Mapping[str, object]]


def attribute_faults(
    server: ServerSchema, ask: Ask, api_name: str, statuses: Collection[str]
) -> tuple[list[AttributeFault], str]:
    """What is wrong with the attribute for these statuses, and the id of the sentence that says what could be read.

    :param api_name: the attribute's name in AR_DESCRIPT.
    """
    unread: tuple[list[AttributeFault], str] = [], "schema.attribute_unread"
    node = server.fields(server.follow(server.query, PAGE, "edges", "node"))
    value_list = next((field for name, field in node.items() if name.lower().startswith(VALUE_LIST)), None)
    asked = [name for name in (READ_ONLY, DEFAULT, LENGTH) if name in node]
    asked += [f"values: {value_list.name} {_values_selection(server, value_list)}"] if value_list else []
    condition = server.arguments(server.query, PAGE).get("filter")
    if not asked or condition is None or "apiName" not in server.fields(condition.type_name):
        return unread
    named = f"filter: {{apiName: {{equal: {{value: {json.dumps(api_name)}}}}}}}"
    text = f"query {OPERATION} {{ {PAGE}({named}) {{ edges {{ node {{ {' '.join(asked)} }} }} }} }}"
    answer = ask(Document(OPERATION, text))
    data: Any = answer.data or {}
    try:
        (edge,) = data[PAGE]["edges"]
        permitted = _permitted(edge["node"].get("values"))
        faults = list(_faults(edge["node"], permitted or (), statuses))
    except (AttributeError, KeyError, TypeError, ValueError):
        return unread
    return faults, LIST_UNREAD if permitted is None else "schema.attribute_read"


def _values_selection(server: ServerSchema, value_list: Field) -> str:
    """All texts of a row, as the name of the one that holds the value is not known."""
    row = server.follow(value_list.type_name, "edges", "node")
    texts = [field.name for field in server.fields(row or value_list.type_name).values() if field.type_name == "String"]
    selection = f"{{ __typename {' '.join(texts)} }}"
    return f"{{ edges {{ node {selection} }} pageInfo {{ hasNextPage }} }}" if row else selection


def _permitted(listed: Any) -> set[str] | None:
    """The texts of the list; None where it is not all here."""
    if isinstance(listed, Mapping):
        if listed["pageInfo"]["hasNextPage"]:
            return None
        listed = [edge["node"] for edge in listed["edges"]]
    if listed is None:
        return None
    return {text for row in listed for name, text in row.items() if name != "__typename" and isinstance(text, str)}


def _faults(node: Mapping[str, Any], permitted: Collection[str], statuses: Collection[str]) -> Iterator[AttributeFault]:
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
