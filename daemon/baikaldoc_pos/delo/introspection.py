"""What a server tells of its own schema, as far as the operations reach.

The server's names of types are followed from the two fields that are known (docs/delo-api.md), a few types a request:
the whole schema of ДЕЛО is large.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

from attrs import frozen
from delo_schema import schema as generated

from baikaldoc_pos.config import Attributes
from baikaldoc_pos.delo.documents import Document
from baikaldoc_pos.delo.responses import GraphqlAnswer

INTROSPECTION = "Introspection"
TYPES_AT_ONCE = 3
MOST_CANDIDATES = 8
_REFERENCE = "kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } }"
_INPUT = f"name description defaultValue type {{ {_REFERENCE} }}"
_TYPE = (
    f"kind name description fields {{ name description args {{ {_INPUT} }} type {{ {_REFERENCE} }} }} "
    f"inputFields {{ {_INPUT} }} enumValues {{ name description }}"
)
_ROOTS = "query Introspection { __schema { queryType { name } mutationType { name } } }"

Ask = Callable[[Document], GraphqlAnswer]


@frozen
class Field:
    """A field, argument or input field of a type.

    :param type_name: the type that it leads to, without lists and non-nulls.
    """

    name: str
    type_name: str
    described: Mapping[str, Any]


class ServerSchema:
    """The server's types, asked for when they are looked at.

    :param ask: sends a document.
    :param attributes: the names of the installation.
    """

    def __init__(self, ask: Ask, attributes: Attributes) -> None:
        self._ask = ask
        # A scalar has no fields.
        types = [type_ for type_ in generated.schema if hasattr(type_, "__field_names__")]
        self._known = {field.graphql_name for type_ in types for field in type_}
        self._known |= {attributes.sstu_field, attributes.pos_field}
        self._types: dict[str, Mapping[str, Any] | None] = {}
        self.query, self.mutation = "", ""

    def open(self) -> bool:
        """Whether the server describes its schema; to be called first."""
        roots = self._data(_ROOTS).get("__schema")
        if not isinstance(roots, Mapping):
            return False
        self.query = _name(roots.get("queryType"))
        self.mutation = _name(roots.get("mutationType"))
        self.load([self.query, self.mutation])
        return bool(self.described(self.query))

    def load(self, names: Sequence[str]) -> None:
        """Ask for these types, where they are not known already."""
        missing = [name for name in dict.fromkeys(names) if name and name not in self._types]
        for start in range(0, len(missing), TYPES_AT_ONCE):
            chunk = missing[start : start + TYPES_AT_ONCE]
            aliases = " ".join(f't{i}: __type(name: "{name}") {{ {_TYPE} }}' for i, name in enumerate(chunk))
            data = self._data(f"query Introspection {{ {aliases} }}")
            for position, name in enumerate(chunk):
                described = data.get(f"t{position}")
                self._types[name] = described if isinstance(described, Mapping) else None

    def described(self, name: str) -> Mapping[str, Any]:
        """A type as the server describes it; empty where it does not."""
        self.load([name])
        return self._types.get(name) or {}

    def fields(self, name: str) -> Mapping[str, Field]:
        """The fields or input fields of a type, by name."""
        described = self.described(name)
        return _fields(described.get("fields") or described.get("inputFields") or ())

    def arguments(self, type_name: str, field: str) -> Mapping[str, Field]:
        """The arguments of a field."""
        known = self.fields(type_name).get(field)
        return _fields(known.described.get("args") or ()) if known else {}

    def follow(self, name: str, *path: str) -> str:
        """The type at the end of a path of fields; "" where the path leads nowhere."""
        for step in path:
            known = self.fields(name).get(step)
            if known is None:
                return ""
            name = known.type_name
        return name

    def values(self, name: str) -> tuple[str, ...]:
        """The names of an enumeration."""
        return tuple(_name(value) for value in self.described(name).get("enumValues") or ())

    @property
    def filter_type(self) -> str:
        """The type of the filter of rubric values."""
        known = self.arguments(self.query, "arRubricValuesPg").get("filter")
        return known.type_name if known else ""

    def reached(self) -> list[Mapping[str, Any]]:
        """The types that the operations reach, without the fields that they do not name."""
        reached: dict[str, Mapping[str, Any]] = {}
        waiting = [self.query, self.mutation]
        while waiting := [name for name in dict.fromkeys(waiting) if name and name not in reached]:
            self.load(waiting)
            for name in waiting:
                reached[name] = _cut(self.described(name), self._known)
            waiting = [each for name in waiting for each in _led_to(reached[name])]
        return list(reached.values())

    def _data(self, text: str) -> Mapping[str, Any]:
        return self._ask(Document(INTROSPECTION, text)).data or {}


def _cut(described: Mapping[str, Any], known: Set[str]) -> Mapping[str, Any]:
    kept = dict(described)
    for part in ("fields", "inputFields"):
        if described.get(part):
            kept[part] = [_undeprecated(each) for each in described[part] if each["name"] in known]
    if described.get("enumValues"):
        kept["enumValues"] = [_undeprecated(each) for each in described["enumValues"]]
    return kept


def _undeprecated(described: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**described, "isDeprecated": False, "deprecationReason": None}


def _led_to(described: Mapping[str, Any]) -> Iterator[str]:
    for field in (*(described.get("fields") or ()), *(described.get("inputFields") or ())):
        yield _named_type(field.get("type"))
        yield from (_named_type(argument.get("type")) for argument in field.get("args") or ())


def nearest(name: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names that are most like this one, best first."""
    return tuple(difflib.get_close_matches(name, names, MOST_CANDIDATES, 0.0))


def _fields(listed: Sequence[Mapping[str, Any]]) -> Mapping[str, Field]:
    return {_name(each): Field(_name(each), _named_type(each.get("type")), each) for each in listed}


def _named_type(reference: Any) -> str:
    while isinstance(reference, Mapping) and reference.get("ofType"):
        reference = reference["ofType"]
    return _name(reference)


def _name(described: Any) -> str:
    return str(described.get("name") or "") if isinstance(described, Mapping) else ""
