"""Reads the section ``alerts`` with its password and CA file, by itself or as a part of the whole.

By itself it is what ``notify-failure`` needs: whatever else is wrong with the files must not keep a mail from leaving.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from attrs import evolve, field, frozen

from baikaldoc_pos.config.alert_rules import faults_of_alerts
from baikaldoc_pos.config.alert_settings import AlertSettings
from baikaldoc_pos.config.certificate import certificate_faults
from baikaldoc_pos.config.credentials import SMTP_CREDENTIAL, Source
from baikaldoc_pos.config.faults import Fault
from baikaldoc_pos.config.load import read_document
from baikaldoc_pos.config.secret import Secret
from baikaldoc_pos.config.settings import section as section_setting
from baikaldoc_pos.config.settings import settings_of
from baikaldoc_pos.config.structure import structure

SERVICE_FILE = "service_config.json"
SECTION = "alerts"


@frozen(kw_only=True)
class _Alone:
    """The file as if it had this section only, so that keys in faults have their whole path."""

    alerts: AlertSettings = field(factory=AlertSettings, metadata=section_setting(SECTION))


def load_alert_settings(directory: Path, environ: Mapping[str, str]) -> tuple[AlertSettings | None, list[Fault]]:
    """The section alone, whatever else is wrong; None with its faults where it cannot be used itself."""
    document, faults = read_document(directory / SERVICE_FILE, optional=True)
    if document is None:
        return None, faults
    return read_alert_settings(document.get(SECTION, {}), directory, environ)


def read_alert_settings(
    section: object, directory: Path, environ: Mapping[str, str]
) -> tuple[AlertSettings | None, list[Fault]]:
    """As :func:`load_alert_settings`, from the section as JSON has it."""
    wrapped = structure(_Alone, {SECTION: section}, SERVICE_FILE)
    found = [*wrapped[1], *faults_of_alerts(section, SERVICE_FILE)]
    if wrapped[0] is None or not isinstance(section, dict):
        return None, found
    settings, more = complete(wrapped[0].alerts, section, directory, environ)
    found += more
    return (None, found) if found else (settings, [])


def complete(
    settings: AlertSettings | None, section: object, directory: Path, environ: Mapping[str, str]
) -> tuple[AlertSettings | None, list[Fault]]:
    """The settings with the password found and the CA file looked into, and the faults of both."""
    if not isinstance(section, dict):
        return settings, []
    faults: list[Fault] = []
    given = cast("Mapping[str, object]", section)
    password: str | None = None
    path: Path | None = None
    if given.get("user") is not None:
        source = Source(given, SERVICE_FILE, directory, SMTP_CREDENTIAL, prefix=f"{SECTION}.", file_key="passwordFile")
        password, path, faults = source.resolve(environ)
    named = given.get("caFile")
    if isinstance(named, str) and named.strip():
        faults = [*faults, *certificate_faults(directory / named, SERVICE_FILE, f"{SECTION}.caFile")]
    if settings is None:
        return None, faults
    secret = settings.password if settings.password is not None else Secret(password) if password else None
    ca_file = None if settings.ca_file is None else directory / settings.ca_file
    return evolve(settings, password=secret, password_path=path, ca_file=ca_file), faults


def section_of(settings: AlertSettings) -> dict[str, object]:
    """The section as JSON has it, without the password: what can be kept for when the file is no longer readable."""
    section: dict[str, object] = {}
    for attribute, each in settings_of(AlertSettings):
        value = getattr(settings, attribute.name)
        if isinstance(value, Secret):
            continue
        section[each.key] = (
            list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value
        )
    return section
