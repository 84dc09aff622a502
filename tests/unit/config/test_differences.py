"""What a reload tells to have changed."""

import copy

from baikaldoc_pos.config import differences, load_configuration

from tests.unit.config.files import valid, write


def test_by_key_and_never_by_value(tmp_path):
    before = valid()
    old = load_configuration(write(tmp_path, before), {})
    assert differences(old, load_configuration(tmp_path, {})) == []
    after = copy.deepcopy(before)
    after["processing"] |= {"statusMapping": {"Дан ответ автору": "x", "Новый": "y"}, "pagination": {"pageSize": 7}}
    after["connection"] |= {"password": "hunter3", "proxy": "http://a:b@proxy:3128"}
    after["service"] = {"schedule": {"intervalMinutes": 1}, "logging": {"level": "info"}}
    new = load_configuration(write(tmp_path, after), {})
    assert differences(old, new) == [
        'statusMapping["Дан ответ автору"]',
        'statusMapping["Новый"]',
        "pagination.pageSize",
        "password",
        "proxy",
        "schedule.intervalMinutes",
    ]
    assert set(differences(new, old)) == set(differences(old, new))


def test_a_password_that_moved_but_stayed_the_same(tmp_path):
    files = valid()
    old = load_configuration(write(tmp_path, files), {})
    (tmp_path / "secret").write_text(files["connection"].pop("password"))
    files["connection"]["password_file"] = "secret"
    assert differences(old, load_configuration(write(tmp_path, files), {})) == ["password_file"]
