"""The configuration: three JSON files in one directory, read whole or not at all, into frozen values.

``model`` defines every key, ``types`` the values. ``load`` reads the files, with ``credentials`` and ``validate``.
"""

from baikaldoc_pos.config.credentials import secrets_of
from baikaldoc_pos.config.issues import ConfigError, ConfigWarning, render
from baikaldoc_pos.config.load import (
    load_alert_settings,
    load_configuration,
    peek_language,
    peek_zone,
    read_alert_settings,
    section_of,
)
from baikaldoc_pos.config.model import (
    DIALOGUE_TIMEOUTS,
    AlertKind,
    AlertSettings,
    Attributes,
    Configuration,
    ConnectionConfig,
    DateRange,
    Http,
    Limits,
    Logging,
    Lookback,
    MetricsSettings,
    Pagination,
    Paths,
    ProcessingConfig,
    Retries,
    Schedule,
    ServiceConfig,
    SessionSettings,
)
from baikaldoc_pos.config.types import ListenAddress, Secret, TcpAddress, UnixAddress
from baikaldoc_pos.config.validate import differences, warnings_of, without_strict

__all__ = [
    "DIALOGUE_TIMEOUTS",
    "AlertKind",
    "AlertSettings",
    "Attributes",
    "ConfigError",
    "ConfigWarning",
    "Configuration",
    "ConnectionConfig",
    "DateRange",
    "Http",
    "Limits",
    "ListenAddress",
    "Logging",
    "Lookback",
    "MetricsSettings",
    "Pagination",
    "Paths",
    "ProcessingConfig",
    "Retries",
    "Schedule",
    "Secret",
    "ServiceConfig",
    "SessionSettings",
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
