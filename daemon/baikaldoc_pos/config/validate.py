"""Checks beyond single values: rules over several keys, CA files, notices, and the differences of two configurations.

Rules look at the JSON as it was read, so that their faults stand beside those of single values. They pass over values
of a wrong type, which the field types report.
"""

import errno
import ipaddress
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from attrs import AttrsInstance

from baikaldoc_pos.config.alert_settings import DIALOGUE_TIMEOUTS, AlertSettings
from baikaldoc_pos.config.issues import ConfigError, ConfigWarning, key_path, quoted, shown
from baikaldoc_pos.config.model import (
    FILES,
    Attributes,
    Configuration,
    ConnectionConfig,
    Limits,
    ProcessingConfig,
    ServiceConfig,
    parse_moment,
)
from baikaldoc_pos.config.settings import settings_of
from baikaldoc_pos.config.types import TcpAddress
from baikaldoc_pos.files import read_small
from baikaldoc_pos.lookalikes import foreign_letters, likeness, skeleton


def certificate_faults(path: Path, file: str, key: str) -> list[ConfigError]:
    """The faults of a CA file: it must be there, readable, and hold certificates in PEM form."""
    try:
        read_small(path, MOST_CA_BYTES)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        return [ConfigError(file, key, "config.fault.ca_not_pem", {"path": str(path)})]
    except OSError as error:
        if error.errno == errno.EFBIG:
            fields = {"path": str(path), "most": MOST_CA_BYTES >> 10}
            return [ConfigError(file, key, "config.fault.ca_too_large", fields)]
        return [ConfigError(file, key, "config.fault.ca_unreadable", {"path": str(path), "reason": error.strerror})]
    except ValueError:  # a NUL in the path
        return [ConfigError(file, key, "config.fault.path_invalid")]
    return []


def without_strict(context: ssl.SSLContext) -> ssl.SSLContext:
    """The context as before Python 3.13, which refuses a CA whose certificate lacks extensions of RFC 5280.

    Internal CAs often lack them. Signatures, dates and names are checked.
    """
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


# Bundles of all public certificates have a quarter of it.
MOST_CA_BYTES = 1024 * 1024
_PROCESSING = FILES["processing"][0]
_SERVICE = FILES["service"][0]
Document = Mapping[str, object]


def faults_of_rules(documents: Mapping[str, Document]) -> Iterator[ConfigError]:
    """The faults of all rules over the files that could be read, by attribute of Configuration."""
    if "processing" in documents:
        yield from _fixed_dates(documents["processing"])
        yield from _ignored_and_mapped(documents["processing"])
        yield from _same_attribute(documents["processing"])
        yield from _final_and_unmapped(documents["processing"])
    if "service" in documents:
        yield from _stuck_before_deadline(documents["service"])
        limits = documents["service"].get("limits")
        stuck = limits.get("stuckMinutes") if isinstance(limits, dict) else None
        yield from faults_of_alerts(documents["service"].get("alerts"), _SERVICE, stuck)


def _fixed_dates(document: Document) -> Iterator[ConfigError]:
    section = document.get("dateRange")
    if not isinstance(section, dict) or section.get("useFixedDates") is not True:
        return
    moments = []
    for key in ("startDate", "endDate"):
        value = section.get(key)
        try:
            moments.append(parse_moment(value))
        except ValueError:
            absent = value is None or (isinstance(value, str) and not value.strip())
            problem = "config.fault.date_required" if absent else "config.fault.date_invalid"
            yield ConfigError(_PROCESSING, f"dateRange.{key}", problem, {} if absent else {"value": shown(value)})
    if len(moments) == 2 and moments[0] >= moments[1]:
        fields = {"start": section["startDate"], "end": section["endDate"]}
        yield ConfigError(_PROCESSING, "dateRange.endDate", "config.fault.dates_order", fields)


def _ignored_and_mapped(document: Document) -> Iterator[ConfigError]:
    mapping, ignored = document.get("statusMapping"), document.get("ignoredStatuses")
    if not isinstance(mapping, dict) or not isinstance(ignored, list):
        return
    mapped = {str(status).strip() for status in mapping}
    for position, status in enumerate(ignored):
        if isinstance(status, str) and status.strip() in mapped and status.strip():
            fields = {"status": shown(status.strip())}
            yield ConfigError(_PROCESSING, f"ignoredStatuses[{position}]", "config.fault.ignored_and_mapped", fields)


def _same_attribute(document: Document) -> Iterator[ConfigError]:
    """What is read must not be what is written."""
    section, usual = document.get("attributes"), Attributes()
    if not isinstance(section, dict):
        return
    name = section.get("posField", usual.pos_field)
    if name == section.get("sstuField", usual.sstu_field):
        yield ConfigError(_PROCESSING, "attributes.posField", "config.fault.same_attribute", {"name": shown(name)})


def _final_and_unmapped(document: Document) -> Iterator[ConfigError]:
    mapping, final = document.get("statusMapping"), document.get("finalStatuses")
    if not isinstance(mapping, dict) or not isinstance(final, list):
        return
    mapped = {str(status).strip() for status in mapping}
    for position, status in enumerate(final):
        if isinstance(status, str) and status.strip() and status.strip() not in mapped:
            fields = {"status": shown(status.strip())}
            yield ConfigError(_PROCESSING, f"finalStatuses[{position}]", "config.fault.final_unmapped", fields)


def _stuck_before_deadline(document: Document) -> Iterator[ConfigError]:
    """A request that takes its whole deadline must not look like a stuck job to the watchdog."""
    section = document.get("limits")
    if not isinstance(section, dict):
        return
    minutes = _number(section.get("stuckMinutes", Limits().stuck_minutes))
    seconds = _number(section.get("requestSeconds", Limits().request_seconds))
    if minutes is not None and seconds is not None and minutes * 60 <= seconds:
        fields = {"stuck_seconds": minutes * 60, "request_seconds": seconds}
        yield ConfigError(_SERVICE, "limits.stuckMinutes", "config.fault.stuck_before_deadline", fields)


def faults_of_alerts(section: object, file: str, stuck_minutes: object = None) -> Iterator[ConfigError]:
    """The faults of the rules about mail.

    :param stuck_minutes: ``limits.stuckMinutes`` as it was read; None where it is not given.
    """
    if not isinstance(section, dict):
        return
    if section.get("user") is None:
        for key in ("password", "passwordFile"):
            if section.get(key) is not None:
                yield ConfigError(file, f"alerts.{key}", "config.fault.alerts_password_without_user")
    if not section.get("recipients"):
        return
    for key in ("sender", "host"):
        if section.get(key) is None:
            yield ConfigError(file, f"alerts.{key}", "config.fault.alerts_incomplete")
    # A dialogue with a slow mail server must not look like a stuck job to the watchdog.
    timeout = _number(section.get("timeoutSeconds", AlertSettings().timeout_seconds))
    stuck = _number(Limits().stuck_minutes if stuck_minutes is None else stuck_minutes)
    if timeout is not None and stuck is not None and timeout * DIALOGUE_TIMEOUTS >= stuck * 60:
        fields = {"dialogue_seconds": timeout * DIALOGUE_TIMEOUTS, "stuck_seconds": stuck * 60}
        yield ConfigError(file, "alerts.timeoutSeconds", "config.fault.alerts_timeout_too_long", fields)


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


_OTHERS_MAY_READ = 0o004


def warnings_of(configuration: Configuration, directory: Path) -> list[ConfigWarning]:
    """Every notice about a configuration from this directory."""
    return [
        *_of_processing(configuration.processing, FILES["processing"][0]),
        *_of_connection(configuration.connection, FILES["connection"][0], directory),
        *_of_alerts(configuration.service.alerts, FILES["service"][0], directory),
        *_of_service(configuration.service, FILES["service"][0]),
    ]


def _of_processing(processing: ProcessingConfig, file: str) -> Iterator[ConfigWarning]:
    period = processing.fixed_period()
    if period is not None:
        fields = {"start": processing.date_range.start_date, "end": processing.date_range.end_date}
        yield ConfigWarning(file, "dateRange.useFixedDates", "config.notice.fixed_dates", fields)
    for status, target in processing.status_mapping.items():
        if target != target.strip():
            yield ConfigWarning(file, f"statusMapping{quoted(status)}", "config.notice.target_spaces")
    for texts in (processing.known_statuses, tuple(dict.fromkeys(processing.status_mapping.values()))):
        shapes: dict[str, str] = {}
        for text in texts:
            if letters := foreign_letters(text):
                fields = {"text": text, "letters": letters}
                yield ConfigWarning(file, "statusMapping", "config.notice.foreign_letters", fields)
            if alike := likeness(text, [shapes.setdefault(skeleton(text), text)]):
                yield ConfigWarning(file, "statusMapping", "config.notice.lookalike", {"text": text, **alike})


def _of_connection(connection: ConnectionConfig, file: str, directory: Path) -> Iterator[ConfigWarning]:
    if connection.verify is False:
        yield ConfigWarning(file, "verify", "config.notice.verify_off")
    urls = {
        "login_url": connection.login_url,
        "logout_url": connection.logout_url,
        "graphql_endpoint": connection.graphql_endpoint,
    }
    for key, url in urls.items():
        parts = urlsplit(url)
        if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            problem = "config.notice.password_in_clear" if key == "login_url" else "config.notice.session_in_clear"
            yield ConfigWarning(file, key, problem)
    own_file = directory / file
    if connection.password_path is not None and _others_may_read(connection.password_path):
        key = "password" if connection.password_path == own_file else "password_file"
        yield ConfigWarning(file, key, "config.notice.password_readable", {"path": str(connection.password_path)})
    if connection.proxy is not None and "@" in connection.proxy.reveal() and _others_may_read(own_file):
        yield ConfigWarning(file, "proxy", "config.notice.password_readable", {"path": str(own_file)})


def _of_service(service: ServiceConfig, file: str) -> Iterator[ConfigWarning]:
    listen = service.http.listen
    if isinstance(listen, TcpAddress) and not _is_loopback(listen.host):
        yield ConfigWarning(file, "http.listen", "config.notice.http_open")


def _of_alerts(alerts: AlertSettings, file: str, directory: Path) -> Iterator[ConfigWarning]:
    if not alerts.enabled:
        return
    if alerts.password is not None and alerts.security == "none" and not _is_loopback(alerts.host or ""):
        yield ConfigWarning(file, "alerts.security", "config.notice.smtp_password_in_clear")
    if alerts.password_path is not None and _others_may_read(alerts.password_path):
        key = "alerts.password" if alerts.password_path == directory / file else "alerts.passwordFile"
        yield ConfigWarning(file, key, "config.notice.password_readable", {"path": str(alerts.password_path)})


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _others_may_read(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _OTHERS_MAY_READ)
    except OSError:  # gone since it was read
        return False


def differences(old: Configuration, new: Configuration) -> list[str]:
    """The paths of the keys whose values differ, in the order of the files: ``pagination.pageSize``, ``password``."""
    return [path for name in FILES for path in _between(getattr(old, name), getattr(new, name), ())]


def _between(old: AttrsInstance, new: AttrsInstance, prefix: tuple[str, ...]) -> list[str]:
    paths: list[str] = []
    for attribute, setting in settings_of(type(old)):
        before, after = getattr(old, attribute.name), getattr(new, attribute.name)
        path = (*prefix, setting.key)
        if setting.kind is None:
            paths += _between(before, after, path)
        elif setting.key == "statusMapping":
            statuses = [*before, *(status for status in after if status not in before)]
            paths += [key_path(path) + quoted(status) for status in statuses if before.get(status) != after.get(status)]
        elif before != after:
            paths.append(key_path(path))
    return paths
