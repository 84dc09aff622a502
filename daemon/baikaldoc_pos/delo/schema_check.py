"""The server's schema as graphql-core has it: what fits it, and its text. Not for cycles: graphql-core loads slowly."""

import re
from collections.abc import Iterable

from graphql import GraphQLSchema, build_client_schema, parse, print_schema, validate

from baikaldoc_pos.config import Attributes
from baikaldoc_pos.delo.documents import Document
from baikaldoc_pos.delo.introspection import INTROSPECTION, ServerSchema
from baikaldoc_pos.errors import UnexpectedAnswer


def misfits(server: ServerSchema, documents: Iterable[Document]) -> list[tuple[str, str]]:
    """The operations that do not fit the schema, with the reason of each."""
    schema = _client_schema(server)
    return [(each.name, error.message) for each in documents for error in validate(schema, parse(each.text))]


def sdl(server: ServerSchema, attributes: Attributes) -> str:
    """The part of the schema that the operations reach, under the usual names, fit for ``schema/delo.graphql``."""
    usual = Attributes()
    names = {attributes.sstu_field: usual.sstu_field, attributes.pos_field: usual.pos_field}
    pattern = rf"\b({'|'.join(map(re.escape, names))})(?=:)"
    return re.sub(pattern, lambda found: names[found[1]], print_schema(_client_schema(server))) + "\n"


def _client_schema(server: ServerSchema) -> GraphQLSchema:
    types = [dict(described, interfaces=[], possibleTypes=None) for described in server.reached()]
    schema = {
        "queryType": {"name": server.query},
        "mutationType": {"name": server.mutation} if server.mutation else None,
        "subscriptionType": None,
        "types": types,
        "directives": [],
    }
    try:
        return build_client_schema({"__schema": schema}, assume_valid=True)  # type: ignore[typeddict-item]
    except (KeyError, TypeError) as fault:
        raise UnexpectedAnswer("the schema is not described whole", INTROSPECTION) from fault
