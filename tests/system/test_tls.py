"""ДЕЛО's certificate is usually issued by an internal CA: it is checked, and a wrong one is not tried again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from baikaldoc_pos.errors import DeloUnavailable
from baikaldoc_pos.i18n import Catalogue

from tests.certificates import Authority
from tests.clocks import ManualClock
from tests.delo_server import DeloServer, pending_rubrics
from tests.installation import Installation
from tests.system.accounts import assert_reconciled, expected

RUBRICS = pending_rubrics(60)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def server(authority: Authority) -> Iterator[DeloServer]:
    with DeloServer(RUBRICS, tls=authority.server()) as running:
        yield running


def assert_refused(installation: Installation, words: str = "укажите файл своего CA в verify") -> None:
    """The certificate is named as the reason, no credentials were sent, and there was one try."""
    clock = ManualClock()
    report = installation.cycle(clock)
    assert isinstance(report.error, DeloUnavailable)
    assert words in Catalogue("ru").render(report.error.event, report.error.fields)
    assert clock.pauses == []
    assert installation.server.requests == 0
    assert installation.server.traffic.connections == 1


def test_an_internal_ca_is_trusted_where_it_is_named(installation: Installation, authority: Authority) -> None:
    installation.connection["verify"] = str(authority.ca)
    assert installation.cycle().error is None
    assert_reconciled(installation, expected(RUBRICS))


def test_an_unknown_ca_is_not_trusted(installation: Installation) -> None:
    assert_refused(installation)


def test_another_ca_is_not_trusted(installation: Installation, tmp_path: Path) -> None:
    installation.connection["verify"] = str(Authority(tmp_path / "other").ca)
    assert_refused(installation)


def test_the_environment_s_ca_is_not_trusted_silently(
    installation: Installation, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(authority.ca))
    assert_refused(installation)


def test_a_certificate_for_another_name_is_not_trusted(
    installation: Installation, authority: Authority, tmp_path: Path
) -> None:
    with DeloServer(RUBRICS, tls=authority.server("DNS:delo.example")) as other:
        elsewhere = Installation(tmp_path / "elsewhere", other)
        elsewhere.connection["verify"] = str(authority.ca)
        assert_refused(elsewhere, "сертификат выдан на другое имя")


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_checking_can_be_turned_off(installation: Installation) -> None:
    installation.connection["verify"] = False
    assert installation.cycle().error is None
    assert_reconciled(installation, expected(RUBRICS))
