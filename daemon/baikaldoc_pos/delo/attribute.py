"""How ДЕЛО describes the attribute «Статус ПОС» (AR_DESCRIPT): what keeps a status from being stored as it is.

Only the columns are known (docs/delo-api.md). They are asked for under the names that ДЕЛО's other columns have in
GraphQL, where the server's own schema has them.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from baikaldoc_pos.delo.documents import Document
from baikaldoc_pos.delo.introspection import Ask, ServerSchema

PAGE = "arDescriptsPg"
OPERATION = "AttributeDescription"
# UI_READONLY, DEF_VAL and MAX_LEN.
READ_ONLY, DEFAULT, LENGTH = "uiReadonly", "defVal", "maxLen"

# The id of a sentence, and its fields.
AttributeFault = tuple[str, Mapping[str, object]]


def attribute_faults(
    server: ServerSchema, ask: Ask, api_name: str, statuses: Collection[str]
) -> list[AttributeFault] | None:
    """What is wrong with the attribute for these statuses; None where the server does not tell of it.

    :param api_name: the attribute's name in AR_DESCRIPT.
    """
    node = server.fields(server.follow(server.query, PAGE, "edges", "node"))
    asked = [name for name in (READ_ONLY, DEFAULT, LENGTH) if name in node]
    condition = server.arguments(server.query, PAGE).get("filter")
    if not asked or condition is None or "apiName" not in server.fields(condition.type_name):
        return None
    named = f"filter: {{apiName: {{equal: {{value: {json.dumps(api_name)}}}}}}}"
    text = f"query {OPERATION} {{ {PAGE}({named}) {{ edges {{ node {{ {' '.join(asked)} }} }} }} }}"
    answer = ask(Document(OPERATION, text))
    data: Any = answer.data or {}
    try:
        (edge,) = data[PAGE]["edges"]
        return list(_faults(edge["node"], statuses))
    except (KeyError, TypeError, ValueError):
        return None


def _faults(node: Mapping[str, Any], statuses: Collection[str]) -> Iterator[AttributeFault]:
    if node.get(READ_ONLY) == 1:  # or true
        yield "schema.attribute_read_only", {}
    if node.get(DEFAULT):
        yield "schema.attribute_default", {"status": str(node[DEFAULT])}
    length = node.get(LENGTH)
    if isinstance(length, int) and length > 0:
        for status in sorted(statuses):
            if len(status) > length:
                yield "schema.attribute_too_short", {"status": status, "most": length}
