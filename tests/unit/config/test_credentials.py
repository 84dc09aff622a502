"""Where the password comes from, that it is never shown, and what a CA file must be."""

import os
from pathlib import Path

import certifi
import pytest
from baikaldoc_pos.config import secrets_of
from baikaldoc_pos.config.issues import render
from baikaldoc_pos.config.validate import MOST_CA_BYTES
from baikaldoc_pos.i18n import Catalogue

from tests.unit.config.files import changed, faults_of, load, places

NONE = {"connection.password": ...}
FILE = NONE | {"connection.password_file": "secret"}


@pytest.fixture
def environ(tmp_path):
    (tmp_path / "credentials").mkdir()
    return {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}


def password(directory, changes, environ=None):
    return load(directory, changed(changes), environ).connection.password.reveal()


def test_the_order(tmp_path, environ):
    (tmp_path / "secret").write_text("из файла\n")
    assert password(tmp_path, FILE, environ) == "из файла"
    (tmp_path / "credentials" / "delo-password").write_text("из секрета")
    assert password(tmp_path, FILE, environ) == "из секрета"
    assert password(tmp_path, FILE | {"connection.password": "из настройки"}, environ) == "из настройки"


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b" a b \n", " a b "), (b"ab\r\n", "ab"), ("\ufeffпароль".encode(), "пароль"), (b"ab", "ab")],
)
def test_one_trailing_newline_is_not_part_of_it(tmp_path, content, expected):
    (tmp_path / "secret").write_bytes(content)
    assert password(tmp_path, FILE) == expected


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "password_file_empty"),
        (b"\n", "password_file_empty"),
        (b"a\nb", "password_lines"),
        (b"a\0b", "password_lines"),
        (b"\xff", "password_not_utf8"),
    ],
)
def test_what_is_no_password(tmp_path, environ, content, problem):
    (tmp_path / "secret").write_bytes(content)
    assert places(faults_of(tmp_path, changed(FILE))) == {("connection", "password_file", problem)}
    # A bad credential is told, not passed over for the next source; an empty one is none.
    (tmp_path / "credentials" / "delo-password").write_bytes(content)
    (tmp_path / "secret").write_text("good")
    if problem == "password_file_empty":
        assert password(tmp_path, FILE, environ) == "good"
    else:
        assert places(faults_of(tmp_path, changed(FILE), environ)) == {("connection", "password", problem)}


@pytest.mark.parametrize(
    ("named", "problem"),
    [("nowhere", "password_file_empty"), ("a\0b", "path_invalid"), (5, "wrong_type"), (" ", "wrong_type")],
)
def test_a_file_that_is_none(tmp_path, named, problem):
    files = changed(NONE | {"connection.password_file": named})
    assert places(faults_of(tmp_path, files)) == {("connection", "password_file", problem)}


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "это не обычный файл"),
        (lambda path: path.symlink_to("/dev/zero"), "это не обычный файл"),
        (lambda path: path.write_bytes(b"a" * 65_537), "файл слишком велик"),
        (Path.mkdir, "это каталог"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_reason(tmp_path, make, reason):
    make(tmp_path / "secret")
    [fault] = faults_of(tmp_path, changed(FILE))
    told = render(fault, Catalogue("ru"))
    assert told.startswith("connection_config.json: password_file: ")
    assert f"({reason})" in told


def test_secrets_are_not_shown_and_all_are_to_be_masked(tmp_path):
    proxy = "http://user:pr%40xy@proxy:3128"
    configuration = load(tmp_path, changed({"connection.password": "hunter2", "connection.proxy": proxy}))
    connection = configuration.connection
    for text in (repr(connection), str(connection.password), f"{connection.proxy}", f"{connection.password!r}"):
        assert "hunter2" not in text
        assert "xy@" not in text
    assert secrets_of(configuration) == ("hunter2", "pr%40xy", "pr@xy")


def test_faults_do_not_show_secrets(tmp_path):
    changes = {
        "connection.password": ["hunter2"],
        "connection.proxy": "hunter2 proxy",
        "connection.login_url": "https://pos:hunter2@delo/x",
        "connection.logout_url": "hunter2",
    }
    faults = faults_of(tmp_path, changed(changes))
    assert len(faults) == 4
    assert "hunter2" not in repr(faults)


def test_a_ca_file_is_relative_to_the_directory_and_looked_into(tmp_path):
    (tmp_path / "ca.pem").symlink_to(certifi.where())
    assert load(tmp_path, changed({"connection.verify": "ca.pem"})).connection.verify == tmp_path / "ca.pem"
    (tmp_path / "text.pem").write_text("сертификат")
    with (tmp_path / "large.pem").open("wb") as large:
        large.truncate(MOST_CA_BYTES + 1)
    for verify, problems in (
        ("nowhere.pem", {"ca_unreadable"}),
        ("text.pem", {"ca_not_pem"}),
        (".", {"ca_unreadable", "ca_not_pem"}),
        ("a\0b", {"path_invalid"}),
        ("large.pem", {"ca_too_large"}),
    ):
        [(_, key, problem)] = places(faults_of(tmp_path, changed({"connection.verify": verify})))
        assert key == "verify"
        assert problem in problems
