"""What a process of the service is given from outside, and the configuration that is in force in it."""

from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from baikaldoc_pos.config import Configuration, Paths, secrets_of
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.logs import FileFailure
from baikaldoc_pos.logs.masking import Masker


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
