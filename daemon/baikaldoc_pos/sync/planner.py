"""What is done with a rubric, from its two statuses and the configured mapping, and when it is tried again. Pure.

A «Статус ПОС» that somebody else set is never touched.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import evolve, field, frozen

from baikaldoc_pos.config import ProcessingConfig
from baikaldoc_pos.delo import CurrentRubrics
from baikaldoc_pos.journal import Exclusion, FollowedRubric, PairCount, RetryEntry, folded
from baikaldoc_pos.model import Answer, Change, Outcome, Rubric

# Our own message codes: ДЕЛО does not have the rubric, its row cannot be read, or the request was denied.
ABSENT = "ABSENT"
UNREADABLE = "UNREADABLE"
ACCESS_DENIED = "ACCESS_DENIED"
LONGEST_DELAY = timedelta(days=1)
RETRYABLE = frozenset({Outcome.REFUSED, Outcome.FAILED, Outcome.WRONG_ECHO})
# The rubric is not sent blindly, and others do not wait for it: it goes on the retry list.
UNREAD = Answer(Outcome.FAILED, message_code=UNREADABLE)


class Decision(StrEnum):
    """Whether a rubric is written, and if not, why."""

    WRITE = "write"
    HAS_STATUS = "has_status"
    OVERRULED = "overruled"  # another status than the service wrote: somebody's decision, from now on
    REOPENED = "reopened"  # the ССТУ status went from a final one back to an interim one
    REMAPPED = "remapped"  # the mapping changed, not the ССТУ status
    NO_SSTU_STATUS = "no_sstu_status"
    WAITING = "waiting"  # on the retry list, and not due yet
    EXCLUDED = "excluded"
    IGNORED = "ignored"
    UNMAPPED = "unmapped"


@frozen
class Known:
    """What the journal knows of the rubrics that are decided on.

    :param waiting: ISNs on the retry list that are not due yet.
    :param unsettled: ISNs whose last change may or may not have been carried out.
    :param followed: the rubrics that the service wrote, by ISN.
    :param excluded: registration numbers, as :func:`folded` has them, and ISNs of excluded appeals.
    :param former_mapping: the mapping of the last sweep.
    :param remap: rewrite what the service wrote under an earlier mapping.
    """

    waiting: Collection[int] = frozenset()
    unsettled: Collection[int] = frozenset()
    followed: Mapping[int, FollowedRubric] = field(factory=dict)
    excluded: Collection[str] = frozenset()
    former_mapping: Mapping[str, str] = field(factory=dict)
    remap: bool = False

    def excludes(self, rubric: Rubric) -> bool:
        """Whether the rubric, its document or its number is excluded."""
        if not self.excluded:
            return False
        names = (str(rubric.isn), str(rubric.document_isn), folded(rubric.number or ""))
        return any(name in self.excluded for name in names)


def excluded_names(exclusions: Iterable[Exclusion]) -> frozenset[str]:
    """The names of excluded appeals as :class:`Known` compares them."""
    return frozenset(folded(each.name) for each in exclusions)


@frozen
class Plan:
    """The decision on some rubrics; each is in exactly one place.

    :param others: the rubrics that are not written, by the reason.
    """

    changes: tuple[Change, ...] = ()
    others: Mapping[Decision, Sequence[Rubric]] = field(factory=dict)

    def having(self, *decisions: Decision) -> tuple[Rubric, ...]:
        """The rubrics that are not written, for one of these reasons."""
        return tuple(rubric for decision in decisions for rubric in self.others.get(decision, ()))


def status_of(rubric: Rubric | FollowedRubric) -> str:
    """The «Статус ССТУ» as the mapping has it: without surrounding whitespace, which the server may send."""
    return (rubric.sstu_status or "").strip()


_NOTHING_KNOWN = Known()


def decide(rubric: Rubric, rules: ProcessingConfig, known: Known = _NOTHING_KNOWN) -> Decision:
    """Decide on one rubric."""
    status = status_of(rubric)
    unsettled = rubric.isn in known.unsettled if rubric.pos_status else rubric.isn in known.waiting
    if rubric.pos_status and (kept := _kept(rubric, rules, known)) is not None:
        return kept
    if not status:
        return Decision.NO_SSTU_STATUS
    if status not in rules.status_mapping:
        return Decision.IGNORED if status in rules.ignored_statuses else Decision.UNMAPPED
    if known.excludes(rubric):
        return Decision.EXCLUDED
    return Decision.WAITING if unsettled else Decision.WRITE


def _kept(rubric: Rubric, rules: ProcessingConfig, known: Known) -> Decision | None:
    """Why a rubric that has a «Статус ПОС» keeps it; None where the mapping decides.

    Only a status that the service wrote, and that still stands there, is ever changed.
    """
    written = known.followed.get(rubric.isn)
    if written is None or written.overruled_at is not None or not (rules.follows or known.remap):
        return Decision.HAS_STATUS
    if rubric.pos_status != written.pos_status:
        return Decision.WAITING if rubric.isn in known.unsettled else Decision.OVERRULED
    status, reason = status_of(rubric), status_of(written)
    target = rules.status_mapping.get(status)
    if target == written.pos_status or (status == reason and not known.remap):
        return Decision.HAS_STATUS
    if target is not None and rules.is_final(reason) and not rules.is_final(status):
        return Decision.REOPENED
    if not known.remap and known.former_mapping.get(status) == written.pos_status:
        return Decision.REMAPPED
    return None


def plan(rubrics: Iterable[Rubric], rules: ProcessingConfig, known: Known = _NOTHING_KNOWN) -> Plan:
    """Plan what is done with these rubrics, in their order."""
    others: dict[Decision, list[Rubric]] = {}
    for rubric in rubrics:
        others.setdefault(decide(rubric, rules, known), []).append(rubric)
    changes = [Change(rubric, rules.status_mapping[status_of(rubric)]) for rubric in others.pop(Decision.WRITE, [])]
    return Plan(tuple(changes), others)


def remapped(pairs: Iterable[PairCount], rules: ProcessingConfig) -> list[tuple[PairCount, str]]:
    """The pairs that were written under an earlier mapping, each with the status that it has now."""
    targets = [(pair, rules.status_mapping.get(pair.sstu_status)) for pair in pairs]
    return [(pair, target) for pair, target in targets if target is not None and target != pair.pos_status]


def read_back(change: Change, current: CurrentRubrics) -> Answer:
    """Tell how a change ended whose answer never came, from the present rubrics in ДЕЛО."""
    if change.rubric.isn in current.unread:
        return UNREAD
    shown = current.rubrics.get(change.rubric.isn)
    if shown is None:
        return Answer(Outcome.NOT_DONE, message_code=ABSENT)
    if shown.pos_status == change.target:
        return Answer(Outcome.CONFIRMED)
    if _same_pos(shown, change.rubric):
        return Answer(Outcome.NOT_DONE)
    return Answer(Outcome.OVERTAKEN, message=shown.pos_status)


def is_still_wanted(change: Change, current: CurrentRubrics) -> bool:
    """Tell whether a change that was not carried out may be sent again as it is: its rubric is what it was."""
    shown = current.rubrics.get(change.rubric.isn)
    return shown is not None and _same_pos(shown, change.rubric) and shown.sstu_status == change.rubric.sstu_status


def _same_pos(one: Rubric, other: Rubric) -> bool:
    return (one.pos_status or "") == (other.pos_status or "")


def delay(attempts: int, first: timedelta) -> timedelta:
    """How long to wait after ``attempts`` failed tries (1 or more): exponential, at most a day."""
    doublings: int = 2 ** min(attempts - 1, 20)
    return min(first * doublings, LONGEST_DELAY)


def next_entry(
    rubric: Rubric, answer: Answer, previous: RetryEntry | None, now: datetime, first: timedelta
) -> RetryEntry:
    """The entry of a rubric whose try has just failed."""
    attempts = (previous.attempts if previous else 0) + 1
    return RetryEntry(
        rubric_isn=rubric.isn,
        document_isn=rubric.document_isn,
        number=rubric.number,
        attempts=attempts,
        first_failed_at=previous.first_failed_at if previous else now,
        next_attempt_at=now + delay(attempts, first),
        answer=answer,
    )


def retry_entry(
    rubric: Rubric, answer: Answer, previous: RetryEntry | None, now: datetime, first: timedelta
) -> RetryEntry | None:
    """The entry with which a rubric stays on the retry list after this answer; None when it leaves the list.

    A change that was not carried out is due at once, and its try is not counted.
    """
    if answer.outcome in RETRYABLE:
        return next_entry(rubric, answer, previous, now, first)
    if answer.outcome is Outcome.NOT_DONE:
        attempts = previous.attempts if previous else 0
        return evolve(next_entry(rubric, answer, previous, now, first), attempts=attempts, next_attempt_at=now)
    return None
