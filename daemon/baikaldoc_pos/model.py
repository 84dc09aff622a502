"""The values that every floor speaks of: a rubric as read, a period of creation dates, a change and its outcome."""

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

# Characters of a status or a registration number; what is longer is cut as it is read.
LONGEST_STATUS = 2000


@frozen(cache_hash=True)
class Rubric:
    """One question of an appeal, as ДЕЛО showed it.

    :param isn: ``isnRefRubric``, the unit of work.
    :param document_isn: ``isnDoc`` of its card, where the server sent it.
    :param number: the card's registration number (``freeNum``), by which people know it.
    :param sstu_status: «Статус ССТУ» exactly as sent.
    :param pos_status: «Статус ПОС» exactly as sent; null and "" both mean that there is none.
    """

    isn: int
    document_isn: int | None
    number: str | None
    sstu_status: str | None
    pos_status: str | None


@frozen
class Period:
    """A closed interval of creation instants (``insDate``), both ends timezone-aware."""

    start: datetime
    end: datetime


@frozen(cache_hash=True)
class Change:
    """A «Статус ПОС» that is to be written, and why."""

    rubric: Rubric
    target: str


class Outcome(StrEnum):
    """How a change ended. The values are what the journal stores."""

    UPDATED = "updated"  # written, and the answer echoed the value
    CONFIRMED = "confirmed"  # its answer was lost; read back, the value stands
    REFUSED = "refused"  # ДЕЛО said success: false
    FAILED = "failed"  # an error for this record, or no answer for it
    WRONG_ECHO = "wrong_echo"  # another value came back
    NOT_DONE = "not_done"  # its answer was lost; read back, there is no status
    OVERTAKEN = "overtaken"  # its answer was lost; read back, another status stands


@frozen
class Answer:
    """What ДЕЛО said of one change."""

    outcome: Outcome
    message: str | None = None
    message_code: str | None = None
    system_message: str | None = None


@frozen
class UnmappedStatus:
    """A ССТУ status that the mapping does not know: how many rubrics have it, and some registration numbers (of cards
    without one, "ISN …" of the rubric).
    """

    status: str
    count: int
    examples: tuple[str, ...] = field(factory=tuple)
