"""The section ``alerts`` of service_config.json: who is told what by mail, and over which server."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from attrs import field, frozen

from baikaldoc_pos.config.settings import section, setting
from baikaldoc_pos.config.types import (
    ADDRESS,
    ADDRESSES,
    FILE_PATH,
    MAIL_HOST,
    PASSWORD,
    TEXT_OR_NULL,
    Secret,
    choice,
    choice_list,
    integer,
    nullable,
    number,
)
from baikaldoc_pos.i18n import LANGUAGES

# How many times timeoutSeconds a whole dialogue about one mail may last.
DIALOGUE_TIMEOUTS = 4
_DEFAULT_PORTS: Mapping[str, int] = {"none": 25, "starttls": 587, "tls": 465}
_MONTH_HOURS = 720


class AlertKind(StrEnum):
    """What can need a person. The values stand in the configuration, the journal and the mails' headers."""

    DELO_UNAVAILABLE = "delo_unavailable"
    CREDENTIALS_REJECTED = "credentials_rejected"
    ACCESS_DENIED = "access_denied"
    WRITES_REFUSED = "writes_refused"
    SCHEMA_MISMATCH = "schema_mismatch"
    RECORDS_REFUSED = "records_refused"
    UNMAPPED_STATUS = "unmapped_status"
    WINDOWS_INCOMPLETE = "windows_incomplete"
    WAITING_LONG = "waiting_long"
    NO_SUCCESS = "no_success"
    CONFIGURATION_REJECTED = "configuration_rejected"
    STORAGE_FAILING = "storage_failing"
    SERVICE_FAILED = "service_failed"
    MAIL_UNDELIVERED = "mail_undelivered"


ALERT_KINDS = tuple(str(kind) for kind in AlertKind)


@frozen(kw_only=True)
class Smtp:
    """The dialogue with the mail server.

    :param helo_name: what the service calls itself in EHLO; None: this machine's full name, else its address.
    """

    helo_name: str | None = field(default=None, metadata=setting("heloName", nullable(MAIL_HOST)))


@frozen(kw_only=True)
class AlertSettings:
    """Mails about what needs a person; none without recipients.

    :param password: resolved from the file, systemd's credential or ``passwordFile``; None: no signing in.
    :param password_path: the file that the password was read from; None for a credential.
    :param ca_file: anchored at the configuration directory; None: the machine's own CAs.
    """

    recipients: tuple[str, ...] = field(default=(), metadata=setting("recipients", ADDRESSES))
    sender: str | None = field(default=None, metadata=setting("sender", nullable(ADDRESS)))
    host: str | None = field(default=None, metadata=setting("host", nullable(MAIL_HOST)))
    port: int | None = field(default=None, metadata=setting("port", nullable(integer(1, 65535))))
    security: str = field(default="starttls", metadata=setting("security", choice(tuple(_DEFAULT_PORTS))))
    ca_file: Path | None = field(default=None, metadata=setting("caFile", nullable(FILE_PATH)))
    user: str | None = field(default=None, metadata=setting("user", TEXT_OR_NULL))
    password: Secret | None = field(default=None, metadata=setting("password", nullable(PASSWORD)))
    password_file: str | None = field(default=None, metadata=setting("passwordFile", TEXT_OR_NULL))
    password_path: Path | None = field(default=None, eq=False)
    timeout_seconds: float = field(default=30, metadata=setting("timeoutSeconds", number(0, 300, above=True)))
    language: str | None = field(default=None, metadata=setting("language", nullable(choice(LANGUAGES))))
    report: tuple[str, ...] = field(default=ALERT_KINDS, metadata=setting("report", choice_list(ALERT_KINDS)))
    unavailable_minutes: float = field(default=30, metadata=setting("unavailableMinutes", number(0, 1440)))
    refused_times: int = field(default=3, metadata=setting("refusedTimes", integer(1, 1000)))
    waiting_days: int = field(default=3, metadata=setting("waitingDays", integer(1, 366)))
    no_success_hours: float = field(default=6, metadata=setting("noSuccessHours", number(0, _MONTH_HOURS, above=True)))
    digest_hours: float = field(default=24, metadata=setting("digestHours", number(0, _MONTH_HOURS, above=True)))
    host_name: str | None = field(default=None, metadata=setting("hostName", TEXT_OR_NULL))
    smtp: Smtp = field(factory=Smtp, metadata=section("smtp"))

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
