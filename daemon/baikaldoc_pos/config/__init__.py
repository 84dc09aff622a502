"""The configuration: three JSON files in one directory, read whole or not at all, into frozen values.

``model`` and ``alert_settings`` define every key, ``types`` the kinds of value. ``load`` reads the files,
``credentials`` finds the passwords, ``validate`` checks what concerns several keys, ``issues`` are the faults and
notices.
"""

from baikaldoc_pos.config.alert_settings import DIALOGUE_TIMEOUTS, AlertKind, AlertSettings
from baikaldoc_pos.config.credentials import PRELOADED, secrets_of
from baikaldoc_pos.config.issues import ConfigError, render
from baikaldoc_pos.config.load import (
    load_alert_settings,
    load_configuration,
    peek_language,
    peek_zone,
    read_alert_settings,
    section_of,
)
from baikaldoc_pos.config.model import (
    Attributes,
    Configuration,
    ConnectionConfig,
    Http,
    Limits,
    Paths,
    ProcessingConfig,
    Retention,
    ServiceConfig,
)
from baikaldoc_pos.config.types import ListenAddress, Secret, TcpAddress, UnixAddress
from baikaldoc_pos.config.validate import differences, warnings_of, without_strict

__all__ = [
    "DIALOGUE_TIMEOUTS",
    "PRELOADED",
    "AlertKind",
    "AlertSettings",
    "Attributes",
    "ConfigError",
    "Configuration",
    "ConnectionConfig",
    "Http",
    "Limits",
    "ListenAddress",
    "Paths",
    "ProcessingConfig",
    "Retention",
    "Secret",
    "ServiceConfig",
    "TcpAddress",
    "UnixAddress",
    "differences",
    "load_alert_settings",
    "load_configuration",
    "peek_language",
    "peek_zone",
    "read_alert_settings",
    "render",
    "secrets_of",
    "section_of",
    "warnings_of",
    "without_strict",
]
