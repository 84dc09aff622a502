"""Where the metrics come from that are not counted but looked up at each scrape."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from attrs import frozen

from baikaldoc_pos.journal import JournalReader


@frozen
class MetricsSources:
    """Callables, since each scrape wants the present value. They are called from the server's threads.

    :param journal: the retry list, unmapped rubrics and open changes.
    :param last_success: when the last successful cycle ended.
    :param alerts: every kind of alert, and whether it is open.
    :param paused: whether writing is paused.
    :param targets: the ПОС statuses that the configuration knows.
    :param mask: takes the configured secrets out of a text.
    :param server: ДЕЛО's host, a label of every sample, by which the instances on one host are told apart.
    """

    journal: JournalReader
    last_success: Callable[[], datetime | None]
    alerts: Callable[[], Mapping[str, bool]]
    server: Callable[[], str]
    paused: Callable[[], bool]
    targets: Callable[[], Collection[str]]
    mask: Callable[[str], str]
