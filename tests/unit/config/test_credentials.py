"""Where the password comes from, and that it is never shown."""

import certifi
import pytest
from baikaldoc_pos.config import load_configuration, secrets_of

from tests.unit.config.files import faults_of, places, valid, write


@pytest.fixture
def files():
    files = valid()
    del files["connection"]["password"]
    return files


@pytest.fixture
def credentials(tmp_path):
    directory = tmp_path / "credentials"
    directory.mkdir()
    return directory


def password(directory, files, environ=None):
    return load_configuration(write(directory, files), environ or {}).connection.password.reveal()


def test_the_order(tmp_path, files, credentials):
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    (tmp_path / "secret").write_text("из файла\n")
    files["connection"]["password_file"] = "secret"
    assert password(tmp_path, files, environ) == "из файла"
    (credentials / "delo-password").write_text("из секрета")
    assert password(tmp_path, files, environ) == "из секрета"
    files["connection"]["password"] = "из настройки"
    assert password(tmp_path, files, environ) == "из настройки"


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b" a b \n", " a b "), (b"ab\r\n", "ab"), ("\ufeffпароль".encode(), "пароль"), (b"ab", "ab")],
)
def test_one_trailing_newline_is_not_part_of_it(tmp_path, files, content, expected):
    (tmp_path / "secret").write_bytes(content)
    files["connection"]["password_file"] = str(tmp_path / "secret")
    assert password(tmp_path, files) == expected


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "password_file_empty"),
        (b"\n", "password_file_empty"),
        (b"a\nb", "password_lines"),
        (b"\xff", "password_not_utf8"),
    ],
)
def test_what_is_no_password(tmp_path, files, credentials, content, problem):
    (tmp_path / "secret").write_bytes(content)
    files["connection"]["password_file"] = "secret"
    assert places(faults_of(tmp_path, files)) == {("connection", "password_file", problem)}
    # A bad credential is told, not passed over for the next source; an empty one is none.
    (credentials / "delo-password").write_bytes(content)
    (tmp_path / "secret").write_text("good")
    if problem == "password_file_empty":
        assert password(tmp_path, files, {"CREDENTIALS_DIRECTORY": str(credentials)}) == "good"
        return
    faults = faults_of(tmp_path, files, {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert places(faults) == {("connection", "password", problem)}


def test_none_at_all(tmp_path, files, credentials):
    for document in ({}, {"password": None}):
        files["connection"] |= document
        for environ in ({}, {"CREDENTIALS_DIRECTORY": str(credentials)}):
            assert places(faults_of(tmp_path, files, environ)) == {("connection", "password", "password_missing")}


@pytest.mark.parametrize(
    ("named", "problem"),
    [("nowhere", "password_unreadable"), ("a\0b", "path_invalid"), (5, "wrong_type"), (" ", "wrong_type")],
)
def test_a_file_that_is_none(tmp_path, files, named, problem):
    files["connection"]["password_file"] = named
    assert places(faults_of(tmp_path, files)) == {("connection", "password_file", problem)}


def test_secrets_are_not_shown(tmp_path):
    files = valid()
    files["connection"] |= {"proxy": "http://user:pr%40xy@proxy:3128"}
    connection = load_configuration(write(tmp_path, files), {}).connection
    for text in (repr(connection), str(connection.password), f"{connection.proxy}", f"{connection.password!r}"):
        assert "hunter2" not in text
        assert "xy@" not in text


def test_faults_do_not_show_secrets(tmp_path):
    files = valid()
    files["connection"] |= {
        "password": ["hunter2"],
        "proxy": "hunter2 proxy",
        "login_url": "https://pos:hunter2@delo/x",
        "logout_url": "hunter2",
    }
    faults = faults_of(tmp_path, files)
    assert len(faults) == 4
    assert "hunter2" not in repr(faults)


def test_every_secret_is_to_be_masked(tmp_path):
    files = valid()
    files["connection"] |= {"password": 'Па"роль', "proxy": "http://user:pr%40xy@proxy:3128"}
    assert secrets_of(load_configuration(write(tmp_path, files), {})) == ('Па"роль', "pr%40xy", "pr@xy")


def test_a_ca_file_is_relative_to_the_directory_and_looked_into(tmp_path):
    files = valid()
    (tmp_path / "ca.pem").symlink_to(certifi.where())
    files["connection"]["verify"] = "ca.pem"
    assert load_configuration(write(tmp_path, files), {}).connection.verify == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("verify", "problem"),
    [("nowhere.pem", "ca_unreadable"), ("text.pem", "ca_not_pem"), (".", "ca_unreadable"), ("a\0b", "path_invalid")],
)
def test_a_ca_file_that_is_none(tmp_path, verify, problem):
    (tmp_path / "text.pem").write_text("сертификат")
    files = valid()
    files["connection"]["verify"] = verify
    [fault] = faults_of(tmp_path, files)
    assert (fault.key, fault.problem) in {("verify", f"config.fault.{problem}"), ("verify", "config.fault.ca_not_pem")}
