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


@given(st.text(min_size=1))
def test_the_echo_of_any_text_is_a_success(target):
    assert answered({"r0": good(ISN, target)}, target=target) == [Answer(Outcome.UPDATED)]


@pytest.mark.parametrize("echoed", [TARGET + " ", TARGET.lower(), "", None, "Другой статус"])
def test_another_value_that_comes_back_is_told(echoed):
    assert answered({"r0": good(ISN, echoed)}) == [Answer(Outcome.WRONG_ECHO, echoed)]


@pytest.mark.parametrize("echo", [None, {}, {"isnRefRubric": None, "posStatusRub": None}])
def test_success_without_an_echo_is_no_success(echo):
    assert answered({"r0": good(ISN) | {"data": echo}})[0].outcome is Outcome.WRONG_ECHO


def test_a_refusal_has_the_servers_words():
    payload = {
        "success": False,
        "message": "Нет прав на изменение рубрики",
        "messageCode": "ACCESS_DENIED",
        "systemMessage": "Eos.Delo.AccessDeniedException",
        "data": None,
    }
    refused = Answer(
        Outcome.REFUSED, "Нет прав на изменение рубрики", "ACCESS_DENIED", "Eos.Delo.AccessDeniedException"
    )
    assert answered({"r0": payload}) == [refused]
    # Whatever it echoes.
    assert answered({"r0": good(ISN) | {"success": False}})[0].outcome is Outcome.REFUSED


@pytest.mark.parametrize("success", [None, "true", "false", 1, 0, [], {}])
def test_neither_yes_nor_no_is_a_failure(success):
    assert answered({"r0": good(ISN) | {"success": success}})[0].outcome is Outcome.FAILED


def test_an_error_belongs_to_the_alias_of_its_path():
    errors = [
        {"message": "Запись занята", "path": ["r1"]},
        {"message": "Второй раз", "path": ["r1", "data"]},
        {"message": "Вообще"},
    ]
    isns = (ISN, ISN + 1, ISN + 2)
    answers = answered({"r0": good(ISN), "r1": None, "r2": good(ISN + 2)}, errors, isns)
    assert answers == [Answer(Outcome.UPDATED), Answer(Outcome.FAILED, "Запись занята"), Answer(Outcome.UPDATED)]


def test_answers_come_in_the_order_of_the_changes():
    isns = tuple(range(ISN, ISN + 12))  # r10 sorts before r2
    data = {f"r{i}": good(isn) | {"message": str(isn)} for i, isn in enumerate(isns)}
    assert [answer.message for answer in answered(dict(sorted(data.items())), isns=isns)] == [str(isn) for isn in isns]
