"""The section ``alerts`` of service_config.json: who is told by mail of what, and by which mail server."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from attrs import field, frozen

from baikaldoc_pos.config.kinds import Choice, Integer, Number, Password, Text
from baikaldoc_pos.config.mail_kinds import Address, Addresses, FilePath, MailHost, Nullable, Words
from baikaldoc_pos.config.secret import Secret
from baikaldoc_pos.config.settings import setting
from baikaldoc_pos.i18n import LANGUAGES

# How many times timeoutSeconds a whole dialogue about one mail may last.
DIALOGUE_TIMEOUTS = 4
_DEFAULT_PORTS: Mapping[str, int] = {"none": 25, "starttls": 587, "tls": 465}
_MONTH_HOURS = 720


class AlertKind(StrEnum):
    """What can need a person. The values stand in the configuration, the journal and the mails' headers."""

    DELO_UNAVAILABLE = "delo_unavailable"
    CREDENTIALS_REJECTED = "credentials_rejected"
    SCHEMA_MISMATCH = "schema_mismatch"
    RECORDS_REFUSED = "records_refused"
    UNMAPPED_STATUS = "unmapped_status"
    NO_SUCCESS = "no_success"
    CONFIGURATION_REJECTED = "configuration_rejected"
    STORAGE_FAILING = "storage_failing"
    SERVICE_FAILED = "service_failed"
    MAIL_UNDELIVERED = "mail_undelivered"


ALERT_KINDS = tuple(str(kind) for kind in AlertKind)


@frozen(kw_only=True)
class AlertSettings:
    """Nobody is told anything while there are no recipients.

    :param password: resolved from the file, systemd's credential or ``passwordFile``; None: no signing in.
    :param password_path: the file that the password was read from; None for a credential.
    :param ca_file: anchored at the configuration directory; None: the machine's own CAs.
    """

    recipients: tuple[str, ...] = field(default=(), metadata=setting("recipients", Addresses()))
    sender: str | None = field(default=None, metadata=setting("sender", Nullable(Address())))
    host: str | None = field(default=None, metadata=setting("host", Nullable(MailHost())))
    port: int | None = field(default=None, metadata=setting("port", Nullable(Integer(1, 65535))))
    security: str = field(default="starttls", metadata=setting("security", Choice(tuple(_DEFAULT_PORTS))))
    ca_file: Path | None = field(default=None, metadata=setting("caFile", Nullable(FilePath())))
    user: str | None = field(default=None, metadata=setting("user", Text(nullable=True)))
    password: Secret | None = field(default=None, metadata=setting("password", Nullable(Password())))
    password_file: str | None = field(default=None, metadata=setting("passwordFile", Text(nullable=True)))
    password_path: Path | None = field(default=None, eq=False)
    timeout_seconds: float = field(default=30, metadata=setting("timeoutSeconds", Number(0, 300, above=True)))
    language: str | None = field(default=None, metadata=setting("language", Nullable(Choice(LANGUAGES))))
    report: tuple[str, ...] = field(default=ALERT_KINDS, metadata=setting("report", Words(ALERT_KINDS)))
    unavailable_minutes: float = field(default=30, metadata=setting("unavailableMinutes", Number(0, 1440)))
    refused_times: int = field(default=3, metadata=setting("refusedTimes", Integer(1, 1000)))
    no_success_hours: float = field(default=6, metadata=setting("noSuccessHours", Number(0, _MONTH_HOURS, above=True)))
    digest_hours: float = field(default=24, metadata=setting("digestHours", Number(0, _MONTH_HOURS, above=True)))
    host_name: str | None = field(default=None, metadata=setting("hostName", Text(nullable=True)))

    @property
    def enabled(self) -> bool:
        return bool(self.recipients)

    @property
    def effective_port(self) -> int:
        """The port given, else the usual one for the kind of security."""
        return self.port if self.port is not None else _DEFAULT_PORTS[self.security]

    @property
    def digest_every(self) -> timedelta:
        return timedelta(hours=self.digest_hours)
