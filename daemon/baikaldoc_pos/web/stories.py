"""Why is this appeal not on the showcase? What the journal knows of the rubrics that a person asks for, and in one
sentence what follows from it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from attrs import frozen

from baikaldoc_pos.journal import HistoryRow, JournalReader, RetryEntry, UnmappedRubric
from baikaldoc_pos.rubrics import Outcome

LONGEST = 100  # characters of a query
MOST_RUBRICS = 20
MOST_CHANGES = 200  # of one rubric
_ISN_DIGITS = 18  # SQLite's integers end soon after

# Letters that look alike: a number typed on the wrong keyboard is the same number to a person.
_LATIN = "ABCEHKMOPTXYaceopxy"
_CYRILLIC = "АВСЕНКМОРТХУасеорху"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)

_CONCLUSIONS: Mapping[Outcome | None, str] = {
    None: "search.open",
    Outcome.UPDATED: "search.written",
    Outcome.CONFIRMED: "search.written",
    Outcome.OVERTAKEN: "search.overtaken",
    Outcome.NOT_DONE: "search.not_done",
}


@frozen
class Conclusion:
    """What follows for one rubric: a sentence's id with its fields.

    :param settled: nothing has to be done for the rubric by the service any more.
    """

    event: str
    fields: Mapping[str, object]
    settled: bool


@frozen
class Story:
    """All that the journal knows of one rubric, its changes newest first (at most ``MOST_CHANGES``)."""

    isn: int
    document_isn: int | None
    number: str | None
    retry: RetryEntry | None
    unmapped: UnmappedRubric | None
    changes: Sequence[HistoryRow]
    conclusion: Conclusion


@frozen
class Found:
    """The rubrics that answer to a query; ``more`` tells that there are others that are not shown."""

    stories: Sequence[Story]
    more: bool


def search(journal: JournalReader, query: str) -> Found:
    """The stories of the rubrics that have this registration number or ISN (their own or their document's).

    :raises JournalUnavailable: the journal cannot be read.
    """
    isn = int(query) if query.isdecimal() and query.isascii() and len(query) <= _ISN_DIGITS else None
    isns = journal.rubrics_of(spellings(query), isn, MOST_RUBRICS + 1)
    return Found([_story(journal, each) for each in isns[:MOST_RUBRICS]], more=len(isns) > MOST_RUBRICS)


def spellings(number: str) -> list[str]:
    """A registration number as it may stand in ДЕЛО: as typed, in capitals, and with letters that look the same."""
    capitals = number.upper()
    forms = (number, capitals, capitals.translate(_TO_CYRILLIC), capitals.translate(_TO_LATIN))
    return list(dict.fromkeys(forms))


def conclude(retry: RetryEntry | None, unmapped: UnmappedRubric | None, last: HistoryRow | None) -> Conclusion:
    """What follows from a rubric's places on the lists and its last change."""
    if last is not None and last.outcome is None:
        return Conclusion("search.open", {"target": last.new_pos, "at": last.planned_at}, settled=False)
    if retry is not None:
        fields = {"attempts": retry.attempts, "next_attempt_at": retry.next_attempt_at, "words": words(retry.answer)}
        return Conclusion("search.retry", fields, settled=False)
    if unmapped is not None:
        return Conclusion("search.unmapped", {"status": unmapped.sstu_status}, settled=False)
    if last is None:
        return Conclusion("search.left", {"at": None}, settled=False)
    event = _CONCLUSIONS.get(last.outcome, "search.left")
    settled = event in {"search.written", "search.overtaken"}
    return Conclusion(event, {"target": last.new_pos, "at": last.settled_at}, settled=settled)


class Said(Protocol):
    """Whatever carries the server's words: an answer, a row of the history."""

    @property
    def message(self) -> str | None: ...

    @property
    def message_code(self) -> str | None: ...

    @property
    def system_message(self) -> str | None: ...


def words(answer: Said) -> str:
    """The server's words on one line; a dash where it said nothing."""
    return " · ".join(_said(answer)) or "—"


def _said(answer: Said) -> Iterator[str]:
    for text in (answer.message, answer.message_code, answer.system_message):
        if text and text.strip():
            yield text.strip()


def _story(journal: JournalReader, isn: int) -> Story:
    retry = journal.retry_entries([isn]).get(isn)
    unmapped = journal.unmapped_entry(isn)
    changes = list(journal.history(rubric=isn, limit=MOST_CHANGES))
    last = changes[0] if changes else None
    known = [each for each in (last, retry, unmapped) if each is not None]
    return Story(
        isn=isn,
        document_isn=next((each.document_isn for each in known if each.document_isn is not None), None),
        number=next((each.number for each in known if each.number), None),
        retry=retry,
        unmapped=unmapped,
        changes=changes,
        conclusion=conclude(retry, unmapped, last),
    )
