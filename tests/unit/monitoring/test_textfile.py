"""The metrics as a file."""

import logging
import os

from baikaldoc_pos.monitoring import Textfile


def test_the_file_is_replaced_as_a_whole_and_may_be_read_by_others(tmp_path):
    path = tmp_path / "pos.prom"
    path.write_bytes(b"old")
    before = os.umask(0o077)
    try:
        with path.open("rb") as open_before:
            Textfile(path).write(b"new\n")
            assert open_before.read() == b"old"
    finally:
        os.umask(before)
    assert path.read_bytes() == b"new\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_is_logged_once_and_its_end_too(tmp_path, caplog):
    directory = tmp_path / "collector"
    textfile = Textfile(directory / "pos.prom")
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            textfile.write(b"x")
        directory.mkdir()
        textfile.write(b"x")
        textfile.write(b"y")
    assert [record.event for record in caplog.records] == ["metrics.textfile_failed", "metrics.textfile_works"]
    assert textfile.path.read_bytes() == b"y"


def test_nothing_is_left_behind_where_the_file_cannot_be_replaced(tmp_path, caplog):
    path = tmp_path / "pos.prom"
    path.mkdir()
    Textfile(path).write(b"x")
    assert list(tmp_path.iterdir()) == [path]
    assert [record.event for record in caplog.records] == ["metrics.textfile_failed"]
