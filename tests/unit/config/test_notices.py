"""What a sound configuration is warned about."""

import pytest
from baikaldoc_pos.config import load_configuration, warnings_of

from tests.unit.config.files import NAMES, valid, write


def notices(directory, files, environ=None):
    """Key and problem of each notice."""
    configuration = load_configuration(write(directory, files), environ or {})
    return {(n.key, n.problem.removeprefix("config.notice.")) for n in warnings_of(configuration, directory)}


@pytest.fixture
def files(tmp_path):
    files = valid()
    write(tmp_path, files)
    (tmp_path / NAMES["connection"]).chmod(0o640)
    return files


def test_nothing_to_say(tmp_path, files):
    assert notices(tmp_path, files) == set()


def test_certificates_not_checked(tmp_path, files):
    files["connection"]["verify"] = False
    assert notices(tmp_path, files) == {("verify", "verify_off")}


def test_fixed_dates(tmp_path, files):
    files["processing"]["dateRange"] = {
        "useFixedDates": True,
        "startDate": "2026-01-01 00:00:00",
        "endDate": "2026-02-01 00:00:00",
    }
    assert notices(tmp_path, files) == {("dateRange.useFixedDates", "fixed_dates")}


def test_in_clear_unless_it_stays_on_the_machine(tmp_path, files):
    files["connection"] |= {
        "login_url": "http://delo/login",
        "logout_url": "http://127.0.0.1:80/x",
        "graphql_endpoint": "http://10.0.0.1/gql",
    }
    assert notices(tmp_path, files) == {("login_url", "password_in_clear"), ("graphql_endpoint", "session_in_clear")}


def test_a_password_that_everybody_may_read(tmp_path, files):
    (tmp_path / NAMES["connection"]).chmod(0o644)
    assert notices(tmp_path, files) == {("password", "password_readable")}
    files["connection"]["password_file"] = "secret"
    del files["connection"]["password"]
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o644)
    assert notices(tmp_path, files) == {("password_file", "password_readable")}
    files["connection"]["proxy"] = "http://a:b@proxy:3128"
    (tmp_path / "delo-password").write_text("x")  # systemd guards its credentials itself
    assert notices(tmp_path, files, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == {("proxy", "password_readable")}


def test_a_target_with_spaces(tmp_path, files):
    files["processing"]["statusMapping"]["Дан ответ"] = "Отправлен "
    assert notices(tmp_path, files) == {('statusMapping["Дан ответ"]', "target_spaces")}
