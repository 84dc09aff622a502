"""The configuration: three JSON files in one directory, read whole or not at all, into frozen values.

Steps, one module each: load (JSON) → structure (types, cattrs) → credentials, certificate, rules → assemble.
``model`` is the one place where keys are defined; the reference in docs/ is generated from it.
"""

from baikaldoc_pos.config.alert_loading import load_alert_settings, read_alert_settings, section_of
from baikaldoc_pos.config.alert_settings import DIALOGUE_TIMEOUTS, AlertKind, AlertSettings
from baikaldoc_pos.config.assemble import load_configuration, peek_language, peek_zone
from baikaldoc_pos.config.certificate import without_strict
from baikaldoc_pos.config.differences import differences
from baikaldoc_pos.config.faults import Fault, Notice, render
from baikaldoc_pos.config.listening import ListenAddress, TcpAddress, UnixAddress
from baikaldoc_pos.config.masking import secrets_of
from baikaldoc_pos.config.model import (
    Configuration,
    ConnectionConfig,
    DateRange,
    Http,
    Limits,
    Logging,
    Lookback,
    MetricsSettings,
    Pagination,
    ProcessingConfig,
    Retries,
    Schedule,
    ServiceConfig,
    SessionSettings,
)
from baikaldoc_pos.config.notices import warnings_of
from baikaldoc_pos.config.paths import Paths
from baikaldoc_pos.config.secret import Secret

__all__ = [
    "DIALOGUE_TIMEOUTS",
    "AlertKind",
    "AlertSettings",
    "Configuration",
    "ConnectionConfig",
    "DateRange",
    "Fault",
    "Http",
    "Limits",
    "ListenAddress",
    "Logging",
    "Lookback",
    "MetricsSettings",
    "Notice",
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
