"""The form of a file: whatever is wrong with it is told with its place."""

import pytest
from baikaldoc_pos.config import load_configuration, peek_language

from tests.unit.config.files import NAMES, faults_of, load, places, valid, write


@pytest.mark.parametrize(
    ("content", "problem", "where"),
    [
        (b'{"a": 1,\n  "b" 2}', "not_json", (2, 7)),
        (b"", "not_json", (1, 1)),
        (b"[]", "wrong_type", ()),
        ('{"username": "Иван"}'.encode("cp1251"), "not_utf8", ()),
        ("{}".encode("utf-16"), "not_utf8", ()),
        (b"[" * 100_000, "too_deep", ()),
        (b" " * (1 << 20) + b"{}", "file_too_large", ()),
    ],
)
@pytest.mark.parametrize("name", list(NAMES))
def test_a_file_of_the_wrong_form(tmp_path, name, content, problem, where):
    [fault] = faults_of(tmp_path, valid() | {name: content})
    assert places([fault]) == {(name, "", problem)}
    assert problem != "file_too_large" or fault.fields["most"] == 1024
    assert problem != "not_json" or (fault.fields["line"], fault.fields["column"]) == where


def test_a_byte_order_mark_is_accepted(tmp_path):
    write(tmp_path, valid())
    for path in tmp_path.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_configuration(tmp_path, {}).connection.username == "pos"


def test_service_file_is_optional_the_others_are_not(tmp_path):
    files = valid()
    del files["service"]
    assert load(tmp_path, files).service.schedule.interval_minutes == 10
    (tmp_path / NAMES["processing"]).unlink()
    (tmp_path / NAMES["connection"]).unlink()
    assert places(faults_of(tmp_path, {})) == {("processing", "", "file_missing"), ("connection", "", "file_missing")}
    # A link that leads nowhere is not an absent file.
    service = tmp_path / NAMES["service"]
    service.symlink_to(tmp_path / "nowhere")
    assert ("service", "", "file_missing") in places(faults_of(tmp_path, {}))
    service.unlink()
    service.mkdir()
    assert ("service", "", "file_unreadable") in places(faults_of(tmp_path, {}))
    [fault] = faults_of(tmp_path / "nowhere", {})
    assert (fault.file, fault.problem) == (str(tmp_path / "nowhere"), "config.fault.directory_missing")


def test_repeated_keys_are_faults_wherever_they_stand(tmp_path):
    text = (
        '{"utcOffsetHours": 8, "utcOffsetHours": 9, "pagination": {"pageSize": 1, "pageSize": 1},'
        ' "statusMapping": {"Рассмотрено": "а", "Рассмотрено": "б"}}'
    )
    assert places(faults_of(tmp_path, valid() | {"processing": text})) == {
        ("processing", "utcOffsetHours", "repeated_key"),
        ("processing", "pagination.pageSize", "repeated_key"),
        ("processing", 'statusMapping["Рассмотрено"]', "repeated_key"),
    }


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_numbers_that_are_none(tmp_path, number):
    text = f'{{"logging": {{"keepDays": {number}}}}}'
    assert places(faults_of(tmp_path, valid() | {"service": text})) == {("service", "logging.keepDays", "not_finite")}


def test_half_a_character_is_never_taken(tmp_path):
    files = valid() | {"processing": '{"utcOffsetHours": 8, "statusMapping": {"Рассмотрено": "\\ud800"}}'}
    assert places(faults_of(tmp_path, files)) == {("processing", 'statusMapping["Рассмотрено"]', "not_text")}
    files = valid() | {"processing": '{"utcOffsetHours": 8, "statusMapping": {"\\udfff": "x"}}'}
    [fault] = faults_of(tmp_path, files)
    assert fault.problem == "config.fault.not_text"
    fault.key.encode("utf-8")


@pytest.mark.parametrize(
    ("content", "language"), [('{"language": "en", "nonsense": 1}', "en"), ('{"language": []}', "ru"), ("{", "ru")]
)
def test_language_is_known_even_of_a_faulty_file(tmp_path, content, language):
    assert peek_language(write(tmp_path, {"service": content})) == language
