"""The switches of the stand-in: a script of faults for single requests, faults of single writes, and lasting ones."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from attrs import define, field, fields

from tests.delo_server.fault_kinds import Fault, WriteFault
from tests.delo_server.messages import Request
from tests.delo_server.schema import PLAIN_ANSWER, Lack, ServerKind, checked

Target = Literal["any", "login", "logout", "query", "read", "write", "other"]


@define
class Scripted:
    """A fault that waits for its requests: the first ``skip`` matching ones pass, the next ``times`` get it.

    :param on: the kind of request; ``read`` and ``write`` are queries without and with a mutation.
    :param operation: only requests with this operation name.
    :param times: None for every one from then on.
    :param hits: how many requests have got it.
    """

    fault: Fault
    on: Target = "query"
    operation: str | None = None
    times: int | None = 1
    skip: int = 0
    hits: int = 0

    def matches(self, request: Request) -> bool:
        if self.operation is not None and request.operation != self.operation:
            return False
        if self.on in {"read", "write"}:
            return request.kind == "query" and request.is_mutation == (self.on == "write")
        return self.on in {"any", request.kind}

    @property
    def used_up(self) -> bool:
        return self.times is not None and self.hits >= self.times


@define
class Faults:
    """Everything that can be made to go wrong beside the session. Attributes may be set at any time.

    :param writes: what the write of a rubric gets instead of a good answer, by ISN.
    :param delay_seconds: every request takes this much longer.
    :param reject_documents: every document is refused as a whole with this message.
    :param validation_status: HTTP status of an answer to a document that is invalid.
    :param lacks: what the schema lacks (see ``schema.Lack``), and what else it is like (see ``schema.ServerKind``):
        input_type, null_or_empty_true, introspection, one_type, alias_limit, names, kind_names.
    :param attribute: the description of the attribute, as far as it can be read: uiReadonly, defVal, maxLen,
        arValueLists (or arValueListsPg, a page).
    :param write_denied: the account may not write: answered by HTTP status 403, in words (also with status 500), or by
        a code for the whole or for each alias.
    :param body_limit: a query whose body is longer is answered by ``body_limit_status``.
    :param page_limit: a page of more rows is answered by ``page_limit_status``; 200: by an error in words.
    :param poison: ISNs whose presence in a mutation makes the server refuse the document as a whole.
    :param poison_status: with which HTTP status it does so.
    :param extra_errors: messages of top-level errors without a path that stand beside every data.
    :param null_data_at_errors: an error of one alias makes all data null.
    :param stuck_cursor: ``endCursor`` repeats the cursor that was asked for, with ``hasNextPage: true``.
    :param endless_pages: the rows begin again after the last one, with cursors that advance, for ever.
    :param ignore_pos_filter: rubrics that have a «Статус ПОС» are sent, too, whatever the filter says.
    :param ignore_isn_filter: the filter by ISN is taken and not applied.
    :param ignore_sstu_values: so is the filter by values of «Статус ССТУ».
    :param hide_pending: the filter on an empty «Статус ПОС» leaves out what is null, what is an empty text, or all.
    :param repeat_rows: so many rows of the page before stand at each page's head once more
        (on the first page: its own first rows at its end).
    :param null_edges: ``edges`` and ``items`` are null.
    :param null_nodes: ISNs of rubrics whose node is null.
    :param null_isns: ISNs of rubrics whose node has a null ``isnRefRubric``.
    :param alter: changes what a query is answered with, as an object, before it is sent.
    :param date: the time on the server's clock; None: this machine's.
    """

    writes: dict[int, WriteFault] = field(factory=dict)
    alter: Callable[[dict[str, Any]], None] | None = None
    date: datetime | None = None
    delay_seconds: float = 0.0
    reject_documents: str | None = None
    validation_status: int = 400
    lacks: set[str] = field(factory=set)
    input_type: bool = True
    null_or_empty_true: bool = True
    introspection: bool = True
    one_type: bool = True
    alias_limit: int | None = None
    names: dict[str, str] = field(factory=dict)
    kind_names: bool = False
    attribute: dict[str, object] | None = None
    write_denied: Literal["status", "words", "500", "code", "aliases"] | None = None
    body_limit: int | None = None
    body_limit_status: int = 403
    page_limit: int | None = None
    page_limit_status: int = 200
    poison: set[int] = field(factory=set)
    poison_status: int = 200
    extra_errors: list[str] = field(factory=list)
    null_data_at_errors: bool = False
    stuck_cursor: bool = False
    endless_pages: bool = False
    ignore_pos_filter: bool = False
    ignore_isn_filter: bool = False
    ignore_sstu_values: bool = False
    hide_pending: Literal["null", "empty", "all"] | None = None
    repeat_rows: int = 0
    null_edges: bool = False
    null_nodes: set[int] = field(factory=set)
    null_isns: set[int] = field(factory=set)
    _script: list[Scripted] = field(factory=list, init=False)
    _gate: threading.Event = field(factory=threading.Event, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def add(
        self,
        fault: Fault,
        *,
        on: Target = "query",
        operation: str | None = None,
        times: int | None = 1,
        skip: int = 0,
    ) -> Scripted:
        """Script a fault; the first of those that match a request is the one it gets. Watch it by ``hits``."""
        scripted = Scripted(fault, on, operation, times, skip)
        with self._lock:
            self._script.append(scripted)
        return scripted

    def take(self, request: Request) -> Fault | None:
        """The fault that this request gets. Each scripted fault ahead of it counts its own skips."""
        with self._lock:
            for scripted in self._script:
                if scripted.used_up or not scripted.matches(request):
                    continue
                if scripted.skip:
                    scripted.skip -= 1
                    continue
                scripted.hits += 1
                return scripted.fault
        return None

    @property
    def kind(self) -> ServerKind:
        """What the schema is like now; raises KeyError for a thing to lack that it does not have."""
        return checked(
            ServerKind(
                frozenset(self.lacks),
                self.input_type,
                self.null_or_empty_true,
                self.introspection,
                self.one_type,
                self.alias_limit,
                tuple(sorted(self.names.items())),
                self.kind_names,
                self.attribute is not None,
            )
        )

    def as_run(self) -> None:
        """Exactly the forms that docs/delo-api.md marks as run, nothing more, no introspection."""
        self.lacks = {Lack.POS_STATUS_FILTER, Lack.ISN_FILTER, Lack.ORDER, *PLAIN_ANSWER}
        self.input_type = self.null_or_empty_true = self.introspection = False
        self.alias_limit = 10

    @property
    def waiting(self) -> tuple[Scripted, ...]:
        """The scripted faults that are not used up."""
        with self._lock:
            return tuple(scripted for scripted in self._script if not scripted.used_up)

    def hang(self, closing: threading.Event) -> None:
        """Wait until released, or until the server closes."""
        with self._lock:
            gate = self._gate
        while not gate.wait(0.02) and not closing.is_set():
            pass

    def release(self) -> None:
        """Let go of every request that hangs now."""
        with self._lock:
            gate, self._gate = self._gate, threading.Event()
        gate.set()

    def clear(self) -> None:
        """As on the first day: no script, every switch at its default; what hangs is released."""
        fresh = Faults()
        with self._lock:
            self._script.clear()
        for attribute in fields(Faults):
            if attribute.init:
                setattr(self, attribute.name, getattr(fresh, attribute.name))
        self.release()
