"""The whole: no other exception whatever the files hold, and valid files read as they are."""

import json
import tempfile
from pathlib import Path

from baikaldoc_pos.config import Secret
from baikaldoc_pos.config.model import FILES
from baikaldoc_pos.config.settings import leaves, settings_of
from baikaldoc_pos.errors import ConfigurationInvalid
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.config.files import NAMES, changed, load, valid

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


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
_LINE = _TEXT.filter(str.strip)
_VALID_VALUES = {
    "processing.statusMapping": st.dictionaries(_LINE.map(str.strip), _LINE, min_size=1, max_size=4),
    "processing.utcOffsetHours": st.integers(-12 * 60, 14 * 60).map(lambda minutes: minutes / 60),
    "processing.dateRange.startDate": st.none() | _TEXT,
    "processing.dateRange.maxDateRangeDays": st.integers(1, 366),
    "processing.pagination.pageSize": st.integers(1, 1000),
    "processing.overlapMinutes": st.integers(0, 1440),
    "processing.batchSize": st.integers(1, 200),
    "processing.retryAttempts": st.integers(0, 20),
    "connection.username": _LINE,
    "connection.password": _TEXT,
    "connection.app": st.none() | _LINE,
    "connection.verify": st.booleans(),
    "connection.connect_timeout": st.floats(0.1, 600),
    "connection.read_timeout": st.floats(0.1, 600) | st.integers(1, 600),
    "connection.proxy": st.none() | st.just("http://a:b@proxy:3128"),
    "service.language": st.sampled_from(["ru", "en"]),
    "service.schedule.intervalMinutes": st.floats(0.01, 1440),
    "service.limits.requestSeconds": st.floats(1, 500),
    "service.limits.stuckMinutes": st.floats(10, 1440),
    "service.lookback.days": st.integers(0, 3650),
    "service.logging.level": st.sampled_from(["debug", "info", "warning", "error"]),
    "service.logging.keepDays": st.integers(1, 3650),
}


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=_VALID_VALUES))
def test_valid_files_read_as_they_are(values):
    loaded = _load(changed(values))
    for path, value in values.items():
        read: object = loaded
        for step in path.split("."):
            keys = {setting.key: attribute.name for attribute, setting in settings_of(type(read))}
            read = getattr(read, keys.get(step, step))
        assert (read.reveal() if isinstance(read, Secret) else read) == value
