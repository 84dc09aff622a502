"""Why is this appeal not on the showcase? What the journal knows of the rubrics that a person asks for, and in one
sentence what follows from it. The page and the command ``history`` say the same.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from math import prod
from typing import Protocol

from attrs import evolve, frozen

from baikaldoc_pos.journal.models import (
    Checkpoint,
    Cycle,
    Exclusion,
    FollowedRubric,
    HistoryRow,
    RetryEntry,
    UnmappedRubric,
)
from baikaldoc_pos.journal.queries import JournalReader
from baikaldoc_pos.lookalikes import CYRILLIC, DASHES, LATIN, TO_CYRILLIC
from baikaldoc_pos.model import Outcome

LONGEST = 100  # characters of a query
MOST_RUBRICS = 20
MOST_CHANGES = 200  # of one rubric
_ISN_DIGITS = 18  # SQLite's integers end soon after

# Letters that look alike: a number typed on the wrong keyboard is the same number to a person.
_TO_LATIN = str.maketrans(CYRILLIC, LATIN)
# The same keys on the two keyboards, for a number typed blindly.
_LATIN_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`" + 'QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>~'
_CYRILLIC_KEYS = "йцукенгшщзхъфывапролджэячсмитьбюё" + "ЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ"
_KEYBOARDS = (str.maketrans(_LATIN_KEYS, _CYRILLIC_KEYS), str.maketrans(_CYRILLIC_KEYS, _LATIN_KEYS))
# What a number is copied with from a letter: typographic dashes, quotation marks, spaces around a sign.
_PLAIN = DASHES | str.maketrans(dict.fromkeys("\"'«»„“”", ""))
_SPACED = re.compile(r"\s*([-/])\s*")
# What people write before a number, and what ДЕЛО may have before it.
_SIGN = re.compile(r"(?:№|N[o°º]?\.?)\s*(?=\S)", re.IGNORECASE)
_SIGNS = ("", "№", "№ ", "N", "N ")
# So many spellings are looked up in the index in a few milliseconds.
_MOST_SPELLINGS = 5000

_DIAGNOSES: Mapping[Outcome | None, str] = {
    None: "search.open",
    Outcome.UPDATED: "search.written",
    Outcome.CONFIRMED: "search.written",
    Outcome.OVERTAKEN: "search.overtaken",
    Outcome.NOT_DONE: "search.not_done",
}


@frozen
class Diagnosis:
    """What follows for one rubric: a sentence's id with its fields.

    :param settled: nothing has to be done for the rubric by the service any more.
    """

    event: str
    fields: Mapping[str, object]
    settled: bool


@frozen
class RubricHistory:
    """All that the journal knows of one rubric, its changes newest first (at most ``MOST_CHANGES``)."""

    isn: int
    document_isn: int | None
    number: str | None
    retry: RetryEntry | None
    unmapped: UnmappedRubric | None
    changes: Sequence[HistoryRow]
    conclusion: Diagnosis


@frozen
class SearchResult:
    """The rubrics that answer to a query.

    :param more: there are others that are not shown.
    :param excluded: the query is the name of an excluded appeal.
    """

    stories: Sequence[RubricHistory]
    more: bool
    excluded: Diagnosis | None = None


def search(journal: JournalReader, query: str, *, by_isn: bool = True) -> SearchResult:
    """The stories of the rubrics that have this registration number or ISN (their own or their document's).

    :param by_isn: False where it can only be a number.
    :raises JournalUnavailable: the journal cannot be read.
    """
    may_be_isn = by_isn and query.isdecimal() and query.isascii() and len(query) <= _ISN_DIGITS
    isns = journal.rubrics_of(spellings(query), int(query) if may_be_isn else None, MOST_RUBRICS + 1)
    excluded = {folded(each.name): each for each in journal.exclusions.all()}
    stories = [_story(journal, each, excluded) for each in isns[:MOST_RUBRICS]]
    return SearchResult(stories, len(isns) > MOST_RUBRICS, _excluded(excluded.get(folded(query))))


def names_of(story: RubricHistory) -> set[str]:
    """What the appeal of a rubric may be called in an exclusion, as :func:`folded` has it."""
    return {str(story.isn), str(story.document_isn), folded(story.number or "")}


def _excluded(exclusion: Exclusion | None) -> Diagnosis | None:
    if exclusion is None:
        return None
    return Diagnosis("search.excluded", {"at": exclusion.added_at, "reason": exclusion.reason or "—"}, settled=True)


def ended(cycle: Cycle) -> tuple[str, Mapping[str, object]]:
    """How a cycle ended, or that it runs: a sentence with its fields."""
    if cycle.error_event is not None:
        return cycle.error_event, cycle.error_fields or {}
    if cycle.finished_at is None:
        return "status.running", {}
    for event, count in (("would_write", cycle.counts.would_write), ("held_back", cycle.counts.held_back)):
        if count:
            return f"status.{event}", {"count": count}
    return "status.done", {}


def reasons(journal: JournalReader, not_before: date | None = None) -> list[tuple[str, Mapping[str, object]]]:
    """Why the journal may have nothing on an appeal: sentences with their fields, the likeliest first.

    :param not_before: ``limits.notBefore`` of the configuration.
    """
    bookmark, origin = journal.checkpoint(Checkpoint.BOOKMARK), journal.checkpoint(Checkpoint.ORIGIN)
    names = ("number", "no_status", "has_status", "ignored")
    found: list[tuple[str, Mapping[str, object]]] = [(f"search.nothing.{name}", {}) for name in names]
    if not_before is not None:
        found.append(("search.nothing.not_before", {"day": not_before}))
    if bookmark is not None:
        found.append(("search.nothing.bookmark", {"at": bookmark}))
    if origin is not None:
        found.append(("search.nothing.origin", {"at": origin}))
    return found


def spellings(number: str) -> list[str]:
    """A registration number as it may stand in ДЕЛО, which people know by heart and not by the letter: in capitals or
    not, with letters of the other keyboard that look the same or are on the same key, with or without «№» before it. As
    typed comes first.

    SQLite folds the case of Latin letters only, and would not use the index then.
    """
    typed = number.strip()
    signless = _without_sign(typed)
    tidy = _tidy(signless)
    retyped = [signless.translate(keyboard) for keyboard in _KEYBOARDS]
    forms = [form for base in dict.fromkeys((typed, signless, tidy, *retyped)) for form in _forms(base)]
    return list(dict.fromkeys([typed, *(sign + form for sign in _SIGNS for form in forms)]))


def folded(number: str) -> str:
    """One form of all spellings of a registration number: no «№», capitals, Cyrillic where letters look alike."""
    return _tidy(_without_sign(number.strip())).upper().translate(TO_CYRILLIC)


def _without_sign(number: str) -> str:
    return _SIGN.sub("", number, count=1) if _SIGN.match(number) else number


def _tidy(number: str) -> str:
    return _SPACED.sub(r"\1", number.translate(_PLAIN)).strip(" .,;")


def _forms(number: str) -> Iterable[str]:
    letters = [_letter(character) for character in number]
    if prod(map(len, letters)) <= _MOST_SPELLINGS:
        return map("".join, product(*letters))
    # Whole words that are all letters: then at least in one case and of one keyboard.
    cased = (number, number.upper(), number.lower(), number.title(), number.capitalize())
    return (form for each in cased for form in (each, each.translate(TO_CYRILLIC), each.translate(_TO_LATIN)))


def _letter(character: str) -> list[str]:
    """What may stand in place of it, itself first."""
    capital = character.upper()
    capitals = (capital, capital.translate(TO_CYRILLIC), capital.translate(_TO_LATIN))
    return list(dict.fromkeys([character, *(form for each in capitals for form in (each, each.lower()))]))


def conclude(
    retry: RetryEntry | None,
    unmapped: UnmappedRubric | None,
    last: HistoryRow | None,
    written: FollowedRubric | None = None,
) -> Diagnosis:
    """What follows from a rubric's places on the lists, its last change, and what became of what was written."""
    if last is not None and last.outcome is None:
        return Diagnosis("search.open", {"target": last.new_pos, "at": last.planned_at}, settled=False)
    if retry is not None:
        fields: dict[str, object] = {"attempts": retry.attempts, "words": words(retry.answer)}
        fields["next_attempt_at"] = retry.next_attempt_at
        return Diagnosis("search.retry", fields, settled=False)
    if written is not None and written.overruled_at is not None:
        fields = {"was": written.pos_status, "status": written.overruled_as, "at": written.overruled_at}
        return Diagnosis("search.overruled", fields, settled=True)
    if written is not None and written.reopened_at is not None:
        fields = {"target": written.pos_status, "status": written.reopened_as, "at": written.reopened_at}
        return Diagnosis("search.reopened", fields, settled=False)
    if unmapped is not None and written is not None:
        fields = {"target": written.pos_status, "status": unmapped.sstu_status, "at": written.written_at}
        return Diagnosis("search.unmapped_since", fields, settled=False)
    if unmapped is not None:
        return Diagnosis("search.unmapped", {"status": unmapped.sstu_status}, settled=False)
    if last is None:
        return Diagnosis("search.left", {"at": None}, settled=False)
    event = _DIAGNOSES.get(last.outcome, "search.left")
    settled = event in {"search.written", "search.overtaken"}
    return Diagnosis(event, {"target": last.new_pos, "at": last.settled_at}, settled=settled)


class ServerReply(Protocol):
    """Whatever carries the server's words: an answer, a row of the history."""

    @property
    def message(self) -> str | None: ...

    @property
    def message_code(self) -> str | None: ...

    @property
    def system_message(self) -> str | None: ...


def words(answer: ServerReply) -> str:
    """The server's words on one line; a dash where it said nothing."""
    return " · ".join(_said(answer)) or "—"


def _said(answer: ServerReply) -> Iterator[str]:
    for text in (answer.message, answer.message_code, answer.system_message):
        if text and text.strip():
            yield text.strip()


def _story(journal: JournalReader, isn: int, excluded: Mapping[str, Exclusion]) -> RubricHistory:
    retry = journal.retry_entries([isn]).get(isn)
    unmapped = journal.unmapped_entry(isn)
    changes = list(journal.history(rubric=isn, limit=MOST_CHANGES))
    last = changes[0] if changes else None
    known = [each for each in (last, retry, unmapped) if each is not None]
    story = RubricHistory(
        isn=isn,
        document_isn=next((each.document_isn for each in known if each.document_isn is not None), None),
        number=next((each.number for each in known if each.number), None),
        retry=retry,
        unmapped=unmapped,
        changes=changes,
        conclusion=conclude(retry, unmapped, last, journal.followed.of([isn]).get(isn)),
    )
    kept_off = _excluded(next((excluded[name] for name in names_of(story) if name in excluded), None))
    return story if kept_off is None or story.conclusion.event == "search.open" else evolve(story, conclusion=kept_off)
