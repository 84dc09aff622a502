"""The configuration as the rest of the program sees it: frozen values, complete and checked.

Each attribute's metadata names its key and kind; to add a key or a section, add it here, and its sentence
(``config.key.…``) to both catalogues. May not know where the values came from.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

from attrs import AttrsInstance, field, frozen

from baikaldoc_pos.config.alert_settings import AlertSettings
from baikaldoc_pos.config.kinds import Choice, Flag, Integer, Moment, Number, Password, Text, Trust, UtcOffset
from baikaldoc_pos.config.listening import HostNames, Listen, ListenAddress, TextfilePath
from baikaldoc_pos.config.secret import Secret
from baikaldoc_pos.config.settings import section, setting
from baikaldoc_pos.config.statuses import Statuses, StatusMapping
from baikaldoc_pos.config.urls import HttpUrl, ProxyUrl
from baikaldoc_pos.i18n import LANGUAGES
from baikaldoc_pos.model import Period

DATE_FORMAT = "%Y-%m-%d %H:%M:%S"
LEVELS = ("debug", "info", "warning", "error")
_DAY_MINUTES = 24 * 60


@frozen(kw_only=True)
class DateRange:
    """The period to be read: fixed, or running; the dates count only while ``use_fixed_dates`` is on."""

    use_fixed_dates: bool = field(default=False, metadata=setting("useFixedDates", Flag()))
    start_date: str | None = field(default=None, metadata=setting("startDate", Moment()))
    end_date: str | None = field(default=None, metadata=setting("endDate", Moment()))
    max_date_range_days: int = field(default=30, metadata=setting("maxDateRangeDays", Integer(1, 366)))


@frozen(kw_only=True)
class Pagination:
    """How many records one request asks for."""

    page_size: int = field(default=100, metadata=setting("pageSize", Integer(1, 1000)))


@frozen(kw_only=True)
class ProcessingConfig:
    """processing_config.json: what is read, and what is written for it."""

    status_mapping: Mapping[str, str] = field(metadata=setting("statusMapping", StatusMapping()))
    ignored_statuses: tuple[str, ...] = field(default=(), metadata=setting("ignoredStatuses", Statuses()))
    utc_offset_hours: float = field(metadata=setting("utcOffsetHours", UtcOffset()))
    date_range: DateRange = field(factory=DateRange, metadata=section("dateRange"))
    overlap_minutes: int = field(default=5, metadata=setting("overlapMinutes", Integer(0, _DAY_MINUTES)))
    pagination: Pagination = field(factory=Pagination, metadata=section("pagination"))
    batch_size: int = field(default=50, metadata=setting("batchSize", Integer(1, 200)))
    retry_attempts: int = field(default=3, metadata=setting("retryAttempts", Integer(0, 20)))

    @property
    def zone(self) -> timezone:
        """The zone of ``utcOffsetHours``, in which fixed dates are meant and instants are shown."""
        return timezone(timedelta(minutes=round(self.utc_offset_hours * 60)))

    def fixed_period(self) -> Period | None:
        """The period of the fixed dates; None while they are off. ValueError for dates that were never checked."""
        dates = self.date_range
        if not dates.use_fixed_dates:
            return None
        return Period(*(parse_moment(text).replace(tzinfo=self.zone) for text in (dates.start_date, dates.end_date)))


def parse_moment(text: object) -> datetime:
    """A fixed date as it is written in the file, without its zone; ValueError unless it is exactly ``DATE_FORMAT``."""
    if not isinstance(text, str):
        raise ValueError("not a text")  # noqa: TRY004 - one kind of error, whatever stands in the file
    moment = datetime.strptime(text, DATE_FORMAT)  # noqa: DTZ007 - the zone is a setting of its own
    if moment.strftime(DATE_FORMAT) != text or not 1900 <= moment.year < 2200:
        raise ValueError("not in the usual form, or not in our times")
    return moment


@frozen(kw_only=True)
class ConnectionConfig:
    """connection_config.json: where ДЕЛО is and who signs in. Time-outs are in seconds.

    :param password: resolved from the file, systemd's credential or ``password_file``.
    :param password_path: the file that the password was read from; None for a credential, which systemd guards.
    :param verify: True (the CAs that requests comes with), a CA file's path, or False (nothing is checked).
    """

    login_url: str = field(metadata=setting("login_url", HttpUrl()))
    logout_url: str = field(metadata=setting("logout_url", HttpUrl()))
    graphql_endpoint: str = field(metadata=setting("graphql_endpoint", HttpUrl()))
    username: str = field(metadata=setting("username", Text()))
    password: Secret = field(metadata=setting("password", Password()))
    password_file: str | None = field(default=None, metadata=setting("password_file", Text(nullable=True)))
    password_path: Path | None = field(default=None, eq=False)
    app: str | None = field(default=None, metadata=setting("app", Text(nullable=True)))
    verify: bool | Path = field(default=True, metadata=setting("verify", Trust()))
    connect_timeout: float = field(default=10, metadata=setting("connect_timeout", Number(0, 600, above=True)))
    read_timeout: float = field(default=60, metadata=setting("read_timeout", Number(0, 600, above=True)))
    proxy: Secret | None = field(default=None, metadata=setting("proxy", ProxyUrl()))


@frozen(kw_only=True)
class Schedule:
    """When cycles begin."""

    interval_minutes: float = field(default=10, metadata=setting("intervalMinutes", Number(0.001, _DAY_MINUTES)))


@frozen(kw_only=True)
class SessionSettings:
    """How the session with ДЕЛО is kept."""

    keep_alive_minutes: float = field(default=5, metadata=setting("keepAliveMinutes", Number(0.01, _DAY_MINUTES)))
    rejected_retry_hours: float = field(default=12, metadata=setting("rejectedRetryHours", Number(0.01, 720)))


@frozen(kw_only=True)
class Limits:
    """How long things may take."""

    request_seconds: float = field(default=120, metadata=setting("requestSeconds", Number(0, 3600, above=True)))
    cycle_minutes: float = field(default=30, metadata=setting("cycleMinutes", Number(0.01, _DAY_MINUTES)))
    stuck_minutes: float = field(default=15, metadata=setting("stuckMinutes", Number(0.01, _DAY_MINUTES)))


@frozen(kw_only=True)
class Lookback:
    """The second look at rubrics whose ССТУ status came after their window; 0 days turn it off."""

    days: int = field(default=90, metadata=setting("days", Integer(0, 3650)))
    every_minutes: float = field(default=60, metadata=setting("everyMinutes", Number(0.01, 7 * _DAY_MINUTES)))


@frozen(kw_only=True)
class Retries:
    """The retry list: the first delay, which doubles up to a day."""

    first_minutes: float = field(default=10, metadata=setting("firstMinutes", Number(0.01, _DAY_MINUTES)))


@frozen(kw_only=True)
class Logging:
    """The log files."""

    level: str = field(default="info", metadata=setting("level", Choice(LEVELS)))
    keep_days: int = field(default=30, metadata=setting("keepDays", Integer(1, 3650)))


@frozen(kw_only=True)
class Http:
    """The page, the metrics and the health check; off while there is no address."""

    listen: ListenAddress | None = field(default=None, metadata=setting("listen", Listen()))
    allowed_hosts: tuple[str, ...] = field(default=(), metadata=setting("allowedHosts", HostNames()))


@frozen(kw_only=True)
class MetricsSettings:
    """The metrics as a file."""

    textfile: Path | None = field(default=None, metadata=setting("textfile", TextfilePath()))


@frozen(kw_only=True)
class ServiceConfig:
    """service_config.json: how the service behaves. The whole file is optional."""

    language: str = field(default="ru", metadata=setting("language", Choice(LANGUAGES)))
    schedule: Schedule = field(factory=Schedule, metadata=section("schedule"))
    session: SessionSettings = field(factory=SessionSettings, metadata=section("session"))
    limits: Limits = field(factory=Limits, metadata=section("limits"))
    lookback: Lookback = field(factory=Lookback, metadata=section("lookback"))
    retries: Retries = field(factory=Retries, metadata=section("retries"))
    logging: Logging = field(factory=Logging, metadata=section("logging"))
    alerts: AlertSettings = field(factory=AlertSettings, metadata=section("alerts"))
    http: Http = field(factory=Http, metadata=section("http"))
    metrics: MetricsSettings = field(factory=MetricsSettings, metadata=section("metrics"))


@frozen(kw_only=True)
class Configuration:
    """All three files."""

    processing: ProcessingConfig
    connection: ConnectionConfig
    service: ServiceConfig


# Attribute of Configuration → (its file, its class).
FILES: Mapping[str, tuple[str, type[AttrsInstance]]] = {
    "processing": ("processing_config.json", ProcessingConfig),
    "connection": ("connection_config.json", ConnectionConfig),
    "service": ("service_config.json", ServiceConfig),
}
