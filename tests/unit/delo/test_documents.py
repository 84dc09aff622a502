"""The documents that are built: valid for every size, and values reach the server without touching the text."""

import json
import re

import pytest
from baikaldoc_pos.config import Attributes
from baikaldoc_pos.delo.documents import Documents
from baikaldoc_pos.delo.responses import answers_of, graphql_answer
from baikaldoc_pos.model import Answer, Outcome
from baikaldoc_pos.server_profile import ServerProfile
from graphql import parse, value_from_ast_untyped
from hypothesis import example, given
from hypothesis import strategies as st

from tests.clocks import NOW
from tests.installation import KNOWN, ROOT
from tests.unit.delo.builders import change, reply

SDL = (ROOT / "schema" / "delo.graphql").read_text(encoding="utf-8")
MARK_OF_ORIGIN = re.compile(r"#\s*(run|seen|likely|ours)\b")
DOCUMENTS = Documents(Attributes(), (2,))
ISNS = st.integers(-(2**31), 2**31 - 1)
TEXTS = st.text(max_size=30)
NASTY = ['"', "\\", '\\"', "\n\r\t", '"""', "\u2028", "😀", "$input0", "{}", "\x00", "#", "Иркутск «ёлка»"]


@given(st.lists(st.tuples(ISNS, TEXTS), min_size=1, max_size=8))
@example([(128_000_001, text) for text in NASTY])
@pytest.mark.parametrize("profile", [KNOWN, ServerProfile()], ids=["variables", "literals"])
def test_what_is_written_arrives_byte_for_byte(profile, records):
    changes = tuple(change(isn, target) for isn, target in records)
    document = DOCUMENTS.update(changes, profile)
    variables = json.loads(json.dumps(document.variables))
    (operation,) = parse(document.text).definitions
    sent = {
        field.alias.value: value_from_ast_untyped(field.arguments[0].value, variables)["data"]
        for field in operation.selection_set.selections
    }
    assert list(sent.values()) == [{"isnRefRubric": isn, "posStatusRub": target} for isn, target in records]
    # And the way back: every echo is recognized as this record's own.
    data = {alias: {"success": True, "data": echo} for alias, echo in sent.items()}
    answer = graphql_answer(reply(200, {"data": data}), document.name, "delo", NOW)
    assert answers_of(changes, answer) == [Answer(Outcome.UPDATED)] * len(records)


def test_names_of_an_installation_are_exchanged_and_texts_are_not():
    documents = Documents(Attributes(sstu_field="sstu", pos_field="pos", pos_api_name="OURS"), ("LETTER", 3))
    (document,) = documents.pending(KNOWN)
    for text in ("sstu: {isNullOrEmpty: false}", "pos: {isNullOrEmpty: true}", "eosSstuStatus: sstu", '"OURS"',
                 "posStatusRub: pos", "kindDoc: {in: [{value: LETTER}, {value: 3}]}"):  # fmt: skip
        assert text in document.text
    for target in ('posStatusRub: "eosSstuStatus"', "POS_STATUS_RUB", "kindDoc: {in: [{value: 2}]}"):
        plain = documents.update([change(1, target)], ServerProfile())
        assert json.dumps(target) in plain.text
        assert "pos: " in plain.text
    assert documents.update([change(1, target)], KNOWN).variables == {
        "input0": {"data": {"isnRefRubric": 1, "pos": target}}
    }


def test_everything_in_the_schema_says_how_sure_we_are_of_it():
    # Types and what they consist of; the arguments of a query are further in.
    named = re.compile(r"(type|input|enum|scalar) |  \w+(: \S|\()|  [A-Z]\w+ *(#|$)")
    unmarked = [line for line in SDL.splitlines() if named.match(line) and not MARK_OF_ORIGIN.search(line)]
    assert unmarked == []
    marks = {kind: len(re.findall(rf"# {kind}\b", SDL)) for kind in ("seen", "likely", "ours")}
    assert all(marks.values())
