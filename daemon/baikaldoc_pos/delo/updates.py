"""Reading the answer to a batch: what ДЕЛО said of each record, by its alias.

Pure. A record's fate depends on its own alias only, so one unreadable answer costs no neighbour.
"""

from collections.abc import Mapping, Sequence

from baikaldoc_pos.delo.documents import alias
from baikaldoc_pos.delo.responses import GraphqlAnswer, GraphqlError
from baikaldoc_pos.model import Answer, Change, Outcome

NO_ANSWER = "NO_ANSWER"
UNREADABLE = "UNREADABLE"


def answers_of(changes: Sequence[Change], answer: GraphqlAnswer) -> list[Answer]:
    """One Answer a change, in order; ``answer`` must have data."""
    errors: dict[str, GraphqlError] = {}
    for error in answer.errors:
        if error.path and isinstance(error.path[0], str):
            errors.setdefault(error.path[0], error)
    data = answer.data or {}
    return [_answer(change, data.get(alias(i)), errors.get(alias(i))) for i, change in enumerate(changes)]


def _answer(change: Change, payload: object, error: GraphqlError | None) -> Answer:
    if error is not None:
        return Answer(Outcome.FAILED, message=error.message)
    if payload is None:
        return Answer(Outcome.FAILED, message_code=NO_ANSWER)
    if not isinstance(payload, Mapping):
        return Answer(Outcome.FAILED, message_code=UNREADABLE)
    return _said(change, payload)


def _said(change: Change, payload: Mapping[str, object]) -> Answer:
    """What a payload says. Read as it came: sgqlc would take the text "false" for true and 1.5 for 1."""
    message, code, system = (_text(payload.get(name)) for name in ("message", "messageCode", "systemMessage"))
    if payload.get("success") is not True:
        outcome = Outcome.REFUSED if payload.get("success") is False else Outcome.FAILED
        return Answer(outcome, message, code, system)
    data = payload.get("data")
    echo = data if isinstance(data, Mapping) else {}
    if (echo.get("isnRefRubric"), echo.get("posStatusRub")) != (change.rubric.isn, change.target):
        return Answer(Outcome.WRONG_ECHO, _text(echo.get("posStatusRub")), code, system)
    return Answer(Outcome.UPDATED, message, code, system)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
