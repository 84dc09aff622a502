"""The example files in config/ are ones that work; and where the directories are."""

from pathlib import Path

from attrs import evolve
from baikaldoc_pos.config import Http, Paths, TcpAddress, load_configuration, warnings_of

EXAMPLES = Path(__file__).resolve().parents[3] / "config"


def test_examples_load_given_a_credential(tmp_path):
    (tmp_path / "delo-password").write_text("secret\n")
    configuration = load_configuration(EXAMPLES, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert len(configuration.processing.status_mapping) == 8
    assert configuration.processing.status_mapping["Рассмотрение продлено"].endswith("Отправлен ответ Заявителю")
    assert len(configuration.processing.ignored_statuses) == 4
    assert warnings_of(configuration, EXAMPLES) == []


def test_the_example_of_the_service_says_what_holds_anyway(tmp_path):
    (tmp_path / "delo-password").write_text("secret\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    given = load_configuration(EXAMPLES, environ).service
    # But for the page: whoever copies the example has it on their own host, whoever has no file serves nothing.
    assert given.http.listen == TcpAddress("127.0.0.1", 9318)
    assert evolve(given, http=Http()) == type(given)()


def test_an_option_goes_before_systemd_and_that_before_the_working_directory():
    systemd = {
        "CONFIGURATION_DIRECTORY": "/etc/baikaldoc-pos:/etc/other",
        "STATE_DIRECTORY": "/var/lib/baikaldoc-pos",
        "LOGS_DIRECTORY": "/var/log/baikaldoc-pos",
    }
    assert Paths.resolve({"STATE_DIRECTORY": ""}) == Paths(Path("config"), Path("state"), Path("logs"))
    log = Path("/var/log/baikaldoc-pos")
    assert Paths.resolve(systemd) == Paths(Path("/etc/baikaldoc-pos"), Path("/var/lib/baikaldoc-pos"), log)
    assert Paths.resolve(systemd, state=Path("/srv/state")).state == Path("/srv/state")
