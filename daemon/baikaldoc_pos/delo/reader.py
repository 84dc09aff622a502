"""Reads rubrics: the pending ones of a window, those with given statuses or ISNs; and counts them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice

from attrs import evolve, frozen

from baikaldoc_pos.delo.documents import CONTROL, Document, Selection, StatusPair
from baikaldoc_pos.delo.graphql import GraphqlClient
from baikaldoc_pos.delo.pagination import PAGE, START, Page, ReadResult, counts_of, page_of, read_all
from baikaldoc_pos.delo.retry import RetryPolicy
from baikaldoc_pos.errors import (
    DeloUnavailable,
    SchemaMismatch,
    SessionNotAccepted,
    UnexpectedAnswer,
)
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.model import Period, Rubric
from baikaldoc_pos.server_profile import FIRST_PAGE, PairsFilter, PendingFilter

log = EventLog(__name__)

BY_ISN_AT_ONCE = 50
COUNTS_AT_ONCE = 3
# A window is compared so often before a filter is held to hide rubrics: people work meanwhile.
COMPARISONS = 2


@frozen
class CurrentRubrics:
    """Rubrics as ДЕЛО has them now, by ISN.

    :param unread: ISNs of which it cannot be told whether ДЕЛО has them: rows that cannot be relied on may be theirs.
    """

    rubrics: Mapping[int, Rubric]
    unread: frozenset[int] = frozenset()

    def absent(self, isns: Iterable[int]) -> list[int]:
        """Those of them that ДЕЛО does not have."""
        return [isn for isn in isns if isn not in self.rubrics and isn not in self.unread]


class RubricReader(GraphqlClient):
    """The questions of a cycle."""

    # The last window that was read: where there is no filter by ISN, rubrics are looked for in it.
    _window: Period | None = None

    def read_pending(self, window: Period, *, everything: bool = False, leaving_out: Sequence[str] = ()) -> ReadResult:
        """The rubrics created in the window that have a ССТУ status and no ПОС status.

        Where the filter is not proven, those with a ПОС status are among them.

        :param everything: read the window whole, with and without a ПОС status.
        :param leaving_out: ССТУ statuses whose rubrics need not be read; they are left out where that saves pages.
        :raises SchemaMismatch: the server refuses the query that has run.
        """
        self._window = window
        known = self._profile is not None
        try:
            return self._read_window(window, everything, leaving_out)
        except SchemaMismatch:
            if not known:
                raise
            # The server contradicts its profile, or the configured names have changed.
            self._forget()
            self._profile = None
            return self._read_window(window, everything, leaving_out)

    def _read_window(self, window: Period, everything: bool, leaving_out: Sequence[str]) -> ReadResult:
        profile = self.profile()
        if everything or profile.pending is PendingFilter.NONE:
            if not everything:
                log.warning("delo.reading_all", start=window.start, end=window.end)
            return self._read(self._documents.window(profile), self._bounds(window))
        if not profile.pending_proven:
            return self._prove_filter(window)
        reading = self._read_without(window, leaving_out) or self._read_filtered(window)
        if any(rubric.pos_status for rubric in reading.rubrics):
            log.warning("delo.filter_ignored", filter=profile.pending)
            self._learn(profile.next_pending())
        return reading

    def _read_without(self, window: Period, statuses: Sequence[str]) -> ReadResult | None:
        """The pending rubrics that have none of these ССТУ statuses.

        None where that would save no page, or the server cannot be asked so: its own counts tell.
        """
        profile = self.profile()
        if not statuses or not profile.leaves_out:
            return None
        pending = {
            "all": Selection(with_pos=False, sstu=()),
            "left_out": Selection(with_pos=False, sstu=tuple(statuses)),
        }
        try:
            counts = self.count(pending, window)
            if counts["left_out"] < self._rows():
                return None
            reading = self._read_each(self._documents.without_pos(profile, statuses), window)
            if reading.total == counts["all"] - counts["left_out"]:
                return reading
            told = f"{counts['all']} - {counts['left_out']} != {reading.total}"
        except (SchemaMismatch, UnexpectedAnswer) as fault:
            told = str(fault.words)
        log.warning("delo.not_left_out", statuses=", ".join(statuses), message=told)
        self._learn(evolve(self.profile(), leaves_out=False))
        return None

    def _read_filtered(self, window: Period) -> ReadResult:
        return self._read_each(self._documents.pending(self.profile()), window)

    def _read_each(self, documents: Iterable[Document], window: Period) -> ReadResult:
        """What several questions show of a window, as one reading."""
        return _joined([self._read_with_one_retry(document, self._bounds(window)) for document in documents])

    def _prove_filter(self, window: Period) -> ReadResult:
        """Read a window with and without the filter; return the reading without."""
        missing, unasked = set[int](), False
        for _ in range(COMPARISONS):
            everything = self._read(self._documents.window(self.profile()), self._bounds(window))
            shown = self._shown_by_filter(window)
            if shown is None:
                return everything
            empty = {rubric.isn for rubric in everything.rubrics if not rubric.pos_status}
            missing = empty - {rubric.isn for rubric in shown.rubrics}
            unasked = any(rubric.pos_status for rubric in shown.rubrics)
            if not missing:
                break
        profile = self.profile()
        if missing or unasked:
            log.warning("delo.filter_ignored", filter=profile.pending)
            self._learn(profile.next_pending())
        elif empty and everything.whole:
            self._learn(evolve(profile, pending_proven=True))
        return everything

    def _shown_by_filter(self, window: Period) -> ReadResult | None:
        """A window as the best filter that is not refused shows it; None where the server has none."""
        while (profile := self.profile()).pending is not PendingFilter.NONE:
            try:
                return self._read_filtered(window)
            except SchemaMismatch as mismatch:
                log.warning("delo.filter_refused", filter=profile.pending, message=mismatch.fields["message"])
                self._learn(profile.next_pending())
        return None

    def read_pairs(self, pairs: Sequence[StatusPair], control: StatusPair, period: Period) -> Sequence[Rubric] | None:
        """The rubrics created in the period that have one of these pairs of statuses.

        None where the server cannot be asked for them, or hides the rubrics that have the control pair.

        :param control: a pair that rubrics of the period are known to have.
        """
        while (profile := self.profile()).pairs is not PairsFilter.NONE:
            asked = {f"p{position}": pair for position, pair in enumerate(pairs)} | {CONTROL: control}
            groups = [asked] if profile.pairs is PairsFilter.TOGETHER else [{name: asked[name]} for name in asked]
            try:
                found = {name: found for group in groups for name, found in self._read_group(group, period).items()}
            except SchemaMismatch as mismatch:
                log.warning("delo.pairs_refused", form=profile.pairs, message=mismatch.fields["message"])
                self._learn(profile.next_pairs())
                continue
            if not all(asked[name].fits(rubric) for name, rubrics in found.items() for rubric in rubrics):
                log.warning("delo.pairs_ignored")
                self._learn(evolve(profile, pairs=PairsFilter.NONE))
                return None
            if not found.pop(CONTROL):
                log.warning("delo.pairs_unproven", sstu=", ".join(control.sstu), pos=", ".join(control.pos))
                return None
            return [rubric for rubrics in found.values() for rubric in rubrics]
        return None

    def _read_group(self, group: Mapping[str, StatusPair], period: Period) -> Mapping[str, Sequence[Rubric]]:
        """The rubrics of each pair; of those that fill more than a page, the pages are read one by one."""
        document, variables = self._documents.pairs(group), self._bounds(period)
        if group.keys() == {CONTROL}:
            return {CONTROL: page_of(self._ask(document, variables), document, CONTROL).rubrics}
        pages = self._ask_for_pages(document, {"after": START, **variables}, group)
        found: dict[str, Sequence[Rubric]] = {}
        for (name, pair), page in zip(group.items(), pages, strict=True):
            more = page.more and name != CONTROL
            found[name] = (
                self._read(self._documents.pairs({name: pair}), variables, name).rubrics if more else page.rubrics
            )
        return found

    def count(self, selections: Mapping[str, Selection], period: Period) -> Mapping[str, int]:
        """How many rubrics created in the period there are of each selection.

        :raises SchemaMismatch: the server refuses the question.
        :raises UnexpectedAnswer: the server answers everything but this.
        """
        profile = self.profile()
        at_once = 1 if profile.pairs is PairsFilter.SINGLY else COUNTS_AT_ONCE
        try:
            return self._count(selections, period, at_once)
        except (SchemaMismatch, UnexpectedAnswer):
            if at_once == 1:
                raise
        counts = self._count(selections, period, 1)
        self._learn(evolve(profile, pairs=PairsFilter.SINGLY))
        return counts

    def distrust_filter(self) -> None:
        """Compare the filter for rubrics without a «Статус ПОС» with whole windows again: counts contradict it."""
        self._learn(evolve(self.profile(), pending_proven=False))

    def _count(self, selections: Mapping[str, Selection], period: Period, at_once: int) -> Mapping[str, int]:
        counts = Counter[str]()
        for document in self._documents.counts(selections, self.profile(), at_once):
            try:
                answer = self._ask(document, self._bounds(period))
            except (DeloUnavailable, SessionNotAccepted) as fault:
                raise UnexpectedAnswer(self._request_specific_reason(fault), document.name) from fault
            for alias, count in counts_of(answer, document).items():
                counts[alias.rpartition("_")[0]] += count
        return counts

    def read_without_pos(self, period: Period) -> ReadResult:
        """The rubrics created in the period without a «Статус ПОС», whatever their ССТУ status."""
        profile = self.profile()
        if not profile.pending_proven:
            profile = evolve(profile, pending=PendingFilter.NONE)
        bounds = self._bounds(period)
        reading = _joined([self._read(document, bounds) for document in self._documents.without_pos(profile)])
        return evolve(reading, rubrics=tuple(rubric for rubric in reading.rubrics if not rubric.pos_status))

    def read_rubrics(
        self, isns: Sequence[int], within: Sequence[Period] = (), since: datetime | None = None
    ) -> CurrentRubrics:
        """The present values of these rubrics; those that ДЕЛО does not have are absent.

        :param since: those created before are absent, too.
        :param within: where they are looked for on a server without a filter by ISN; in the last window by default.
        :raises SchemaMismatch: the server has no filter by ISN, and there is nowhere to look.
        :raises UnexpectedAnswer: the server answers everything but this.
        """
        profile = self.profile()
        if not profile.isn_filter:
            return self._look_in_windows(isns, within)
        found: dict[int, Rubric] = {}
        unread: set[int] = set()
        remaining = iter(isns)
        while chunk := tuple(islice(remaining, min(BY_ISN_AT_ONCE, self._rows()))):
            document = self._documents.rubrics(chunk, since)
            try:
                reading = self._read_with_one_retry(document, {})
            except SchemaMismatch:
                self._forget()
                raise
            except (DeloUnavailable, SessionNotAccepted) as fault:
                raise UnexpectedAnswer(self._request_specific_reason(fault), document.name) from fault
            # Only what was asked for: a server that ignored the filter must not lead to a write.
            found.update((rubric.isn, rubric) for rubric in reading.rubrics if rubric.isn in chunk)
            if not reading.whole:
                unread |= set(chunk) - found.keys()
        if unread:
            log.error("delo.rubrics_unread", isns=sorted(unread))
        return CurrentRubrics(found, frozenset(unread))

    def _look_in_windows(self, isns: Sequence[int], within: Sequence[Period]) -> CurrentRubrics:
        windows = within or ((self._window,) if self._window is not None else ())
        if not windows:
            raise SchemaMismatch("RubricsByIsn", "isnRefRubric")
        wanted, found = set(isns), dict[int, Rubric]()
        for window in windows:
            reading = self._read(self._documents.window(self.profile()), self._bounds(window))
            found |= {rubric.isn: rubric for rubric in reading.rubrics if rubric.isn in wanted}
            if len(found) == len(wanted):
                break
        # What no window shows may be gone, or of another time.
        return CurrentRubrics(found, frozenset(wanted - found.keys()))

    def _read_with_one_retry(self, document: Document, variables: Mapping[str, object]) -> ReadResult:
        """Read; twice, where the server refuses: one that stumbles says so in the same form as one that lacks a filter.

        :raises SchemaMismatch: it has refused twice.
        """
        try:
            return self._read(document, variables)
        except SchemaMismatch as mismatch:
            if mismatch.final:
                raise
            return self._read(document, variables)

    def _read(self, document: Document, variables: Mapping[str, object], alias: str = PAGE) -> ReadResult:
        def fetch(cursor: str) -> Page:
            return self._ask_for_pages(document, {"after": cursor, **variables}, [alias])[0]

        return read_all(fetch, in_time=lambda: self._deadline.allows(0))

    def _rows(self) -> int:
        """How many rows a page is asked for."""
        return self._most_rows if self.profile().large_pages else min(self._most_rows, FIRST_PAGE)

    def _ask_for_pages(
        self, document: Document, variables: Mapping[str, object], aliases: Iterable[str]
    ) -> Sequence[Page]:
        """The pages of a document; smaller ones from then on, where only these are answered."""

        def ask(rows: int, policy: RetryPolicy) -> Sequence[Page]:
            answer = self._ask(document, {"first": rows, **variables}, policy)
            return [page_of(answer, document, alias) for alias in aliases]

        rows = self._rows()
        try:
            return ask(rows, self._policy)
        except (DeloUnavailable, UnexpectedAnswer) as fault:
            busy = isinstance(fault, DeloUnavailable) and fault.busy
            if rows <= FIRST_PAGE or busy or not self._deadline.allows(0):
                raise
            pages = ask(FIRST_PAGE, evolve(self._policy, attempts=0))
            log.warning("delo.page_limited", rows=rows, size=FIRST_PAGE, message=fault.words)
            self._learn(evolve(self.profile(), large_pages=False))
            return pages


def _joined(readings: Sequence[ReadResult]) -> ReadResult:
    """Several readings as one."""
    rubrics = {rubric.isn: rubric for reading in readings for rubric in reading.rubrics}
    reason = next((reading.reason for reading in readings if reading.reason), "")
    total = sum(reading.total or 0 for reading in readings)
    unreadable = tuple(place for reading in readings for place in reading.unreadable)
    message = next((reading.message for reading in readings if reading.message), "")
    return ReadResult(tuple(rubrics.values()), not reason, reason, total, unreadable, message)
