"""Builds ДЕЛО's schema from schema/delo.graphql, as one of the servers that may be met has it.

The names that schema/delo.graphql marks as ours are exchanged for others: whoever relies on one is found out.
"""

import re
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from attrs import evolve, frozen
from graphql import (
    DocumentNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    build_schema,
    specified_rules,
    validate,
)

from tests.delo_server.documents import parsed, rules_of

SDL = Path(__file__).parents[2] / "schema" / "delo.graphql"


class Lack(StrEnum):
    """The things marked *likely*, as ``Type.field``; any other field or ``Type.field.argument`` may be named too."""

    POS_STATUS_FILTER = "ArRubricValueFilter.posStatusRub"
    ISN_FILTER = "ArRubricValueFilter.isnRefRubric"
    ISN_ORDER = "ArRubricValueSort.isnRefRubric"
    ORDER = "Query.arRubricValuesPg.orderby"


def _parse_instant(value: Any) -> datetime:
    if not isinstance(value, str):
        raise GraphQLError(f"DateTime cannot represent {value!r}: a string is needed.")
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as error:
        raise GraphQLError(f"DateTime cannot represent {value!r}: {error}.") from None
    if instant.tzinfo is None:
        raise GraphQLError(f"DateTime cannot represent {value!r}: the offset is missing.")
    return instant


def _print_instant(value: Any) -> str:
    if not isinstance(value, datetime):
        raise GraphQLError(f"DateTime cannot represent {value!r}.")
    return value.isoformat()


@frozen
class ServerKind:
    """What one server's schema is like. The default has everything that was seen anywhere.

    :param lacks: fields, filters and arguments that it lacks (see ``Lack``).
    :param input_type: whether the type ``UpdateArRubricValueInput`` goes by this name.
    :param null_or_empty_true: whether ``isNullOrEmpty`` may be true.
    :param introspection: whether it describes its schema.
    :param one_type: whether it describes a type by its name (``__type``).
    :param alias_limit: how many fields a document may ask for at its root.
    :param names: names of this installation for those of schema/delo.graphql: (usual, other).
    :param kind_names: ``kindDoc`` is an enumeration.
    :param attribute: the descriptions of attributes (AR_DESCRIPT) can be read.
    """

    lacks: frozenset[str] = frozenset()
    input_type: bool = True
    null_or_empty_true: bool = True
    introspection: bool = True
    one_type: bool = True
    alias_limit: int | None = None
    names: tuple[tuple[str, str], ...] = ()
    kind_names: bool = False
    attribute: bool = False

    def name(self, usual: str) -> str:
        """The name that this installation has for a usual one."""
        return dict(self.names).get(usual, usual)


PLAIN_ANSWER = frozenset(
    f"UpdateArRubricValuePayload.{name}" for name in ("messageCode", "messageData", "systemMessage", "clientMutationId")
)
KIND_NAMES = {1: "INCOMING", 2: "CITIZEN_LETTER", 3: "OUTGOING"}
_KIND_TYPES = """
enum KindName { INCOMING CITIZEN_LETTER OUTGOING }
input KindValue { value: KindName! }
input KindCondition { equal: KindValue in: [KindValue!] notIn: [KindValue!] }
"""
_DESCRIPTIONS = """
extend type Query { arDescriptsPg(filter: ArDescriptFilter ): ArDescriptPage }
type ArDescriptPage { # ours
  edges: [ArDescriptEdge]
}
type ArDescriptEdge { # ours
  node: ArDescript
}
type ArDescript { # ours
  apiName: String uiReadonly: Int defVal: String maxLen: Int arValueLists: [ArValueList] arValueListsPg: ArValueListPage
}
type ArValueListPage { # ours
  edges: [ArValueListEdge] pageInfo: PageInfo
}
type ArValueListEdge { # ours
  node: ArValueList
}
type ArValueList { # ours
  isn: Int listValue: String remark: String
}
"""
_OURS = re.compile(r"^(?:type|input|enum) (\w+) \{ # ours", re.MULTILINE)


def served_name(name: str) -> str:
    """The name that the stand-in gives to a type whose real one nobody knows."""
    return f"Eos{name}"


def _sdl(kind: ServerKind) -> str:
    text = SDL.read_text(encoding="utf-8")
    if kind.kind_names:
        text = text.replace("kindDoc: IntCondition", "kindDoc: KindCondition") + _KIND_TYPES
    if kind.attribute:
        text += _DESCRIPTIONS
    for usual, other in kind.names:
        text = re.sub(rf"\b{usual}\b", other, text)
    ours = _OURS.findall(text)
    if not kind.input_type:
        ours.append("UpdateArRubricValueInput")
    text = re.sub(rf"\b({'|'.join(ours)})\b(?=[ !\]\n])", lambda found: served_name(found[0]), text)
    return f"schema {{ query: {served_name('Query')} mutation: {served_name('Mutation')} }}\n{text}"


@lru_cache(maxsize=64)
def schema_of(kind: ServerKind) -> GraphQLSchema:
    """The schema; raises KeyError for a thing to lack that it does not have."""
    schema = build_schema(_sdl(kind))
    instant = schema.type_map["DateTime"]
    assert isinstance(instant, GraphQLScalarType)
    instant.parse_value = _parse_instant  # type: ignore[method-assign]
    instant.serialize = _print_instant  # type: ignore[method-assign]
    for lack in sorted(kind.lacks):
        type_name, field, *argument = lack.split(".")
        _take_away(schema, type_name, kind.name(field), *argument)
    return schema


def _take_away(schema: GraphQLSchema, type_name: str, field: str, argument: str | None = None) -> None:
    kind = schema.type_map[served_name(type_name)]
    assert isinstance(kind, GraphQLObjectType | GraphQLInputObjectType)
    if argument is not None:
        arguments: dict[str, GraphQLArgument] = kind.fields[field].args
        del arguments[argument]
        return
    removed = kind.fields.pop(field)
    if not kind.fields:  # a type without fields is no type
        other: Any = GraphQLInputField(GraphQLString) if isinstance(kind, GraphQLInputObjectType) else removed
        kind.fields["somethingElse"] = other


@lru_cache(maxsize=512)
def faults_of(text: str, kind: ServerKind) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """The document's tree and everything that is wrong with it: syntax, the schema, and names nobody knows."""
    try:
        document = parsed(text)
    except GraphQLError as error:
        return None, (error,)
    rules = rules_of(
        input_type=kind.input_type,
        null_or_empty_true=kind.null_or_empty_true,
        introspection=kind.introspection,
        one_type=kind.one_type,
        alias_limit=kind.alias_limit,
    )
    return document, tuple(validate(schema_of(kind), document, (*specified_rules, *rules)))


def checked(kind: ServerKind) -> ServerKind:
    """The kind with plain names as a key of the caches; raises KeyError if the schema has no such thing to lack."""
    plain = evolve(kind, lacks=frozenset(str(lack) for lack in kind.lacks))
    schema_of(plain)
    return plain
