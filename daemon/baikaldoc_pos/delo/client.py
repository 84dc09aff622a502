"""What one cycle asks of ДЕЛО: pending rubrics of a window, rubrics by ISN, a batch of writes, a sign of life.

Typed values in, typed values out. Transport faults are retried here, under the policy and the cycle's deadline.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from itertools import islice

from attrs import evolve, frozen

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.delo.documents import (
    KEEP_ALIVE,
    PENDING,
    WINDOW,
    Document,
    rubrics_document,
    update_document,
    update_variables,
)
from baikaldoc_pos.delo.pagination import Page, ReadResult, page_of, read_all
from baikaldoc_pos.delo.responses import GraphqlAnswer, answers_of, graphql_answer
from baikaldoc_pos.delo.retry import Deadline, RetryPolicy, with_retries
from baikaldoc_pos.delo.session import DeloSession, SessionRenewed
from baikaldoc_pos.errors import DeloError, DeloUnavailable, SchemaMismatch, SessionNotAccepted, UnexpectedAnswer
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.model import Answer, Change, Period, Rubric

log = EventLog(__name__)

BY_ISN_AT_ONCE = 50


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
    :param page_size: rows a page.
    :param policy: how often a fault of the transport is tried again.
    :param deadline: when faults become final.
    :param zone: in which instants are written into queries; the installation's own.
    """

    def __init__(
        self, session: DeloSession, *, page_size: int, policy: RetryPolicy, deadline: Deadline, zone: tzinfo
    ) -> None:
        self._session = session
        self._page_size = page_size
        self._policy = policy
        self._deadline = deadline
        self._zone = zone
        # Whether the server lacks what is only likely, so that windows are read with the plainer query.
        self.plainer_query = False

    @property
    def requests(self) -> int:
        """How many HTTP requests the session has made so far, signing in and out included."""
        return self._session.requests

    @property
    def _clock(self) -> Clock:
        return self._deadline.clock

    def read_pending(self, window: Period) -> ReadResult:
        """The rubrics created in the window that have a ССТУ status and, as far as the server tells, no ПОС status.

        :raises SchemaMismatch: the server knows neither the query nor its plainer form.
        """
        if not self.plainer_query:
            try:
                return self._read_with_one_retry(PENDING, self._bounds(window))
            except SchemaMismatch as mismatch:
                log.warning("delo.plainer_query", message=mismatch.fields["message"])
                self.plainer_query = True
        return self._read(WINDOW, self._bounds(window))

    def read_rubrics(self, isns: Sequence[int]) -> CurrentRubrics:
        """The present values of these rubrics; those that ДЕЛО does not have are absent.

        :raises SchemaMismatch: the server has no filter by ISN (it is only likely to).
        :raises UnexpectedAnswer: the server answers everything but this.
        """
        found: dict[int, Rubric] = {}
        unread: set[int] = set()
        remaining = iter(isns)
        while chunk := tuple(islice(remaining, BY_ISN_AT_ONCE)):
            document = rubrics_document(len(chunk))
            variables = {f"isn{i}": isn for i, isn in enumerate(chunk)}
            try:
                reading = self._read_with_one_retry(document, variables)
            except (DeloUnavailable, SessionNotAccepted) as fault:
                raise UnexpectedAnswer(self._request_specific_reason(fault), document.name) from fault
            # Only what was asked for: a server that ignored the filter must not lead to a write.
            found.update((rubric.isn, rubric) for rubric in reading.rubrics if rubric.isn in chunk)
            if not reading.whole:
                unread |= set(chunk) - found.keys()
        if unread:
            log.error("delo.rubrics_unread", isns=sorted(unread))
        return CurrentRubrics(found, frozenset(unread))

    def update(self, changes: Sequence[Change], *, patient: bool = True, attempt: int = 0) -> list[Answer]:
        """Write a batch; one Answer a change, in order.

        :param patient: False tries once only, for the parts of a batch that was rejected already.
        :param attempt: how many tries have been in vain already.
        :raises Outdated: this one was, too, and the time for the next one has come.
        :raises BatchRejected: ДЕЛО answers, but not to this batch.
        :raises DeloUnavailable: it does not answer at all.
        """
        document = update_document(len(changes))
        policy = self._policy if patient else evolve(self._policy, attempts=0)
        try:
            answer = self._ask(document, update_variables(tuple(changes)), policy, attempt=attempt, repeat=False)
        except (DeloUnavailable, SessionNotAccepted) as fault:
            raise BatchRejected(self._request_specific_reason(fault), uncertain=True, fault=fault) from fault
        except UnexpectedAnswer as refusal:
            if refusal.status is None:
                raise
            raise BatchRejected(f"HTTP {refusal.status}", uncertain=False) from refusal
        if answer.data is None:
            # With a path something was executed before it failed; without, the document was not even begun.
            raise BatchRejected(answer.words, uncertain=any(error.path for error in answer.errors))
        self._report_pathless(answer, document)
        return answers_of(changes, answer)

    def keep_alive(self) -> None:
        """The cheapest question there is.

        :raises SchemaMismatch: it is refused, so nothing else will work.
        """
        answer = self._ask(KEEP_ALIVE, {})
        if answer.data is None:
            raise SchemaMismatch(KEEP_ALIVE.name, answer.words)

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
        except SchemaMismatch:
            return self._read(document, variables)

    def _read(self, document: Document, variables: Mapping[str, object]) -> ReadResult:
        def fetch(cursor: str) -> Page:
            answer = self._ask(document, {"first": self._page_size, "after": cursor, **variables})
            return page_of(answer, document)

        return read_all(fetch, document.name)

    def _ask(
        self,
        document: Document,
        variables: Mapping[str, object],
        policy: RetryPolicy | None = None,
        *,
        attempt: int = 0,
        repeat: bool = True,
    ) -> GraphqlAnswer:
        payload = {"query": document.text, "variables": variables, "operationName": document.name}
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
            answer = graphql_answer(reply, document.name, self._session.host, self._clock.now())
            if answer.data is None and answer.status >= 500:
                raise _FailedInside(answer, self._session.host)
            return answer

        try:
            return with_retries(once, policy or self._policy, self._deadline, document.name, attempt=attempt)
        except _FailedInside as failed:
            return failed.answer

    @staticmethod
    def _report_pathless(answer: GraphqlAnswer, document: Document) -> None:
        words = [error.message for error in answer.errors if not error.path]
        if words:
            log.warning("delo.errors_beside_data", operation=document.name, message="; ".join(words))
