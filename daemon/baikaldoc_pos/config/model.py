"""The configuration as the rest of the program sees it: frozen values, complete and checked.

Each attribute's metadata has its key and field type. A new key needs an attribute here and a sentence
(``config.key.…``) in both catalogues; reading, the reference and the comparison follow from them.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

from attrs import AttrsInstance, field, frozen

from baikaldoc_pos.config.alert_settings import AlertSettings
from baikaldoc_pos.config.settings import section, setting
from baikaldoc_pos.config.types import (
    DATE,
    DOCUMENT_KINDS,
    FLAG,
    GRAPHQL_NAME,
    HOST_NAMES,
    HTTP_URL,
    LISTEN,
    MOMENT,
    PASSWORD,
    PROXY_URL,
    STATUS_MAPPING,
    STATUSES,
    TEXT,
    TEXT_OR_NULL,
    TEXTFILE_PATH,
    TLS_VERIFY,
    UTC_OFFSET,
    ListenAddress,
    Secret,
    choice,
    integer,
    nullable,
    number,
)
from baikaldoc_pos.i18n import LANGUAGES
from baikaldoc_pos.model import Period


@frozen
class Paths:
    """Directories of the configuration, the state (journal, lock) and the log files."""

    config: Path
    state: Path
    logs: Path

    @classmethod
    def resolve(
        cls,
        environ: Mapping[str, str],
        *,
        config: Path | None = None,
        state: Path | None = None,
        logs: Path | None = None,
    ) -> "Paths":
        """Options first, then what systemd sets (``CONFIGURATION_DIRECTORY`` …), then ./config, ./state, ./logs."""
        return cls(
            config or _from_systemd(environ, "CONFIGURATION_DIRECTORY") or Path("config"),
            state or _from_systemd(environ, "STATE_DIRECTORY") or Path("state"),
            logs or _from_systemd(environ, "LOGS_DIRECTORY") or Path("logs"),
        )


def _from_systemd(environ: Mapping[str, str], name: str) -> Path | None:
    """The first of systemd's colon-separated paths."""
    first = environ.get(name, "").partition(":")[0]
    return Path(first) if first else None


DATE_FORMAT = "%Y-%m-%d %H:%M:%S"
LEVELS = ("debug", "info", "warning", "error")
_DAY_MINUTES = 24 * 60


@frozen(kw_only=True)
class DateRange:
    """The period to read: fixed, or running. The dates count only while ``use_fixed_dates`` is on."""

    use_fixed_dates: bool = field(default=False, metadata=setting("useFixedDates", FLAG))
    start_date: str | None = field(default=None, metadata=setting("startDate", MOMENT))
    end_date: str | None = field(default=None, metadata=setting("endDate", MOMENT))
    max_date_range_days: int = field(default=30, metadata=setting("maxDateRangeDays", integer(1, 366)))


@frozen(kw_only=True)
class Pagination:
    """How many records one request asks for."""

    page_size: int = field(default=1000, metadata=setting("pageSize", integer(1, 1000)))


@frozen(kw_only=True)
class Attributes:
    """The names of the two attributes of a rubric, which the administrator of ДЕЛО chooses."""

    sstu_field: str = field(default="eosSstuStatus", metadata=setting("sstuField", GRAPHQL_NAME))
    pos_field: str = field(default="posStatusRub", metadata=setting("posField", GRAPHQL_NAME))
    pos_api_name: str = field(default="POS_STATUS_RUB", metadata=setting("posApiName", GRAPHQL_NAME))


POLICIES = ("fill", "follow")
# ССТУ statuses under which work on an appeal goes on; all others of the mapping end it (docs/delo-api.md).
INTERIM_STATUSES = frozenset({"Находится на рассмотрении", "Рассмотрение продлено"})


@frozen(kw_only=True)
class WriteLimits:
    """What keeps a mistake from flooding the showcase."""

    not_before: date | None = field(default=None, metadata=setting("notBefore", nullable(DATE)))
    per_cycle: int = field(default=5000, metadata=setting("maxUpdatesPerCycle", integer(1, 1_000_000)))
    per_day: int = field(default=20_000, metadata=setting("maxUpdatesPerDay", integer(1, 1_000_000)))
    refused_share: float = field(default=0.5, metadata=setting("refusedShare", number(0, 1)))


@frozen(kw_only=True)
class ProcessingConfig:
    """processing_config.json: what is read, and what is written for it."""

    status_mapping: Mapping[str, str] = field(metadata=setting("statusMapping", STATUS_MAPPING))
    ignored_statuses: tuple[str, ...] = field(default=(), metadata=setting("ignoredStatuses", STATUSES))
    update_policy: str | None = field(default=None, metadata=setting("updatePolicy", nullable(choice(POLICIES))))
    final_statuses: tuple[str, ...] | None = field(default=None, metadata=setting("finalStatuses", nullable(STATUSES)))
    dry_run: bool = field(default=False, metadata=setting("dryRun", FLAG))
    limits: WriteLimits = field(factory=WriteLimits, metadata=section("limits"))
    utc_offset_hours: float = field(metadata=setting("utcOffsetHours", UTC_OFFSET))
    date_range: DateRange = field(factory=DateRange, metadata=section("dateRange"))
    attributes: Attributes = field(factory=Attributes, metadata=section("attributes"))
    document_kinds: tuple[int | str, ...] = field(default=(2,), metadata=setting("documentKinds", DOCUMENT_KINDS))
    overlap_minutes: int = field(default=5, metadata=setting("overlapMinutes", integer(0, _DAY_MINUTES)))
    pagination: Pagination = field(factory=Pagination, metadata=section("pagination"))
    batch_size: int = field(default=50, metadata=setting("batchSize", integer(1, 200)))
    retry_attempts: int = field(default=3, metadata=setting("retryAttempts", integer(0, 20)))

    @property
    def zone(self) -> timezone:
        """The zone of ``utcOffsetHours``, in which fixed dates are meant and instants are shown."""
        return zone_of(self.utc_offset_hours)

    @property
    def known_statuses(self) -> tuple[str, ...]:
        """The ССТУ statuses that are mapped or ignored."""
        return (*self.status_mapping, *self.ignored_statuses)

    @property
    def follows(self) -> bool:
        """Whether a status that the service wrote changes with the ССТУ status."""
        return self.update_policy == "follow"

    def is_final(self, sstu_status: str) -> bool:
        """Whether this ССТУ status ends an appeal."""
        if self.final_statuses is not None:
            return sstu_status in self.final_statuses
        return sstu_status in self.status_mapping and sstu_status not in INTERIM_STATUSES

    def not_before(self) -> datetime | None:
        """Rubrics created before this instant are never touched."""
        day = self.limits.not_before
        return None if day is None else datetime.combine(day, time(), self.zone)

    def fixed_period(self) -> Period | None:
        """The period of the fixed dates; None while they are off. ValueError for dates that were never checked."""
        dates = self.date_range
        if not dates.use_fixed_dates:
            return None
        return Period(*(parse_moment(text).replace(tzinfo=self.zone) for text in (dates.start_date, dates.end_date)))


def zone_of(hours: float) -> timezone:
    """The zone so many hours east of UTC."""
    return timezone(timedelta(minutes=round(hours * 60)))


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

    login_url: str = field(metadata=setting("login_url", HTTP_URL))
    logout_url: str = field(metadata=setting("logout_url", HTTP_URL))
    graphql_endpoint: str = field(metadata=setting("graphql_endpoint", HTTP_URL))
    username: str = field(metadata=setting("username", TEXT))
    # Found elsewhere where the file has none; loading fails where nothing is found.
    password: Secret = field(default=Secret(""), metadata=setting("password", PASSWORD))
    password_file: str | None = field(default=None, metadata=setting("password_file", TEXT_OR_NULL))
    password_path: Path | None = field(default=None, eq=False)
    app: str | None = field(default=None, metadata=setting("app", TEXT_OR_NULL))
    verify: bool | Path = field(default=True, metadata=setting("verify", TLS_VERIFY))
    connect_timeout: float = field(default=10, metadata=setting("connect_timeout", number(0, 600, above=True)))
    read_timeout: float = field(default=60, metadata=setting("read_timeout", number(0, 600, above=True)))
    proxy: Secret | None = field(default=None, metadata=setting("proxy", PROXY_URL))


@frozen(kw_only=True)
class Schedule:
    """When cycles begin."""

    interval_minutes: float = field(default=10, metadata=setting("intervalMinutes", number(0.001, _DAY_MINUTES)))


@frozen(kw_only=True)
class SessionSettings:
    """How the session with ДЕЛО is kept."""

    keep_alive_minutes: float = field(default=5, metadata=setting("keepAliveMinutes", number(0.01, _DAY_MINUTES)))
    rejected_retry_hours: float = field(default=12, metadata=setting("rejectedRetryHours", number(0.01, 720)))


@frozen(kw_only=True)
class Limits:
    """How long things may take."""

    request_seconds: float = field(default=120, metadata=setting("requestSeconds", number(0, 3600, above=True)))
    cycle_minutes: float = field(default=30, metadata=setting("cycleMinutes", number(0.01, _DAY_MINUTES)))
    stuck_minutes: float = field(default=15, metadata=setting("stuckMinutes", number(0.01, _DAY_MINUTES)))


@frozen(kw_only=True)
class Lookback:
    """The second look at earlier windows, where a ССТУ status may have come late; 0 days turn it off."""

    days: int = field(default=90, metadata=setting("days", integer(0, 3650)))
    every_minutes: float = field(default=60, metadata=setting("everyMinutes", number(0.01, 7 * _DAY_MINUTES)))


@frozen(kw_only=True)
class Retries:
    """The retry list: the first delay, which doubles up to a day."""

    first_minutes: float = field(default=10, metadata=setting("firstMinutes", number(0.01, _DAY_MINUTES)))


@frozen(kw_only=True)
class Logging:
    """The log files."""

    level: str = field(default="info", metadata=setting("level", choice(LEVELS)))
    keep_days: int = field(default=30, metadata=setting("keepDays", integer(1, 3650)))


@frozen(kw_only=True)
class Retention:
    """How many days the journal keeps what has come to its end; null: for ever."""

    change_days: int | None = field(default=None, metadata=setting("changeDays", nullable(integer(30, 36_500))))
    cycle_days: int = field(default=90, metadata=setting("cycleDays", integer(1, 36_500)))
    mail_days: int = field(default=90, metadata=setting("mailDays", integer(1, 36_500)))


@frozen(kw_only=True)
class Http:
    """The page, the metrics and the health check; off while there is no address."""

    listen: ListenAddress | None = field(default=None, metadata=setting("listen", LISTEN))
    allowed_hosts: tuple[str, ...] = field(default=(), metadata=setting("allowedHosts", HOST_NAMES))
    show_server_words: bool = field(default=True, metadata=setting("showServerWords", FLAG))


@frozen(kw_only=True)
class MetricsSettings:
    """The metrics as a file."""

    textfile: Path | None = field(default=None, metadata=setting("textfile", TEXTFILE_PATH))


@frozen(kw_only=True)
class ServiceConfig:
    """service_config.json: how the service behaves. The whole file is optional."""

    language: str = field(default="ru", metadata=setting("language", choice(LANGUAGES)))
    schedule: Schedule = field(factory=Schedule, metadata=section("schedule"))
    session: SessionSettings = field(factory=SessionSettings, metadata=section("session"))
    limits: Limits = field(factory=Limits, metadata=section("limits"))
    lookback: Lookback = field(factory=Lookback, metadata=section("lookback"))
    retries: Retries = field(factory=Retries, metadata=section("retries"))
    logging: Logging = field(factory=Logging, metadata=section("logging"))
    retention: Retention = field(factory=Retention, metadata=section("retention"))
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
