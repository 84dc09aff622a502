"""What the stand-in of ДЕЛО holds: rubrics by ISN, and every write that was executed, in order.

Knows nothing of GraphQL or HTTP. Everything here may be called from several threads.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from attrs import Attribute, evolve, field, frozen


def _aware(_instance: object, attribute: "Attribute[datetime]", value: datetime) -> None:
    if value.tzinfo is None:
        raise ValueError(f"{attribute.name} must be timezone-aware")


@frozen
class StoredRubric:
    """One rubric with the values of its additional attributes and what the filters look at.

    :param isn: ``isnRefRubric``.
    :param document_isn: ``isnDoc`` of its card; several rubrics may share one.
    :param number: the card's registration number (``freeNum``).
    :param ins_date: when the rubric was created, timezone-aware.
    :param kind_doc: ``kindDoc`` of its card; 2 is citizens' letters.
    :param carries_pos: whether the card's document group carries the attribute POS_STATUS_RUB.
    """

    isn: int
    document_isn: int | None
    number: str | None
    ins_date: datetime = field(validator=_aware)
    sstu: str | None
    pos: str | None = None
    kind_doc: int = 2
    carries_pos: bool = True


@frozen
class Write:
    """One executed write.

    :param value: what was stored.
    :param previous: what stood there before.
    :param session: the session that wrote.
    """

    isn: int
    value: str | None
    previous: str | None
    session: str
    at: datetime


class Store:
    """The rubrics and the append-only record of writes."""

    def __init__(self, rubrics: Iterable[StoredRubric] = (), *, now: Callable[[], datetime] | None = None) -> None:
        self._lock = threading.RLock()
        self._now = now if now is not None else lambda: datetime.now(UTC)
        self._rubrics: dict[int, StoredRubric] = {}
        self._writes: list[Write] = []
        self.add(*rubrics)

    @property
    def writes(self) -> tuple[Write, ...]:
        """Every executed write, oldest first."""
        with self._lock:
            return tuple(self._writes)

    def add(self, *rubrics: StoredRubric) -> None:
        """Add rubrics; one with a known ISN takes the old one's place."""
        with self._lock:
            self._rubrics.update((rubric.isn, rubric) for rubric in rubrics)

    def remove(self, *isns: int) -> None:
        """Take rubrics away; raises KeyError for an unknown one."""
        with self._lock:
            for isn in isns:
                del self._rubrics[isn]

    def change(self, isn: int, **changes: Any) -> StoredRubric:
        """What a person does by hand: change fields of a rubric. It is not recorded as a write."""
        with self._lock:
            rubric: StoredRubric = evolve(self._rubrics[isn], **changes)
            self._rubrics[isn] = rubric
            return rubric

    def write(self, isn: int, value: str | None, session: str) -> StoredRubric | None:
        """Store a «Статус ПОС» whatever stood before, and record it; None where the rubric is unknown."""
        with self._lock:
            known = self._rubrics.get(isn)
            if known is None:
                return None
            self._rubrics[isn] = evolve(known, pos=value)
            self._writes.append(Write(isn, value, known.pos, session, self._now()))
            return self._rubrics[isn]

    def __getitem__(self, isn: int) -> StoredRubric:
        with self._lock:
            return self._rubrics[isn]

    def get(self, isn: int) -> StoredRubric | None:
        with self._lock:
            return self._rubrics.get(isn)

    def __len__(self) -> int:
        with self._lock:
            return len(self._rubrics)

    def rubrics(self) -> tuple[StoredRubric, ...]:
        """All rubrics as they stand now, by ISN."""
        with self._lock:
            return tuple(self._rubrics[isn] for isn in sorted(self._rubrics))

    def pos_statuses(self) -> dict[int, str | None]:
        """«Статус ПОС» by ISN, for comparing rubric by rubric."""
        return {rubric.isn: rubric.pos for rubric in self.rubrics()}

    def written(self) -> dict[int, list[str | None]]:
        """What was written to each rubric that was written to, in order."""
        values: dict[int, list[str | None]] = {}
        for write in self.writes:
            values.setdefault(write.isn, []).append(write.value)
        return values
