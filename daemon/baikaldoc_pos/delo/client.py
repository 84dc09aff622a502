"""What one cycle asks of ДЕЛО: what :class:`RubricReader` reads, and batches of writes.

Typed values in, typed values out.
"""

from collections.abc import Sequence

from attrs import evolve

from baikaldoc_pos.delo.documents import Document, Selection, StatusPair
from baikaldoc_pos.delo.graphql import StaleBatch
from baikaldoc_pos.delo.probe import refused
from baikaldoc_pos.delo.reader import RubricReader
from baikaldoc_pos.delo.responses import GraphqlAnswer, answers_of
from baikaldoc_pos.errors import (
    AccessDenied,
    DeloError,
    DeloUnavailable,
    SessionNotAccepted,
    UnexpectedAnswer,
)
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.model import Answer, Change, Rubric
from baikaldoc_pos.server_profile import ServerProfile

log = EventLog(__name__)


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


class DeloClient(RubricReader):
    """The operations of one cycle."""

    # The words of a refusal that may be for the form: the plain one is used; and whether that was refused, too.
    _form_in_doubt: str | None = None
    _plain_refused = False
    # Writes were refused as a whole, before any was executed.
    _refused_batch = False

    @property
    def batch_size(self) -> int:
        """How many writes the next document carries."""
        return min(self.profile().batch_size, self._most_writes)

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

    def operations(self) -> tuple[Document, ...]:
        """The documents that this server is sent, without those that there is a way round."""
        profile, documents = self.profile(), self._documents
        by_isn = (documents.rubrics([1]),) if profile.isn_filter else ()
        write = documents.update([Change(Rubric(1, None, None, None, None), "")], profile)
        return (documents.window(profile), *documents.pending(profile), *by_isn, write)

    def optional_operations(self) -> tuple[Document, ...]:
        """The documents that the service does without where this server refuses them."""
        pair, counted = StatusPair(("a",), ("b",)), {"counted": Selection(with_pos=True, sstu=("a",))}
        return (self._documents.pairs({"pair": pair}), *self._documents.counts(counted, self.profile(), 1))
