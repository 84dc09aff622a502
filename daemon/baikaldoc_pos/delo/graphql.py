"""Asks ДЕЛО, within the cycle's deadline, and finds out what the server can do.

Transport faults are retried here, under the policy.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, tzinfo

from attrs import evolve

from baikaldoc_pos.clock import Clock
from baikaldoc_pos.delo.attribute import ATTRIBUTE_DESCRIPTION, AttributeFault, attribute_faults
from baikaldoc_pos.delo.documents import KEEP_ALIVE, PROBE, Document, Documents
from baikaldoc_pos.delo.introspection import INTROSPECTION, ServerSchema
from baikaldoc_pos.delo.probe import probe
from baikaldoc_pos.delo.responses import GraphqlAnswer, GraphqlError, graphql_answer
from baikaldoc_pos.delo.retry import Deadline, RetryPolicy, with_retries
from baikaldoc_pos.delo.session import DeloSession, SessionRenewed
from baikaldoc_pos.delo.transport import KeptAliveLost
from baikaldoc_pos.errors import (
    DeloError,
    DeloUnavailable,
    SchemaMismatch,
    SessionNotAccepted,
    UnexpectedAnswer,
)
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.model import Period
from baikaldoc_pos.server_profile import ServerProfile

log = EventLog(__name__)
# Questions that a server need not answer.
NOT_REQUIRED = frozenset({INTROSPECTION, PROBE, ATTRIBUTE_DESCRIPTION})


class StaleBatch(Exception):
    """A batch is not sent again as it is: while its answer was waited for, somebody may have set a status."""


class _FailedInside(DeloUnavailable):
    """A 5xx told in GraphQL's form: the execution failed, and may succeed the next time."""

    def __init__(self, answer: GraphqlAnswer, host: str) -> None:
        super().__init__(f"HTTP {answer.status}", host, status=answer.status, server_message=answer.words)
        self.answer = answer


class GraphqlClient:
    """GraphQL over the account's session, and what is known of the server that answers.

    :param session: the session; it outlives the gateway.
    :param documents: prints the documents under the installation's names.
    :param page_size: the most rows a page.
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
        self._most_rows = page_size
        self._most_writes = batch_size
        self._policy = policy
        self._deadline = deadline
        self._zone = zone
        self._profile = profile
        # What the server can do was found out in this cycle.
        self.probed = False
        self._keep = keep
        # The time of the last answer on the server's clock.
        self._server_date: datetime | None = None
        # Why the server cannot be worked with; it is not asked again.
        self._misfit: DeloError | None = None

    @property
    def requests(self) -> int:
        """How many HTTP requests the session has made so far, signing in and out included."""
        return self._session.requests

    @property
    def _clock(self) -> Clock:
        return self._deadline.clock

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
        if not self.probed and not known.holds(self._documents.names, now):
            return self._find_out(known)
        if known.found_at is None:
            known = evolve(known, names=self._documents.names, found_at=now)
            self._learn(known)
        return known

    def _find_out(self, before: ServerProfile | None) -> ServerProfile:
        """Ask the server what it can do; what is known already stays where it shows little."""
        self.probed = True
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

    def server_schema(self) -> ServerSchema | None:
        """The server's own schema; None where it does not describe it."""
        schema = ServerSchema(self._ask_gently, self._documents.attributes)
        return schema if schema.open() else None

    def attribute_faults(
        self, server: ServerSchema, statuses: Collection[str]
    ) -> tuple[list[AttributeFault], str] | None:
        """What is wrong with the attribute «Статус ПОС» for these statuses, and what was read; None: nothing."""
        return attribute_faults(server, self._ask_gently, self._documents.attributes.pos_api_name, statuses)

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

    def _ask_gently(self, document: Document) -> GraphqlAnswer:
        """The answer; a question that the server need not answer counts as refused, however it is refused."""
        try:
            return self._ask(document)
        except (DeloUnavailable, SessionNotAccepted, UnexpectedAnswer) as fault:
            answered = isinstance(fault, SessionNotAccepted) or fault.status is not None
            busy = isinstance(fault, DeloUnavailable) and fault.busy
            of_signing_in = fault.fields.get("operation", document.name) != document.name
            if document.name not in NOT_REQUIRED or not answered or busy or of_signing_in:
                raise
            self.keep_alive()
            self._session.denied(document.name)
            return GraphqlAnswer(None, (GraphqlError(str(fault)),))

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
            except KeptAliveLost:
                if repeat:  # the sign-in before it was lost
                    raise
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
