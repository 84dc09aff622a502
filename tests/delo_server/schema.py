"""Builds ДЕЛО's schema from schema/delo.graphql, whole or without the things that a server may lack."""

from collections.abc import Set as AbstractSet
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

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

from tests.delo_server.documents import RULES, parsed

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


@lru_cache(maxsize=32)
def schema_without(lacks: frozenset[str]) -> GraphQLSchema:
    """The schema without the named fields and arguments; raises KeyError for a name that it does not have."""
    schema = build_schema(SDL.read_text(encoding="utf-8"))
    instant = schema.type_map["DateTime"]
    assert isinstance(instant, GraphQLScalarType)
    instant.parse_value = _parse_instant  # type: ignore[method-assign]
    instant.serialize = _print_instant  # type: ignore[method-assign]
    for lack in sorted(lacks):
        _take_away(schema, *lack.split("."))
    return schema


def _take_away(schema: GraphQLSchema, type_name: str, field: str, argument: str | None = None) -> None:
    kind = schema.type_map[type_name]
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
def faults_of(text: str, lacks: frozenset[str]) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """The document's tree and everything that is wrong with it: syntax, the schema, and names nobody knows."""
    try:
        document = parsed(text)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(schema_without(lacks), document, (*specified_rules, *RULES)))


def known_lacks(lacks: AbstractSet[str]) -> frozenset[str]:
    """The lacks as a key of the caches; raises KeyError if the schema has no such thing to lack."""
    names = frozenset(str(lack) for lack in lacks)
    schema_without(names)
    return names
