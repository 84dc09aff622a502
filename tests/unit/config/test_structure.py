"""Keys and values: types are strict, ranges hold, an unknown key is told with the one that was probably meant."""

import pytest
import requests
from baikaldoc_pos.config import load_configuration
from baikaldoc_pos.config.types import HTTP_URL, UnacceptableError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.config.files import faults_of, places, valid, write


def set_at(document: dict, path: str, value: object) -> None:
    *sections, key = path.split(".")
    for section in sections:
        document = document.setdefault(section, {})
    document[key] = value


@pytest.mark.parametrize(
    ("name", "path", "values"),
    [
        ("processing", "dateRange.maxDateRangeDays", [0, 367, True, "30", 30.0, None, [], {}]),
        ("processing", "dateRange.useFixedDates", [0, "false", None]),
        ("processing", "dateRange", [None, [], "x"]),
        ("processing", "pagination.pageSize", [0, 1001, "100"]),
        ("processing", "utcOffsetHours", [-12.5, 14.25, 8.01, "8", True, None]),
        ("processing", "retryAttempts", [-1, 21, 1.5]),
        ("processing", "batchSize", [0, 201]),
        ("processing", "overlapMinutes", [-1, 1441]),
        ("processing", "ignoredStatuses", ["x", {}, None]),
        ("processing", "statusMapping", [{}, [], "x", None]),
        ("connection", "username", ["", "  ", None, 5]),
        ("connection", "password", ["", 5, True, []]),
        ("connection", "app", ["", 5, False]),
        ("connection", "verify", [None, 1, "", []]),
        ("connection", "connect_timeout", [0, -1, 600.5, "10", True]),
        ("connection", "read_timeout", [0, 601]),
        ("connection", "proxy", ["", "proxy:3128", "socks5://proxy:1080", 5, True]),
        ("service", "language", ["de", None, 1]),
        ("service", "schedule.intervalMinutes", [0, 0.0009, -1, 1441, "10", True]),
        ("service", "session", [None, []]),
        ("service", "lookback.days", [-1, 0.5]),
        ("service", "logging.level", ["INFO", "", 1]),
    ],
)
def test_what_is_not_taken(tmp_path, name, path, values):
    for value in values:
        files = valid()
        set_at(files[name], path, value)
        faults = faults_of(tmp_path, files)
        assert {(place[0], place[1]) for place in places(faults)} == {(name, path)}, value


@pytest.mark.parametrize("name_and_key", [("processing", "utcOffsetHours"), ("connection", "login_url")])
def test_a_missing_key(tmp_path, name_and_key):
    name, key = name_and_key
    files = valid()
    del files[name][key]
    assert places(faults_of(tmp_path, files)) == {(name, key, "missing_key")}


@pytest.mark.parametrize(
    ("name", "path", "nearest"),
    [
        ("processing", "statusMaping", "statusMapping"),
        ("processing", "dateRange.maxdaterangedays", "dateRange.maxDateRangeDays"),
        ("processing", "pageSize", "pagination.pageSize"),  # known, but it belongs elsewhere
        ("connection", "user_name", "username"),
        ("service", "schedule.interval", None),
        ("service", "nonsense", None),
    ],
)
def test_an_unknown_key(tmp_path, name, path, nearest):
    files = valid()
    set_at(files[name], path, 1)
    [fault] = faults_of(tmp_path, files)
    assert fault.key == path
    assert fault.fields.get("nearest") == nearest
    assert fault.problem == ("config.fault.unknown_key_nearest" if nearest else "config.fault.unknown_key")


def test_statuses_of_the_mapping(tmp_path):
    files = valid()
    files["processing"]["statusMapping"] = {" Рассмотрено ": " как есть ", "\u00a0Дан ответ": "б"}
    mapping = load_configuration(write(tmp_path, files), {}).processing.status_mapping
    assert dict(mapping) == {"Рассмотрено": " как есть ", "Дан ответ": "б"}
    with pytest.raises(TypeError):
        mapping["x"] = "y"


def test_every_fault_of_the_mapping(tmp_path):
    files = valid()
    files["processing"]["statusMapping"] = {"А": "x", " А": "x", "": "x", "Б": " ", "В": None, "Г": 1}
    assert places(faults_of(tmp_path, files)) == {
        ("processing", 'statusMapping[" А"]', "status_twice"),
        ("processing", 'statusMapping[""]', "status_blank"),
        ("processing", 'statusMapping["Б"]', "wrong_type"),
        ("processing", 'statusMapping["В"]', "wrong_type"),
        ("processing", 'statusMapping["Г"]', "wrong_type"),
    }


def test_a_status_that_stands_twice_is_told_even_after_a_bad_value(tmp_path):
    files = valid()
    files["processing"]["statusMapping"] = {"А": None, " А": "x"}
    assert {place[1] for place in places(faults_of(tmp_path, files))} == {'statusMapping["А"]', 'statusMapping[" А"]'}


def test_ignored_statuses(tmp_path):
    files = valid()
    files["processing"]["ignoredStatuses"] = [" Не поступило", "Не поступило", "Не определено"]
    loaded = load_configuration(write(tmp_path, files), {}).processing
    assert loaded.ignored_statuses == ("Не поступило", "Не определено")
    files["processing"]["ignoredStatuses"] = ["x", "", 5]
    assert {place[1] for place in places(faults_of(tmp_path, files))} == {"ignoredStatuses[1]", "ignoredStatuses[2]"}


@pytest.mark.parametrize(
    "url",
    [
        "https://дело.рф/CoreHost/gql/query/",
        "http://10.0.0.5:8080/CoreHost/Gql/Query",
        "http://[::1]:8080/x",
        "https://delo_1.local/x?y=z",
        "HTTPS://DELO/x",
    ],
)
def test_addresses_that_are_taken(url):
    assert HTTP_URL.read(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "delo.example.org",
        "ftp://delo/x",
        "https://",
        "https:///x",
        "//delo/x",
        "https://delo:port/x",
        "https://delo:0/x",
        "https://delo:99999/x",
        "https://de lo/x",
        "https://delo/x\n",
        "https://delo/x#y",
        "https://*.delo/x",
        "https://.delo/x",
        "https://[::1/x",
        "https://delo\\x",
        "https://user:password@delo/x",
        "https://user@delo/x",
    ],
)
def test_addresses_that_are_not_taken(url):
    with pytest.raises(UnacceptableError):
        HTTP_URL.read(url)


_HOSTS = st.text("abz0-_.:[]*дЖ@%\\", min_size=1, max_size=12)
_URLS = st.builds("{}://{}{}".format, st.sampled_from(["http", "https", "HTTPS"]), _HOSTS, st.text(max_size=8))


@settings(max_examples=500, deadline=None)
@given(_URLS | st.text(max_size=20))
def test_an_address_that_is_taken_can_be_sent_to(url):
    try:
        HTTP_URL.read(url)
    except UnacceptableError:
        return
    assert requests.Request("POST", url).prepare().url
