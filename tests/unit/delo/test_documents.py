"""The documents that are built: valid for every size, and values reach the server without touching the text."""

import json
from typing import Any

from baikaldoc_pos.delo.documents import (
    PENDING,
    WINDOW,
    rubrics_document,
    update_document,
    update_variables,
)
from baikaldoc_pos.delo.responses import answers_of, graphql_answer
from baikaldoc_pos.model import Answer, Outcome
from graphql import (
    ExecutionResult,
    execute_sync,
    parse,
)
from hypothesis import example, given
from hypothesis import strategies as st

from tests.clocks import NOW
from tests.unit.delo.builders import change, reply
from tests.unit.schema.documents import SCHEMA

ISNS = st.integers(-(2**31), 2**31 - 1)
# A value is told from the document's own words by this mark.
MARK = "¤"
TEXTS = st.text(max_size=30).map(lambda text: MARK + text)
NASTY = ['"', "\\", '\\"', "\n\r\t", '"""', "\u2028", "😀", "$input0", "{}", "\x00", "#", "Иркутск «ёлка»"]


class Recorder:
    """A server that keeps the arguments it was given, and echoes what is written."""

    def __init__(self) -> None:
        self.arguments: dict[str, Any] = {}

    def __call__(self, root: object, info: Any, **arguments: Any) -> Any:
        if info.path.prev is not None:
            return root.get(info.field_name) if isinstance(root, dict) else None
        self.arguments[info.path.key] = arguments
        if info.field_name == "updateArRubricValue":
            return {"success": True, "data": arguments["input"]["data"]}
        return {"totalCount": 0, "edges": [], "pageInfo": {"hasNextPage": False}}


def executed(text: str, variables: dict[str, Any], name: str) -> tuple[dict[str, Any], ExecutionResult]:
    """What a server got, and its answer; the variables travel as JSON."""
    recorder = Recorder()
    result = execute_sync(
        SCHEMA,
        parse(text),
        variable_values=json.loads(json.dumps(variables)),
        operation_name=name,
        field_resolver=recorder,
    )
    assert not result.errors
    return recorder.arguments, result


@given(st.lists(st.tuples(ISNS, TEXTS), min_size=1, max_size=8))
@example([(128_000_001, MARK + text) for text in NASTY])
def test_what_is_written_arrives_byte_for_byte(records):
    changes = tuple(change(isn, target) for isn, target in records)
    document = update_document(len(changes))
    got, result = executed(document.text, update_variables(changes), document.name)
    assert [got[f"r{i}"]["input"]["data"] for i in range(len(records))] == [
        {"isnRefRubric": isn, "posStatusRub": target} for isn, target in records
    ]
    # And the way back: every echo is recognized as this record's own.
    answer = graphql_answer(reply(200, {"data": result.data}), document.name, "delo", NOW)
    assert answers_of(changes, answer) == [Answer(Outcome.UPDATED)] * len(records)


@given(st.lists(ISNS, min_size=1, max_size=60), st.integers(1, 1000))
def test_rubrics_are_asked_for_by_their_isns(isns, first):
    document = rubrics_document(len(isns))
    variables = {"first": first, "after": "-1"} | {f"isn{i}": isn for i, isn in enumerate(isns)}
    got, result = executed(document.text, variables, document.name)
    # What paging rests on is asked for.
    assert result.data["arRubricValuesPg"].keys() == {"totalCount", "edges", "pageInfo"}
    assert got["arRubricValuesPg"] == {
        "first": first,
        "after": "-1",
        "filter": {"isnRefRubric": {"in": [{"value": isn} for isn in isns]}},
    }


SINCE, UNTIL = "2026-10-01T00:00:00+08:00", "2026-10-31T23:59:59.834802+08:00"
FILTER = {
    "eosSstuStatus": {"isNullOrEmpty": False},
    "refRubric": {
        "matches": {
            "insDate": {"greaterOrEqual": {"value": SINCE}, "lessOrEqual": {"value": UNTIL}},
            "docRc": {
                "matches": {
                    "kindDoc": {"in": [{"value": 2}]},
                    "docgroupCl": {
                        "matches": {
                            "arDocgroups": {
                                "any": {"arDescript": {"matches": {"apiName": {"equal": {"value": "POS_STATUS_RUB"}}}}}
                            }
                        }
                    },
                }
            },
        }
    },
}


def test_the_pending_are_asked_for_as_the_api_is_known():
    variables = {"first": 100, "after": "99", "since": SINCE, "until": UNTIL}
    got, _ = executed(PENDING.text, variables, PENDING.name)
    assert got["arRubricValuesPg"] == {
        "first": 100,
        "after": "99",
        "orderby": [{"isnRefRubric": "Asc"}],
        "filter": FILTER | {"posStatusRub": {"isNullOrEmpty": True}},
    }


def test_the_plainer_query_does_without_what_is_only_likely():
    variables = {"first": 100, "after": "99", "since": SINCE, "until": UNTIL}
    got, _ = executed(WINDOW.text, variables, WINDOW.name)
    assert got["arRubricValuesPg"] == {"first": 100, "after": "99", "filter": FILTER}
