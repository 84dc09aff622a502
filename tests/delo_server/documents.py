"""What the stand-in demands of a GraphQL document beyond the schema: no name that no public client has shown, and
what some servers demand on top of it.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    NonNullTypeNode,
    ObjectFieldNode,
    OperationDefinitionNode,
    OperationType,
    ValidationRule,
    VariableDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

KNOWN_VARIABLE_TYPES = frozenset({"Int", "String", "DateTime"})
INPUT_TYPE = "UpdateArRubricValueInput"


class _NoTypeConditions(ValidationRule):
    """No fragment of ours names a type (those of the introspection query do)."""

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> None:
        if node.type_condition is not None:
            self.report_error(GraphQLError(f"Unknown type '{node.type_condition.name.value}'.", node))


@lru_cache(maxsize=64)
def rules_of(  # noqa: C901 - one small class a rule
    *, input_type: bool, null_or_empty_true: bool, introspection: bool, one_type: bool, alias_limit: int | None
) -> tuple[type[ValidationRule], ...]:
    """The rules of one kind of server (see ``schema.ServerKind``)."""
    known = KNOWN_VARIABLE_TYPES | ({INPUT_TYPE} if input_type else set())

    class KnownVariableTypes(ValidationRule):
        """A variable is declared only with a type that was seen in public clients, with or without ``!``."""

        def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
            declared = node.type.type if isinstance(node.type, NonNullTypeNode) else node.type
            if print_ast(declared) not in known:
                name = node.variable.name.value
                self.report_error(GraphQLError(f"Unknown type '{print_ast(declared)}' of variable '${name}'.", node))

    class NoIntrospection(ValidationRule):
        """Neither ``__typename`` nor ``__schema`` nor ``__type``."""

        def enter_field(self, node: FieldNode, *_: Any) -> None:
            if node.name.value.startswith("__"):
                self.report_error(GraphQLError(f"Introspection is not allowed: '{node.name.value}'.", node))

    class NoSingleType(ValidationRule):
        """``__schema`` is answered, ``__type`` is not."""

        def enter_field(self, node: FieldNode, *_: Any) -> None:
            if node.name.value == "__type":
                self.report_error(GraphQLError("Cannot query field '__type' on type 'Query'.", node))

    class OnlyFalse(ValidationRule):
        """``isNullOrEmpty`` is known with ``false`` only."""

        def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
            if node.name.value == "isNullOrEmpty" and getattr(node.value, "value", None) is True:
                self.report_error(GraphQLError("isNullOrEmpty: true is not supported.", node))

    class FewAliases(ValidationRule):
        """A document asks for so many fields at its root at most."""

        def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
            if alias_limit is not None and len(node.selection_set.selections) > alias_limit:
                self.report_error(GraphQLError("Документ слишком сложен.", node))

    rules: list[type[ValidationRule]] = [KnownVariableTypes, _NoTypeConditions, FewAliases]
    if not introspection:
        rules.append(NoIntrospection)
    if not one_type:
        rules.append(NoSingleType)
    if not null_or_empty_true:
        rules.append(OnlyFalse)
    return tuple(rules)


@lru_cache(maxsize=512)
def parsed(text: str) -> DocumentNode:
    """The document's tree; raises GraphQLError on a syntax error."""
    return parse(text)


def describe(text: object, operation_name: object) -> tuple[str | None, bool]:
    """The operation's name and whether it is a mutation, as far as the document can be read."""
    name = operation_name if isinstance(operation_name, str) else None
    try:
        document = parsed(text) if isinstance(text, str) else None
    except GraphQLError:
        document = None
    for node in document.definitions if document is not None else ():
        if not isinstance(node, OperationDefinitionNode):
            continue
        own = node.name.value if node.name is not None else None
        if name is None or name == own:
            return own, node.operation is OperationType.MUTATION
    return name, False


class _Isns(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[int] = set()

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        if node.name.value == "isnRefRubric" and isinstance(node.value, IntValueNode):
            self.found.add(int(node.value.value))


def written_isns(document: DocumentNode, variables: Mapping[str, Any]) -> set[int]:
    """The ISNs that a document's writes are about, written in its text or in its variables."""
    visitor = _Isns()
    visit(document, visitor)
    waiting: list[object] = [dict(variables)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            isn = value.get("isnRefRubric")
            if isinstance(isn, int):
                visitor.found.add(isn)
            waiting.extend(value.values())
    return visitor.found
