"""Valid files, and configuration directories made of them."""

import copy
import json
from pathlib import Path

import pytest
from baikaldoc_pos.config import ConfigError, Configuration, load_configuration
from baikaldoc_pos.errors import ConfigurationInvalid

NAMES = {
    "processing": "processing_config.json",
    "connection": "connection_config.json",
    "service": "service_config.json",
}
_VALID = {
    "processing": {"statusMapping": {"Дан ответ автору": "Отправлен ответ заявителю"}, "utcOffsetHours": 8},
    "connection": {
        "login_url": "https://delo.example.org/CoreHost/identity/api/login",
        "logout_url": "https://delo.example.org/CoreHost/identity/api/logout",
        "graphql_endpoint": "https://delo.example.org/CoreHost/gql/query",
        "username": "pos",
        "password": "hunter2-пароль",
    },
    "service": {},
}


def valid() -> dict[str, dict]:
    return copy.deepcopy(_VALID)


def write(directory: Path, files: dict[str, object]) -> Path:
    """Write the files; a value that is bytes or text goes in as it is."""
    for name, content in files.items():
        path = directory / NAMES[name]
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return directory


def changed(changes: dict[str, object]) -> dict[str, dict]:
    """Valid files with these values at these paths; ``...`` takes a key out."""
    files = valid()
    for path, value in changes.items():
        *sections, key = path.split(".")
        document = files
        for section in sections:
            document = document.setdefault(section, {})
        document[key] = copy.deepcopy(value)
        if value is ...:
            del document[key]
    return files


def load(directory: Path, files: dict[str, object], environ: dict[str, str] | None = None) -> Configuration:
    return load_configuration(write(directory, files), environ or {})


def faults_of(directory: Path, files: dict[str, object], environ: dict[str, str] | None = None) -> list[ConfigError]:
    with pytest.raises(ConfigurationInvalid) as caught:
        load(directory, files, environ)
    return list(caught.value.faults)


def places(faults: list[ConfigError]) -> set[tuple[str, str, str]]:
    """File's stem, key and problem, without the common beginnings."""
    return {
        (fault.file.removesuffix("_config.json"), fault.key, fault.problem.removeprefix("config.fault."))
        for fault in faults
    }
