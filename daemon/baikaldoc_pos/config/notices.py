"""What a sound configuration still ought to be told about: it works, but it is risky or out of the ordinary."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from baikaldoc_pos.config.alert_settings import AlertSettings
from baikaldoc_pos.config.faults import Notice, quoted
from baikaldoc_pos.config.listening import TcpAddress
from baikaldoc_pos.config.model import FILES, Configuration, ConnectionConfig, ProcessingConfig, ServiceConfig

_OTHERS_MAY_READ = 0o004


def warnings_of(configuration: Configuration, directory: Path) -> list[Notice]:
    """Every notice about a configuration that was loaded from a directory."""
    return [
        *_of_processing(configuration.processing, FILES["processing"][0]),
        *_of_connection(configuration.connection, FILES["connection"][0], directory),
        *_of_alerts(configuration.service.alerts, FILES["service"][0], directory),
        *_of_service(configuration.service, FILES["service"][0]),
    ]


def _of_processing(processing: ProcessingConfig, file: str) -> Iterator[Notice]:
    period = processing.fixed_period()
    if period is not None:
        fields = {"start": processing.date_range.start_date, "end": processing.date_range.end_date}
        yield Notice(file, "dateRange.useFixedDates", "config.notice.fixed_dates", fields)
    for status, target in processing.status_mapping.items():
        if target != target.strip():
            yield Notice(file, f"statusMapping{quoted(status)}", "config.notice.target_spaces")


def _of_connection(connection: ConnectionConfig, file: str, directory: Path) -> Iterator[Notice]:
    if connection.verify is False:
        yield Notice(file, "verify", "config.notice.verify_off")
    urls = {
        "login_url": connection.login_url,
        "logout_url": connection.logout_url,
        "graphql_endpoint": connection.graphql_endpoint,
    }
    for key, url in urls.items():
        parts = urlsplit(url)
        if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            problem = "config.notice.password_in_clear" if key == "login_url" else "config.notice.session_in_clear"
            yield Notice(file, key, problem)
    own_file = directory / file
    if connection.password_path is not None and _others_may_read(connection.password_path):
        key = "password" if connection.password_path == own_file else "password_file"
        yield Notice(file, key, "config.notice.password_readable", {"path": str(connection.password_path)})
    if connection.proxy is not None and "@" in connection.proxy.reveal() and _others_may_read(own_file):
        yield Notice(file, "proxy", "config.notice.password_readable", {"path": str(own_file)})


def _of_service(service: ServiceConfig, file: str) -> Iterator[Notice]:
    listen = service.http.listen
    if isinstance(listen, TcpAddress) and not _is_loopback(listen.host):
        yield Notice(file, "http.listen", "config.notice.http_open")


def _of_alerts(alerts: AlertSettings, file: str, directory: Path) -> Iterator[Notice]:
    if not alerts.enabled:
        return
    if alerts.password is not None and alerts.security == "none" and not _is_loopback(alerts.host or ""):
        yield Notice(file, "alerts.security", "config.notice.smtp_password_in_clear")
    if alerts.password_path is not None and _others_may_read(alerts.password_path):
        key = "alerts.password" if alerts.password_path == directory / file else "alerts.passwordFile"
        yield Notice(file, key, "config.notice.password_readable", {"path": str(alerts.password_path)})


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
    except OSError:  # gone since it was read: then nobody can read it
        return False
