import fcntl
import json

import pytest
from baikaldoc_pos.errors import JournalUnavailable, StateLocked
from baikaldoc_pos.journal import StateLock


@pytest.mark.parametrize("garbage", [b"", b"{", b"\xff\xfe", b"[1]", b'{"pid": "x", "since": "never"}', b"null"])
def test_a_garbled_holder_is_still_a_holder(directory, clock, garbage):
    with StateLock(directory, "run", clock):
        (directory / "lock").write_bytes(garbage)
        with pytest.raises(StateLocked) as caught:
            StateLock(directory, "once", clock).__enter__()
    assert (caught.value.fields["pid"], caught.value.fields["command"], caught.value.fields["since"]) == (
        None,
        "",
        None,
    )


def test_what_a_longer_holder_left_behind_is_overwritten(directory, clock):
    directory.mkdir()
    (directory / "lock").write_text("x" * 1000)
    with StateLock(directory, "run", clock):
        assert json.loads((directory / "lock").read_text())["command"] == "run"


def test_a_mere_look_at_the_holder_keeps_nobody_out(directory, clock, monkeypatch):
    with StateLock(directory, "run", clock):
        pass
    with (directory / "lock").open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        monkeypatch.setattr(clock, "pause", lambda seconds: fcntl.flock(looking, fcntl.LOCK_UN))
        with StateLock(directory, "run", clock):
            assert json.loads((directory / "lock").read_text())["command"] == "run"


def test_no_place_for_the_lock(tmp_path, clock):
    (tmp_path / "file").touch()
    with pytest.raises(JournalUnavailable) as caught, StateLock(tmp_path / "file", "run", clock):
        pass
    assert caught.value.fields["path"] == str(tmp_path / "file" / "lock")
