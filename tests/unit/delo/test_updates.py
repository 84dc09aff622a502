"""The answer to a batch: each record by its own alias, success only where it is beyond doubt."""

import json

import pytest
from baikaldoc_pos.delo.responses import answers_of, graphql_answer
from baikaldoc_pos.model import Answer, Outcome
from hypothesis import example, given
from hypothesis import strategies as st

from tests.clocks import NOW
from tests.unit.delo.builders import JSON_VALUES, change, reply

TARGET = "Отправлен ответ заявителю"
ISN = 128_000_001
ABSENT = object()

ECHOES = st.fixed_dictionaries(
    {},
    optional={
        "isnRefRubric": st.sampled_from([ISN, ISN + 1, ISN + 0.5, str(ISN), True, None]) | JSON_VALUES,
        "posStatusRub": st.sampled_from([TARGET, TARGET + " ", "", None, [TARGET]]) | JSON_VALUES,
    },
)
PAYLOADS = (
    JSON_VALUES
    | st.just(ABSENT)
    | st.fixed_dictionaries(
        {},
        optional={
            "success": st.sampled_from([True, False, "true", "false", 1, 0, None]) | JSON_VALUES,
            "message": JSON_VALUES,
            "messageCode": JSON_VALUES,
            "systemMessage": JSON_VALUES,
            "data": ECHOES | JSON_VALUES,
        },
    )
)
# Errors of any shape, but none that names the neighbours r1 and r2.
PATHS = st.sampled_from([["r0"], ["r0", "data"], [["r1"]], [{"r1": 1}], [1], [None], [], "r1", None]) | st.lists(
    st.integers() | st.lists(st.text(max_size=3), max_size=2), max_size=3
)
ERRORS = st.lists(
    st.fixed_dictionaries({}, optional={"message": JSON_VALUES, "path": PATHS}) | st.integers() | st.none(), max_size=3
)


def good(isn: int, target: str = TARGET) -> dict[str, object]:
    echo = {"isnRefRubric": isn, "posStatusRub": target}
    return {"success": True, "message": None, "messageCode": None, "systemMessage": None, "data": echo}


def answered(data: object, errors: object = (), isns: tuple[int, ...] = (ISN,), target: str = TARGET) -> list[Answer]:
    """The answers of a batch, by way of the bytes that a server would send."""
    body = json.dumps({"data": data, "errors": list(errors)}).encode()
    answer = graphql_answer(reply(200, body), "UpdateRubrics", "delo", NOW)
    return answers_of([change(isn, target) for isn in isns], answer)


@given(PAYLOADS, ERRORS)
@example({"success": True}, [])
@example({"success": True, "data": {}}, [])
@example({}, [])
@example(good(ISN), [{"message": "x", "path": [["r0"]]}])
@example(good(ISN) | {"data": {"isnRefRubric": ISN + 0.5, "posStatusRub": TARGET}}, [])
def test_an_odd_answer_costs_no_neighbour_and_is_no_success(payload, errors):
    data = {"r1": good(ISN + 1), "r2": {**good(ISN + 2), "success": False, "message": "Нет прав"}}
    if payload is not ABSENT:
        data["r0"] = payload
    first, second, third = answered(data, errors, (ISN, ISN + 1, ISN + 2))
    assert second == Answer(Outcome.UPDATED)
    assert third == Answer(Outcome.REFUSED, "Нет прав")
    for said in (first.message, first.message_code, first.system_message):
        assert said is None or isinstance(said, str)
    if first.outcome is Outcome.UPDATED:
        assert payload["success"] is True
        assert payload["data"]["isnRefRubric"] == ISN
        assert payload["data"]["posStatusRub"] == TARGET
        assert not any(isinstance(error, dict) and (error.get("path") or [0])[0] == "r0" for error in errors)
    else:
        assert first.outcome in {Outcome.REFUSED, Outcome.FAILED, Outcome.WRONG_ECHO}


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.UPDATED),
        ({"success": False}, Outcome.REFUSED),  # whatever it echoes
        *(({"success": neither}, Outcome.FAILED) for neither in (None, "true", "false", 1, 0, [], {})),
        *(({"data": nothing}, Outcome.WRONG_ECHO) for nothing in (None, {}, {"isnRefRubric": None})),
        *((good(ISN, other), Outcome.WRONG_ECHO) for other in (TARGET + " ", TARGET.lower(), "", None)),
    ],
)
def test_only_success_with_its_own_echo_is_success(changes, outcome):
    (answer,) = answered({"r0": good(ISN) | changes})
    assert answer.outcome is outcome
    if outcome is Outcome.WRONG_ECHO and changes["data"]:
        assert answer.message == changes["data"].get("posStatusRub"), "what stands there now"
