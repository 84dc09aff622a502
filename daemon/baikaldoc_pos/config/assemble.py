"""From a directory to a configuration: every file is read and judged to the end, then all faults are raised at once."""

from collections.abc import Mapping
from datetime import timezone
from pathlib import Path
from typing import TypeVar

from attrs import AttrsInstance, evolve

from baikaldoc_pos.config.alert_loading import SECTION, complete
from baikaldoc_pos.config.certificate import certificate_faults
from baikaldoc_pos.config.credentials import DELO_CREDENTIAL, Source
from baikaldoc_pos.config.faults import Fault
from baikaldoc_pos.config.load import SPOILED, JsonObject, read_document
from baikaldoc_pos.config.model import FILES, Configuration, ConnectionConfig, ProcessingConfig, ServiceConfig
from baikaldoc_pos.config.rules import faults_of_rules
from baikaldoc_pos.config.structure import structure
from baikaldoc_pos.errors import ConfigurationInvalid
from baikaldoc_pos.i18n import LANGUAGES

T = TypeVar("T", bound=AttrsInstance)
_FILE_ORDER = tuple(file for file, _ in FILES.values())


def load_configuration(directory: Path, environ: Mapping[str, str]) -> Configuration:
    """The configuration in a directory; ``environ`` is where systemd's credentials are looked for.

    :raises ConfigurationInvalid: with every fault of every file.
    """
    try:
        directory.stat()
    except OSError as error:
        fields = {"reason": error.strerror}
        raise ConfigurationInvalid([Fault(str(directory), "", "config.fault.directory_missing", fields)]) from None
    faults: list[Fault] = []
    documents: dict[str, JsonObject] = {}
    for name, (file, _) in FILES.items():
        document, faults_of_form = read_document(directory / file, optional=name == "service")
        faults += faults_of_form
        if document is not None:
            documents[name] = document
    spoiled = {(fault.file, fault.key) for fault in faults if fault.problem in SPOILED}

    processing = _section(ProcessingConfig, documents.get("processing"), FILES["processing"][0], faults)
    connection = _connection(documents.get("connection"), directory, environ, faults)
    service = _service(documents.get("service"), directory, environ, faults)
    faults += faults_of_rules(documents)

    if faults or processing is None or connection is None or service is None:
        told = [fault for fault in faults if fault.problem in SPOILED or (fault.file, fault.key) not in spoiled]
        raise ConfigurationInvalid(sorted(told, key=lambda fault: _FILE_ORDER.index(fault.file)))
    return Configuration(processing=processing, connection=connection, service=service)


def peek_language(directory: Path) -> str:
    """The language that service_config.json asks for, whatever else is wrong with it; else Russian."""
    document, _ = read_document(directory / FILES["service"][0], optional=True)
    language = document.get("language") if document is not None else None
    return language if isinstance(language, str) and language in LANGUAGES else LANGUAGES[0]


def peek_zone(directory: Path) -> timezone | None:
    """The zone of ``utcOffsetHours``, whatever else is wrong with the configuration; None where that itself is."""
    file, _ = FILES["processing"]
    document, _ = read_document(directory / file, optional=True)
    given = None if document is None else document.get("utcOffsetHours")
    section, _ = structure(ProcessingConfig, {"statusMapping": {"-": "-"}, "utcOffsetHours": given}, file)
    return section.zone if section is not None else None


def _section(cls: type[T], document: Mapping[str, object] | None, file: str, faults: list[Fault]) -> T | None:
    if document is None:
        return None
    section, found = structure(cls, document, file)
    faults += found
    return section


def _service(
    document: JsonObject | None, directory: Path, environ: Mapping[str, str], faults: list[Fault]
) -> ServiceConfig | None:
    """The service's settings with the mail server's password found and its CA file looked into."""
    service = _section(ServiceConfig, document, FILES["service"][0], faults)
    given = {} if document is None else document.get(SECTION, {})
    alerts, found = complete(service.alerts if service is not None else None, given, directory, environ)
    faults += found
    return evolve(service, alerts=alerts) if service is not None and alerts is not None else None


def _connection(
    document: JsonObject | None, directory: Path, environ: Mapping[str, str], faults: list[Fault]
) -> ConnectionConfig | None:
    """The connection with its password found and its CA file looked into."""
    if document is None:
        return None
    file = FILES["connection"][0]
    password, password_path, password_faults = Source(document, file, directory, DELO_CREDENTIAL).resolve(environ)
    own_password = document.get("password") is not None
    # What was found, or a stand-in, so that a missing password is not reported twice.
    completed = document if own_password else {**document, "password": password or "-"}
    faults += password_faults
    connection = _section(ConnectionConfig, completed, file, faults)
    verify = document.get("verify")
    if isinstance(verify, str) and verify.strip():
        faults += certificate_faults(directory / verify, file, "verify")
    if connection is None or not (own_password or password):
        return None
    anchored = connection.verify if isinstance(connection.verify, bool) else directory / connection.verify
    return evolve(connection, password_path=password_path, verify=anchored)
