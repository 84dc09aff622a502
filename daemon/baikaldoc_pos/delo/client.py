"""What one cycle asks of ДЕЛО: pending rubrics of a window, rubrics by ISN, a batch of writes, a sign of life.

Typed values in, typed values out. Transport faults are retried here, under the policy and the cycle's deadline.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import islice

from attrs import evolve, frozen

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.delo.documents import CONTROL, KEEP_ALIVE, PROBE, Document, Documents, Selection, StatusPair
from baikaldoc_pos.delo.introspection import INTROSPECTION, ServerSchema
from baikaldoc_pos.delo.pagination import PAGE, START, Page, ReadResult, counts_of, page_of, read_all
from baikaldoc_pos.delo.probe import probe, refused
from baikaldoc_pos.delo.responses import GraphqlAnswer, GraphqlError, answers_of, graphql_answer
from baikaldoc_pos.delo.retry import Deadline, RetryPolicy, with_retries
from baikaldoc_pos.delo.session import DeloSession, SessionRenewed
from baikaldoc_pos.errors import (
    AccessDenied,
    DeloError,
    DeloUnavailable,
    SchemaMismatch,
    SessionNotAccepted,
    UnexpectedAnswer,
)
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.model import Answer, Change, Period, Rubric
from baikaldoc_pos.server_profile import PairsFilter, PendingFilter, ServerProfile

log = EventLog(__name__)

BY_ISN_AT_ONCE = 50
# A window is compared so often before a filter is held to hide rubrics: people work meanwhile.
COMPARISONS = 2


class BatchRejected(DeloError):
    """ДЕЛО answers, but not to this batch: it was refused as a whole, so its records must be tried apart.

    :param message: what was said.
    :param uncertain: True where the records may have been written all the same.
    :param fault: what stands in the way of the answer, where none was given: were it not for this batch alone, it would
        end the cycle.
    """

    event = "delo.batch_rejected"

    def __init__(self, message: str, *, uncertain: bool, fault: DeloError | None = None) -> None:
        super().__init__(message=message)
        self.message = message
        self.uncertain = uncertain
        self.fault = fault


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


class StaleBatch(Exception):
    """A batch is not sent again as it is: while its answer was waited for, somebody may have set a status."""


class _FailedInside(DeloUnavailable):
    """A 5xx told in GraphQL's form: the execution failed, and may succeed the next time."""

    def __init__(self, answer: GraphqlAnswer, host: str) -> None:
        super().__init__(f"HTTP {answer.status}", host, status=answer.status, server_message=answer.words)
        self.answer = answer


class DeloClient:
    """Operations of one cycle over the account's session.

    :param session: the session; it outlives the gateway.
    :param documents: prints the documents under the installation's names.
    :param page_size: rows a page.
    :param batch_size: the most writes a document.
    :param policy: how often a fault of the transport is tried again.
    :param deadline: when faults become final.
    :param zone: in which instants are written into queries; the installation's own.
    :param profile: what the server is known to do; None: it is found out by the first operation that needs it.
    :param keep: is given the profile whenever it changes, and None where it holds no longer.
    """

    def __init__(
        self,
        session: DeloSession,
        documents: Documents,
        *,
        page_size: int,
        batch_size: int,
        policy: RetryPolicy,
        deadline: Deadline,
        zone: tzinfo,
        profile: ServerProfile | None = None,
        keep: Callable[[ServerProfile | None], None] = lambda profile: None,
    ) -> None:
        self._session = session
        self._documents = documents
        self._page_size = page_size
        self._most_writes = batch_size
        self._policy = policy
        self._deadline = deadline
        self._zone = zone
        self._profile = profile
        self._looked_at = False
        self._keep = keep
        # The time of the last answer on the server's clock.
        self._server_date: datetime | None = None
        # The last window that was read: where there is no filter by ISN, rubrics are looked for in it.
        self._window: Period | None = None
        # Why the server cannot be worked with; it is not asked again.
        self._misfit: DeloError | None = None
        # The words of a refusal that may be for the form: the plain one is used; and whether that was refused, too.
        self._form_in_doubt: str | None = None
        self._plain_refused = False
        # Writes were refused as a whole, before any was executed.
        self._refused_batch = False

    @property
    def requests(self) -> int:
        """How many HTTP requests the session has made so far, signing in and out included."""
        return self._session.requests

    @property
    def _clock(self) -> Clock:
        return self._deadline.clock

    @property
    def batch_size(self) -> int:
        """How many writes the next document carries."""
        return min(self.profile().batch_size, self._most_writes)

    def profile(self) -> ServerProfile:
        """What the server can do; found out by the first call for a server that is not known.

        :raises NameUnknown: the configuration names something that the server does not have.
        :raises SchemaMismatch: the server refuses what has run.
        """
        if self._misfit is not None:
            raise self._misfit
        known = self._profile
        if known is None:
            return self._find_out(None)
        now = self._clock.now()
        if not self._looked_at and not known.holds(self._documents.names, now):
            return self._find_out(known)
        if known.found_at is None:
            known = evolve(known, names=self._documents.names, found_at=now)
            self._learn(known)
        return known

    def _find_out(self, before: ServerProfile | None) -> ServerProfile:
        """Ask the server what it can do; what is known already stays where it shows little."""
        self._looked_at = True
        try:
            found, complete = probe(self._ask_gently, self._documents, self._clock.now())
        except DeloError as misfit:
            self._misfit = misfit
            raise
        if before is not None and not complete:
            return before
        if before is None:
            log.info(
                "delo.profile",
                introspection=found.introspection,
                typed_input=found.typed_input,
                answer_fields=", ".join(found.answer_fields),
                pending=found.pending,
                isn_filter=found.isn_filter,
                isn_order=found.isn_order,
            )
        else:
            found = before.found_anew(found)
            if found.abilities != before.abilities:
                log.warning("delo.profile_changed", before=before.abilities, after=found.abilities)
        self._profile = found
        if complete:
            self._keep(found)
        return found

    def _learn(self, profile: ServerProfile) -> None:
        if profile != self._profile:
            self._profile = profile
            self._keep(profile)

    def _forget(self) -> None:
        """The server contradicts its profile: the next cycle finds out anew."""
        self._keep(None)

    def read_pending(self, window: Period, *, everything: bool = False) -> ReadResult:
        """The rubrics created in the window that have a ССТУ status and no ПОС status.

        Where the filter is not proven, those with a ПОС status are among them.

        :param everything: read the window whole, with and without a ПОС status.
        :raises SchemaMismatch: the server refuses the query that has run.
        """
        self._window = window
        known = self._profile is not None
        try:
            return self._read_window(window, everything=everything)
        except SchemaMismatch:
            if not known:
                raise
            # The server contradicts its profile, or the configured names have changed.
            self._forget()
            self._profile = None
            return self._read_window(window, everything=everything)

    def _read_window(self, window: Period, *, everything: bool) -> ReadResult:
        profile = self.profile()
        if everything or profile.pending is PendingFilter.NONE:
            if not everything:
                log.warning("delo.reading_all", start=window.start, end=window.end)
            return self._read(self._documents.window(profile), self._bounds(window))
        if not profile.pending_proven:
            return self._prove_filter(window)
        reading = self._read_filtered(window)
        if any(rubric.pos_status for rubric in reading.rubrics):
            log.warning("delo.filter_ignored", filter=profile.pending)
            self._learn(profile.next_pending())
        return reading

    def _read_filtered(self, window: Period) -> ReadResult:
        readings = [
            self._read_with_one_retry(document, self._bounds(window))
            for document in self._documents.pending(self.profile())
        ]
        rubrics = {rubric.isn: rubric for reading in readings for rubric in reading.rubrics}
        reason = next((reading.reason for reading in readings if reading.reason), "")
        total = sum(reading.total or 0 for reading in readings)
        return ReadResult(tuple(rubrics.values()), not reason, reason, total)

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
        paging = {} if group.keys() == {CONTROL} else {"first": self._page_size, "after": START}
        answer = self._ask(document, {**paging, **variables})
        found: dict[str, Sequence[Rubric]] = {}
        for name, pair in group.items():
            page = page_of(answer, document, name)
            more = page.more and name != CONTROL
            found[name] = (
                self._read(self._documents.pairs({name: pair}), variables, name).rubrics if more else page.rubrics
            )
        return found

    def count(self, selections: Mapping[str, Selection], period: Period) -> Mapping[str, int]:
        """How many rubrics created in the period there are of each selection.

        :raises SchemaMismatch: the server refuses the question.
        """
        profile = self.profile()
        # What an alias of a write is to the server, one of a query is, too.
        at_once = 1 if profile.pairs is PairsFilter.SINGLY else profile.batch_size
        try:
            return self._count(selections, period, at_once)
        except SchemaMismatch:
            if at_once == 1:
                raise
        counts = self._count(selections, period, 1)
        self._learn(evolve(profile, pairs=PairsFilter.SINGLY))
        return counts

    def _count(self, selections: Mapping[str, Selection], period: Period, at_once: int) -> Mapping[str, int]:
        counts = Counter[str]()
        for document in self._documents.counts(selections, self.profile(), at_once):
            for alias, count in counts_of(self._ask(document, self._bounds(period)), document).items():
                counts[alias.rpartition("_")[0]] += count
        return counts

    def read_without_pos(self, period: Period) -> Sequence[Rubric]:
        """The rubrics created in the period without a «Статус ПОС», whatever their ССТУ status."""
        profile = self.profile()
        if not profile.pending_proven:
            profile = evolve(profile, pending=PendingFilter.NONE)
        readings = [self._read(document, self._bounds(period)) for document in self._documents.without_pos(profile)]
        rubrics = [rubric for reading in readings for rubric in reading.rubrics if not rubric.pos_status]
        return tuple({rubric.isn: rubric for rubric in rubrics}.values())

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
        while chunk := tuple(islice(remaining, BY_ISN_AT_ONCE)):
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

    def update(self, changes: Sequence[Change], *, patient: bool = True, attempt: int = 0) -> list[Answer]:
        """Write a batch; one Answer a change, in order.

        :param patient: False tries once only, for the parts of a batch that was rejected already.
        :param attempt: how many tries have been in vain already.
        :raises StaleBatch: this one was, too, and the time for the next one has come.
        :raises BatchRejected: ДЕЛО answers, but not to this batch.
        :raises AccessDenied: the account may not write.
        :raises DeloUnavailable: it does not answer at all.
        """
        profile = self.profile()
        if self._form_in_doubt is not None:
            profile = profile.plain()
        answer = self._send(changes, profile, patient=patient, attempt=attempt)
        if refused(answer) and profile.rich:
            # The form may be what is refused: it goes out again in the form that has run.
            self._form_in_doubt = answer.words
            raise StaleBatch
        if self._form_in_doubt is not None and not self._plain_refused:
            if refused(answer):
                self._plain_refused = True
            else:
                log.warning("delo.plain_form", message=self._form_in_doubt)
                self._form_in_doubt = None
        if answer.data is None:
            # With a path something was executed before it failed; without, the document was not even begun.
            self._refused_batch = refused(answer)
            raise BatchRejected(answer.words, uncertain=not self._refused_batch)
        # Where both forms were refused it is not known which one is to blame: the profile keeps the form.
        known = self.profile() if self._plain_refused else profile
        self._learn(known.after_clean_batch(len(changes), self._most_writes, self._clock.now()))
        words = [error.message for error in answer.errors if not error.path]
        if words:
            log.warning("delo.errors_beside_data", operation="UpdateRubrics", message="; ".join(words))
        return answers_of(changes, answer)

    def limit_batch(self, taken: int) -> None:
        """Keep documents as small as one of so many writes, where larger ones were refused."""
        if not self._refused_batch:
            return
        self._refused_batch = False
        log.warning("delo.batch_limited", size=taken)
        self._learn(self.profile().after_large_batch(taken, self._clock.now()))

    def _send(self, changes: Sequence[Change], profile: ServerProfile, *, patient: bool, attempt: int) -> GraphqlAnswer:
        document = self._documents.update(changes, profile)
        policy = self._policy if patient else evolve(self._policy, attempts=0)
        try:
            return self._ask(document, {}, policy, attempt=attempt, repeat=False)
        except SessionNotAccepted as fault:
            sign_ins = self._session.sign_ins
            too_large = len(changes) > 1 and self._is_too_large(document)
            if too_large or len(changes) == 1:
                self.keep_alive()
            if self._session.sign_ins > sign_ins and not too_large:
                # The session had ended once more: that says nothing of rights.
                if attempt < self._policy.attempts:
                    raise StaleBatch from fault
                raise BatchRejected(fault.sign, uncertain=True, fault=fault) from fault
            self._session.denied(document.name)
            if too_large:
                self._refused_batch = True
                raise BatchRejected(fault.sign, uncertain=False) from fault
            denied = AccessDenied(fault.sign)
            if not profile.written:
                raise denied from fault
            raise BatchRejected(fault.sign, uncertain=False, fault=denied) from fault
        except DeloUnavailable as fault:
            reason = self._request_specific_reason(fault)
            self._refused_batch = fault.status is not None
            raise BatchRejected(reason, uncertain=True, fault=fault) from fault
        except UnexpectedAnswer as refusal:
            if refusal.status is None:
                raise
            self._refused_batch = True
            raise BatchRejected(f"HTTP {refusal.status}", uncertain=False) from refusal

    def _is_too_large(self, document: Document) -> bool:
        """Whether a harmless question of the same length is refused with "sign in again", too."""
        question = self._documents.probe()
        padding = "x" * len(f"{document.text}{document.variables}".encode())
        try:
            self._ask(evolve(question, text=f"{question.text}\n# {padding}"))
        except SessionNotAccepted:
            self._session.denied(question.name)
            return True
        return False

    def server_schema(self) -> ServerSchema | None:
        """The server's own schema; None where it does not describe it."""
        schema = ServerSchema(self._ask_gently, self._documents.attributes)
        return schema if schema.open() else None

    def _ask_gently(self, document: Document) -> GraphqlAnswer:
        """The answer; a question that the server need not answer counts as refused, however it is refused."""
        try:
            return self._ask(document)
        except (DeloUnavailable, SessionNotAccepted, UnexpectedAnswer) as fault:
            answered = isinstance(fault, SessionNotAccepted) or fault.status is not None
            busy = isinstance(fault, DeloUnavailable) and fault.busy
            of_signing_in = fault.fields.get("operation", document.name) != document.name
            if document.name not in {INTROSPECTION, PROBE} or not answered or busy or of_signing_in:
                raise
            self.keep_alive()
            self._session.denied(document.name)
            return GraphqlAnswer(None, (GraphqlError(str(fault)),))

    def operations(self) -> tuple[Document, ...]:
        """The documents that this server is sent."""
        profile, documents = self.profile(), self._documents
        by_isn = (documents.rubrics([1]),) if profile.isn_filter else ()
        write = documents.update([Change(Rubric(1, None, None, None, None), "")], profile)
        return (documents.window(profile), *documents.pending(profile), *by_isn, write)

    def keep_alive(self) -> None:
        """The cheapest question there is.

        :raises SchemaMismatch: it is refused, so nothing else will work.
        """
        answer = self._ask(KEEP_ALIVE)
        if answer.data is None:
            raise SchemaMismatch(KEEP_ALIVE.name, answer.words)

    def server_time(self) -> datetime | None:
        """The time on the server's clock (the Date of its answers); None where it does not tell."""
        self.keep_alive()
        return self._server_date

    def _request_specific_reason(self, fault: DeloUnavailable | SessionNotAccepted) -> str:
        """What the fault says, where it is peculiar to the request that met it; else it is raised, or a new one.

        "Too busy", and a fault after the deadline, say nothing of the request.
        """
        if isinstance(fault, DeloUnavailable) and (fault.busy or not fault.retry or not self._deadline.allows(0)):
            raise fault
        self.keep_alive()
        return str(fault.fields.get("reason") or fault.fields.get("sign"))

    def _bounds(self, window: Period) -> Mapping[str, object]:
        since, until = (instant.astimezone(self._zone).isoformat() for instant in (window.start, window.end))
        return {"since": since, "until": until}

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
            answer = self._ask(document, {"first": self._page_size, "after": cursor, **variables})
            return page_of(answer, document, alias)

        return read_all(fetch)

    def _ask(
        self,
        document: Document,
        variables: Mapping[str, object] | None = None,
        policy: RetryPolicy | None = None,
        *,
        attempt: int = 0,
        repeat: bool = True,
    ) -> GraphqlAnswer:
        values = {**document.variables, **(variables or {})}
        payload = {"query": document.text, "variables": values, "operationName": document.name}
        tried = False

        def once() -> GraphqlAnswer:
            nonlocal tried
            self._clock.check_stop()
            if tried and not repeat:
                raise StaleBatch
            tried = True
            try:
                reply = self._session.query(payload, document.name, repeat=repeat)
            except SessionRenewed:
                raise StaleBatch from None
            self._server_date = reply.date
            answer = graphql_answer(reply, document.name, self._session.host, self._clock.now())
            if answer.data is None and answer.status >= 500:
                raise _FailedInside(answer, self._session.host)
            return answer

        try:
            return with_retries(once, policy or self._policy, self._deadline, document.name, attempt=attempt)
        except _FailedInside as failed:
            return failed.answer
