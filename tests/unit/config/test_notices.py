"""What a sound configuration is warned about, and what a reload tells to have changed."""

import pytest
from baikaldoc_pos.config import differences, load_configuration, warnings_of

from tests.unit.config.files import NAMES, changed, load, valid, write


def notices(directory, changes, environ=None):
    """Key and problem of each notice."""
    configuration = load(directory, changed(changes), environ)
    return {(n.key, n.problem.removeprefix("config.notice.")) for n in warnings_of(configuration, directory)}


@pytest.fixture
def directory(tmp_path):
    write(tmp_path, valid())
    (tmp_path / NAMES["connection"]).chmod(0o640)
    return tmp_path


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"connection.verify": False}, {("verify", "verify_off")}),
        (
            {
                "processing.dateRange": {
                    "useFixedDates": True,
                    "startDate": "2026-01-01 00:00:00",
                    "endDate": "2026-02-01 00:00:00",
                }
            },
            {("dateRange.useFixedDates", "fixed_dates")},
        ),
        (
            {
                "connection.login_url": "http://delo/login",
                "connection.logout_url": "http://127.0.0.1:80/x",  # stays on the machine
                "connection.graphql_endpoint": "http://10.0.0.1/gql",
            },
            {("login_url", "password_in_clear"), ("graphql_endpoint", "session_in_clear")},
        ),
        ({"processing.statusMapping": {"Дан ответ": "Отправлен "}}, {('statusMapping["Дан ответ"]', "target_spaces")}),
        ({"service.http.listen": "localhost:1"}, set()),
        ({"service.http.listen": "[::1]:1"}, set()),
        ({"service.http.listen": "0.0.0.0:1"}, {("http.listen", "http_open")}),
    ],
)
def test_what_people_ought_to_know(directory, changes, expected):
    assert notices(directory, changes) == expected


def test_a_password_that_everybody_may_read(directory):
    (directory / NAMES["connection"]).chmod(0o644)
    assert notices(directory, {}) == {("password", "password_readable")}
    elsewhere = {"connection.password": ..., "connection.password_file": "secret"}
    (directory / "secret").write_text("x")
    (directory / "secret").chmod(0o644)
    assert notices(directory, elsewhere) == {("password_file", "password_readable")}
    elsewhere["connection.proxy"] = "http://a:b@proxy:3128"
    (directory / "delo-password").write_text("x")  # systemd guards its credentials itself
    environ = {"CREDENTIALS_DIRECTORY": str(directory)}
    assert notices(directory, elsewhere, environ) == {("proxy", "password_readable")}


def test_changes_are_told_by_key_and_never_by_value(tmp_path):
    old = load(tmp_path, valid())
    assert differences(old, load_configuration(tmp_path, {})) == []
    after = {
        "processing.statusMapping": {"Дан ответ автору": "x", "Новый": "y"},
        "processing.pagination": {"pageSize": 7},
        "connection.password": "hunter3",
        "connection.proxy": "http://a:b@proxy:3128",
        "service": {"schedule": {"intervalMinutes": 1}, "logging": {"level": "info"}},
    }
    new = load(tmp_path, changed(after))
    assert differences(old, new) == [
        'statusMapping["Дан ответ автору"]',
        'statusMapping["Новый"]',
        "pagination.pageSize",
        "password",
        "proxy",
        "schedule.intervalMinutes",
    ]
    assert set(differences(new, old)) == set(differences(old, new))
