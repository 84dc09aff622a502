"""Small values for the tests of the gateway's parts."""

import json

from baikaldoc_pos.delo.transport import Reply
from baikaldoc_pos.model import Change, Rubric
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

# Whatever JSON can hold, also what no server in its right mind would send.
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=10), below, max_size=4),
    max_leaves=12,
)


def reply(status: int = 200, body: object = b"", content_type: str = "application/json", **headers: str) -> Reply:
    """A reply; a body that is not bytes goes in as JSON, and a header's name is written with underscores."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, CaseInsensitiveDict({"Content-Type": content_type, **named}), content)


def rubric(isn: int) -> Rubric:
    return Rubric(isn, None, f"А-{isn}/26", "Дан ответ автору", None)


def change(isn: int, target: str = "Отправлен ответ заявителю") -> Change:
    return Change(rubric(isn), target)
