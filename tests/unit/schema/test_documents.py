"""Nothing is sent that uses a name nobody outside ДЕЛО knows to be real."""

import re

import pytest
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLObjectType,
    InlineFragmentNode,
    Lexer,
    ListTypeNode,
    NonNullTypeNode,
    Source,
    TokenKind,
    VariableDefinitionNode,
    parse,
    validate,
)
from graphql.language.visitor import Visitor, visit

from tests.unit.schema.documents import SCHEMA, SDL, documents

SEEN_TYPES = {"Int", "String", "DateTime", "UpdateArRubricValueInput"}
MARK = re.compile(r"#\s*(run|seen|likely|ours)\b")
DOCUMENTS = [pytest.param(text, id=name) for name, text in documents()]


class Uses(Visitor):
    """Types that variables are declared with, and anything that names a type otherwise."""

    def __init__(self, document: DocumentNode) -> None:
        super().__init__()
        self.variable_types: set[str] = set()
        self.others: list[str] = []
        visit(document, self)

    def enter(self, node, *_):
        if isinstance(node, VariableDefinitionNode):
            declared = node.type
            while isinstance(declared, NonNullTypeNode | ListTypeNode):
                assert not isinstance(declared, ListTypeNode), "a list of a type is a type nobody has seen"
                declared = declared.type
            self.variable_types.add(declared.name.value)
        if isinstance(node, FragmentDefinitionNode | FragmentSpreadNode | InlineFragmentNode):
            self.others.append(node.kind)


@pytest.mark.parametrize("text", DOCUMENTS)
def test_variables_are_of_seen_types_only(text):
    uses = Uses(parse(text))
    assert uses.variable_types <= SEEN_TYPES
    assert uses.others == [], "fragments and type conditions name types"
    assert validate(SCHEMA, parse(text)) == []


@pytest.mark.parametrize("text", DOCUMENTS)
def test_no_name_of_ours_is_sent(text):
    ours = {
        name
        for name, type_ in SCHEMA.type_map.items()
        if isinstance(type_, GraphQLObjectType | GraphQLInputObjectType) and name not in SEEN_TYPES
    }
    assert "ArRubricValueFilter" in ours
    lexer = Lexer(Source(text))
    names = set()
    while (token := lexer.advance()).kind is not TokenKind.EOF:
        if token.kind is TokenKind.NAME:
            names.add(token.value)
    assert not names & ours


def test_everything_in_the_schema_says_how_sure_we_are_of_it():
    # Types and what they consist of; the arguments of a query are further in.
    named = re.compile(r"(type|input|enum|scalar) |  \w+(: \S|\()|  [A-Z]\w+ *(#|$)")
    unmarked = [line for line in SDL.splitlines() if named.match(line) and not MARK.search(line)]
    assert unmarked == []
    marks = {kind: len(re.findall(rf"# {kind}\b", SDL)) for kind in ("seen", "likely", "ours")}
    assert all(marks.values())
