"""Which Host headers are not ours; those that are: tests/system/web/test_http.py."""

from pathlib import Path

import pytest
from baikaldoc_pos.config import TcpAddress, UnixAddress
from baikaldoc_pos.monitoring.server import Hosts

OWN = Hosts.of(TcpAddress("Pos.Local", 9318), ("proxy.example",))
ANY = Hosts.of(TcpAddress("0.0.0.0", 9318), ())
FOREIGN = ["", "other", "pos.local.evil", "x@localhost", "localhost/x", "localhost:x", "localhost:99999"]


@pytest.mark.parametrize("header", [*FOREIGN, "a, localhost", "10.0.0.7", "[::1", "::1", "localhost?", "localhost#"])
def test_not_ours(header):
    assert not OWN.accept(header)


def test_an_address_cannot_be_rebound_so_the_wildcard_answers_to_all_of_them():
    assert ANY.accept("10.0.0.7:9318")
    assert ANY.accept("[fe80::1]:9318")
    assert not ANY.accept("ten.example:9318")
    assert not Hosts.of(UnixAddress(Path("/run/x")), ()).accept("10.0.0.7")
