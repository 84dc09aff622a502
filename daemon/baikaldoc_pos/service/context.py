"""What a process of the service is given from outside, and the configuration that is in force in it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import frozen

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.config import Configuration, ConnectionConfig, Paths, secrets_of
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.logs import FileFailure
from baikaldoc_pos.logs.masking import Masker

# Less is what a clock is slewed by, and what reading two clocks one after the other may take.
LEAST = timedelta(seconds=0.5)


@frozen
class ServiceContext:
    """What the process was started with.

    :param reconfigure_logging: puts a new configuration's language, level and secrets into force.
    :param log_failures: what of the log files cannot be written now.
    """

    paths: Paths
    environ: Mapping[str, str]
    reconfigure_logging: Callable[[Configuration], None]
    log_failures: Callable[[], Sequence[FileFailure]]


class ActiveConfig:
    """The configuration in force, its catalogue, and a masker that knows the secrets of earlier ones too."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.text = _catalogue(configuration)
        self.masker = Masker(secrets_of(configuration))

    def replace(self, fresh: Configuration) -> None:
        """Put another one into force; whoever holds the one before goes on with it."""
        # First, since from then on everybody may tell what is in it.
        self.masker = self.masker.with_secrets(secrets_of(fresh))
        self.text = _catalogue(fresh)
        self.configuration = fresh


def _catalogue(configuration: Configuration) -> Catalogue:
    return Catalogue(configuration.service.language, configuration.processing.zone)


def intervals(configuration: Configuration) -> tuple[timedelta, timedelta]:
    """How often a cycle, and how often the keep-alive."""
    service = configuration.service
    return (
        timedelta(minutes=service.schedule.interval_minutes),
        timedelta(minutes=service.session.keep_alive_minutes),
    )


def identity_of(connection: ConnectionConfig) -> tuple[object, ...]:
    """Whose session it is, and where: what a session cannot outlive a change of."""
    addresses = connection.login_url, connection.logout_url, connection.graphql_endpoint
    return *addresses, connection.username, connection.password, connection.app


class WallClock:
    """Compares how far the wall clock and the monotonic one have gone. Asked by one thread, every second or so."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = self._beginning()

    def set_back(self) -> timedelta:
        """By how much it was set back since it was last asked; nothing where it went on, or was set forward."""
        before, self._began = self._began, self._beginning()
        step = before - self._began
        return step if step > LEAST else timedelta(0)

    def _beginning(self) -> datetime:
        """When, by the wall clock, the monotonic one began."""
        return self._clock.now() - timedelta(seconds=self._clock.monotonic())
