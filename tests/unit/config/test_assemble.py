"""The whole: no other exception whatever the files hold, and valid files read as they are."""

import json
import tempfile
from pathlib import Path

from baikaldoc_pos.config.model import FILES
from baikaldoc_pos.config.settings import leaves
from baikaldoc_pos.errors import ConfigurationInvalid
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.config.files import NAMES, load, valid

_WORDS = sorted({step for _, cls in FILES.values() for path, _, _ in leaves(cls) for step in path})
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\ud800", "a\0b", "", " ", "2026-01-01 00:00:00", "https://delo/x", "..", "x" * 300])
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS) | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=12,
)


def _load(files: dict[str, object]):
    with tempfile.TemporaryDirectory() as directory:
        return load(Path(directory), files, {"CREDENTIALS_DIRECTORY": directory})


def _loads_or_is_refused_with_places(files: dict[str, object]) -> None:
    try:
        _load(files)
    except ConfigurationInvalid as invalid:
        faults = invalid.faults
    else:
        return
    assert faults
    for fault in faults:
        assert fault.file in NAMES.values()
        assert fault.problem.startswith("config.fault.")
        f"{fault.key} {fault.fields}".encode()  # fit to be printed


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(NAMES)), st.data(), st.none() | st.binary(max_size=40) | _JSON.map(json.dumps))
def test_junk_in_place_of_values_or_of_a_file(name, data, junk):
    if junk is not None:
        _loads_or_is_refused_with_places(valid() | {name: junk})
        return
    files = valid()
    paths = [path for path, _, _ in leaves(FILES[name][1])]
    for path in data.draw(st.lists(st.sampled_from(paths), min_size=1, max_size=3)):
        section = files[name]
        for step in path[:-1]:
            section = section.setdefault(step, {})
        section[path[-1]] = data.draw(_JSON)
    _loads_or_is_refused_with_places(files)
