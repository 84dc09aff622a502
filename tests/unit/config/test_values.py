"""Keys and values: types are strict, ranges hold, and whatever is wrong is told with its place."""

import pytest
import requests
from baikaldoc_pos.config.types import HTTP_URL, UnacceptableError
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.config.files import changed, faults_of, places

FIXED = {"useFixedDates": True, "startDate": "2026-01-01 00:00:00", "endDate": "2026-02-01 00:00:00"}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("processing.dateRange.maxDateRangeDays", [0, 367, True, "30", 30.0, None, [], {}]),
        ("processing.dateRange.useFixedDates", [0, "false", None]),
        ("processing.dateRange", [None, [], "x"]),
        ("processing.pagination.pageSize", [0, 1001, "100"]),
        ("processing.utcOffsetHours", [-12.5, 14.25, 8.01, "8", True, None]),
        ("processing.retryAttempts", [-1, 21, 1.5]),
        ("processing.batchSize", [0, 201]),
        ("processing.overlapMinutes", [-1, 1441]),
        ("processing.ignoredStatuses", ["x", {}, None]),
        ("processing.statusMapping", [{}, [], "x", None]),
        ("connection.username", ["", "  ", None, 5]),
        (
            "connection.login_url",
            [
                *("delo.example.org", "ftp://delo/x", "https://", "https:///x", "//delo/x", "https://delo:port/x"),
                *("https://delo:0/x", "https://de lo/x", "https://delo/x\n", "https://delo/x#y", "https://*.delo/x"),
                *("https://.delo/x", "https://[::1/x", "https://delo\\x", "https://user:password@delo/x"),
            ],
        ),
        ("connection.password", ["", 5, True, []]),
        ("connection.app", ["", 5, False]),
        ("connection.verify", [None, 1, "", []]),
        ("connection.connect_timeout", [0, -1, 600.5, "10", True]),
        ("connection.read_timeout", [0, 601]),
        ("connection.proxy", ["", "proxy:3128", "socks5://proxy:1080", 5, True]),
        ("service.language", ["de", None, 1]),
        ("service.schedule.intervalMinutes", [0, 0.0009, -1, 1441, "10", True]),
        ("service.session", [None, []]),
        ("service.lookback.days", [-1, 0.5]),
        ("service.logging.level", ["INFO", "", 1]),
        ("service.metrics.textfile", ["pos.prom", "/var/lib/pos.txt", "/var/lib/"]),
        (
            "service.http.listen",
            [
                *("9318", ":9318", "host", "host:0", "host:65536", "host:http", "http://host:1", "::1:9318", "a b:1"),
                *("user@host:1", "хост:1", "host:1 ", "unix:", "unix:x", "unix:/" + "x" * 200),
            ],
        ),
    ],
)
def test_what_is_not_taken(tmp_path, path, values):
    name, _, key = path.partition(".")
    for value in values:
        faults = faults_of(tmp_path, changed({path: value}))
        assert {place[:2] for place in places(faults)} == {(name, key)}, value


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"processing.utcOffsetHours": ...}, {("utcOffsetHours", "missing_key")}),
        ({"connection.login_url": ...}, {("login_url", "missing_key")}),
        ({"connection.password": None}, {("password", "password_missing")}),
        (
            {"processing.statusMapping": {"А": None, " А": "x", "": "x", "Б": " ", "В": 1, "Г": "x" * 2001}},
            {
                ('statusMapping["А"]', "wrong_type"),
                ('statusMapping[" А"]', "status_twice"),
                ('statusMapping[""]', "status_blank"),
                ('statusMapping["Г"]', "status_long"),
                ('statusMapping["Б"]', "wrong_type"),
                ('statusMapping["В"]', "wrong_type"),
            },
        ),
        (
            {"processing.statusMapping": {"Дан ответ ": "x"}, "processing.ignoredStatuses": ["Другой", " Дан ответ"]},
            {("ignoredStatuses[1]", "ignored_and_mapped")},
        ),
        ({"processing.attributes": {"posField": "eosSstuStatus"}}, {("attributes.posField", "same_attribute")}),
        ({"processing.attributes": {"posField": "__typename"}}, {("attributes.posField", "wrong_value")}),
        (
            {"processing.ignoredStatuses": ["x", "", 5]},
            {("ignoredStatuses[1]", "wrong_type"), ("ignoredStatuses[2]", "wrong_type")},
        ),
        (
            {"processing.dateRange": {"useFixedDates": True, "startDate": None}},
            {("dateRange.startDate", "date_required"), ("dateRange.endDate", "date_required")},
        ),
        *(
            ({"processing.dateRange": FIXED | {"startDate": text}}, {("dateRange.startDate", "date_invalid")})
            for text in ("2026-01-32 00:00:00", "01.01.2026", "2026-01-01", "2026-1-1 0:0:0", "0001-01-01 00:00:00", 5)
        ),
        *(
            ({"processing.dateRange": FIXED | {"endDate": text}}, {("dateRange.endDate", "dates_order")})
            for text in (FIXED["startDate"], "2025-12-31 00:00:00")
        ),
        ({"service.limits.stuckMinutes": 2}, {("limits.stuckMinutes", "stuck_before_deadline")}),
        ({"service.limits.requestSeconds": 900}, {("limits.stuckMinutes", "stuck_before_deadline")}),
        (
            {"service.http.allowedHosts": ["good", "bad:80", 5, ""]},
            {(f"http.allowedHosts[{n}]", "wrong_type") for n in (1, 2, 3)},
        ),
    ],
)
def test_what_is_told(tmp_path, changes, expected):
    assert {place[1:] for place in places(faults_of(tmp_path, changed(changes)))} == expected


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("processing.statusMaping", "statusMapping"),
        ("processing.dateRange.maxdaterangedays", "dateRange.maxDateRangeDays"),
        ("processing.pageSize", "pagination.pageSize"),  # known, but it belongs elsewhere
        ("connection.user_name", "username"),
        ("service.schedule.interval", None),
        ("service.nonsense", None),
    ],
)
def test_an_unknown_key(tmp_path, path, nearest):
    [fault] = faults_of(tmp_path, changed({path: 1}))
    assert fault.key == path.partition(".")[2]
    assert fault.fields.get("nearest") == nearest
    assert fault.problem == ("config.fault.unknown_key_nearest" if nearest else "config.fault.unknown_key")


_HOSTS = st.text("abz0-_.:[]*дЖ@%\\", min_size=1, max_size=12)
_URLS = st.builds("{}://{}{}".format, st.sampled_from(["http", "https", "HTTPS"]), _HOSTS, st.text(max_size=8))


@given(_URLS | st.text(max_size=20))
@example("https://дело.рф/CoreHost/gql/query/")
@example("http://[::1]:8080/x")
def test_an_address_that_is_taken_can_be_sent_to(url):
    try:
        HTTP_URL.read(url)
    except UnacceptableError:
        assert "дело.рф" not in url
        return
    assert requests.Request("POST", url).prepare().url
