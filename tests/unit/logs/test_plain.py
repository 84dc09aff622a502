import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen
from baikaldoc_pos.logs.masking import plain
from baikaldoc_pos.model import Outcome
from hypothesis import given
from hypothesis import strategies as st


@frozen
class SessionManager:
    user: str
    password: str = field(repr=False)


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Outcome.REFUSED, "refused"),
        ((1, "я"), [1, "я"]),
        ({3, 1}, [1, 3]),
        (timedelta(minutes=2), 120.0),
        (date(2026, 10, 5), "2026-10-05"),
        (Path("/var/log"), "/var/log"),
        (Decimal("1.5"), "1.5"),
        (float("nan"), "nan"),
        (b"\xff ok", "\\xff ok"),
        (ValueError("bad"), "ValueError: bad"),
        ({1: None}, {"1": None}),
        (Hostile(), "__could_not_encode__"),
        (SessionManager("ivanov", "hunter2!"), {"user": "ivanov"}),
    ],
)
def test_values_become_what_json_knows(value: object, expected: object) -> None:
    assert plain(value) == expected


def test_a_value_that_contains_itself_is_cut_off() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    assert json.dumps(plain(loop)).count("1") == 8


@given(
    st.recursive(st.none() | st.floats() | st.text() | st.binary() | st.dates(), lambda s: st.lists(s) | st.tuples(s))
)
def test_everything_can_be_written_as_json(value: object) -> None:
    json.loads(json.dumps(plain(value), allow_nan=False))
