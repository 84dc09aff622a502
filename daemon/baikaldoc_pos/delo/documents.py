"""The GraphQL documents, from the generated operations and types.

The profile of the server picks among them (see ``profile``). The names of an installation are exchanged here, after
printing: the operations are generated with the usual ones, and an alias keeps the usual key in the answer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from attrs import evolve, field, frozen
from delo_schema import schema
from delo_schema.operations import Operations
from sgqlc.operation import Operation, Selector
from sgqlc.types import Arg, Variable, non_null

from baikaldoc_pos.config import Attributes
from baikaldoc_pos.model import Change, Rubric
from baikaldoc_pos.server_profile import PendingFilter, ServerProfile

_USUAL = Attributes()
# The two conditions whose values are the installation's; a text; a name with the colon that makes it a key of an input.
_TOKENS = re.compile(
    rf'(?P<api>\bapiName: *{{equal: *{{value: *)"{_USUAL.pos_api_name}"'
    r"|(?P<kinds>\bkindDoc: *{in: *\[{value: *)2(?=})"
    r'|"(?:\\.|[^"\\])*"'
    rf"|\b(?P<name>{_USUAL.sstu_field}|{_USUAL.pos_field})\b(?P<colon>:?)"
)
_ORDER = "orderby: [{isnRefRubric: Asc}]\n"

PROBE = "ServerProbe"
CONTROL = "control"
CARRIES_ATTRIBUTE = {
    "matches": {
        "arDocgroups": {"any": {"arDescript": {"matches": {"apiName": {"equal": {"value": "POS_STATUS_RUB"}}}}}}
    }
}


@frozen
class Document:
    """A document with its name and variables."""

    name: str
    text: str
    variables: dict[str, object] = field(factory=dict)

    @classmethod
    def of(cls, operation: Operation, name: str, **variables: object) -> "Document":
        # bytes() prints it without indentation.
        return cls(name, bytes(operation).decode(), variables)


KEEP_ALIVE = Document.of(Operations.query.keep_alive, "KeepAlive")
WINDOW = Document.of(Operations.query.window_rubrics, "WindowRubrics")
_PENDING = {
    PendingFilter.NULL_OR_EMPTY: (Document.of(Operations.query.pending_rubrics, "PendingRubrics"),),
    PendingFilter.NULL: (
        Document.of(Operations.query.null_rubrics, "NullRubrics"),
        Document.of(Operations.query.empty_rubrics, "EmptyRubrics"),
    ),
}
_WITHOUT_POS: Mapping[PendingFilter, Sequence[Mapping[str, object]]] = {
    PendingFilter.NULL_OR_EMPTY: ({"posStatusRub": {"isNullOrEmpty": True}},),
    PendingFilter.NULL: ({"posStatusRub": {"isNull": True}}, {"posStatusRub": {"equal": {"value": ""}}}),
    PendingFilter.NONE: ({},),
}


@frozen
class StatusPair:
    """Rubrics with one of these ССТУ statuses (without surrounding whitespace) and one of these ПОС statuses.

    :param other: with any ССТУ status but these.
    """

    sstu: tuple[str, ...]
    pos: tuple[str, ...]
    other: bool = False

    def fits(self, rubric: Rubric) -> bool:
        """Whether the rubric is one of them."""
        status = rubric.sstu_status or ""
        known = status not in self.sstu if self.other else status.strip() in self.sstu
        return known and rubric.pos_status in self.pos


@frozen
class Selection:
    """Rubrics to be counted or read.

    :param with_pos: only those with a «Статус ПОС», or only those without one; None for both.
    :param sstu: only those with one of these ССТУ statuses; () for any status, None for those without one, too.
    """

    with_pos: bool | None = None
    sstu: tuple[str, ...] | None = None


@frozen
class Documents:
    """Prints the documents for one server under the names of one installation.

    :param kinds: ``kindDoc`` of the documents that are read: numbers, or names of an enumeration.
    """

    attributes: Attributes
    kinds: tuple[int | str, ...]

    @property
    def names(self) -> str:
        """The installation's names in one line."""
        named = self.attributes
        return " ".join([named.sstu_field, named.pos_field, named.pos_api_name, *map(str, self.kinds)])

    def window(self, profile: ServerProfile) -> Document:
        """The query for every rubric of a window, with and without a «Статус ПОС»."""
        return self._sorted(WINDOW, profile)

    def pending(self, profile: ServerProfile) -> tuple[Document, ...]:
        """The queries that give the rubrics of a window without a «Статус ПОС»; none where there is no filter."""
        return tuple(self._sorted(document, profile) for document in _PENDING.get(profile.pending, ()))

    def rubrics(self, isns: Sequence[int], since: datetime | None = None) -> Document:
        """The query for rubrics by their ISNs, whatever their window and statuses.

        :param since: leave out those created before.
        """
        variables = {f"isn{i}": Arg(non_null(schema.Int)) for i in range(len(isns))}
        operation = Operation(schema.schema.query_type, name="RubricsByIsn", variables=_paging() | variables)
        conditions: dict[str, object] = {"isnRefRubric": {"in": [{"value": Variable(name)} for name in variables]}}
        if since is not None:
            conditions["refRubric"] = {"matches": {"insDate": {"greaterOrEqual": {"value": since.isoformat()}}}}
        _select(operation.ar_rubric_values_pg(first=Variable("first"), after=Variable("after"), filter=conditions))
        return self._named(Document.of(operation, "RubricsByIsn", **dict(zip(variables, isns, strict=True))))

    def pairs(self, pairs: Mapping[str, StatusPair]) -> Document:
        """The query for the rubrics of a window that have one of these pairs of statuses, each under its alias.

        Of the pair under CONTROL one rubric is asked for.
        """
        values: dict[str, str] = {}
        filters = {
            name: {
                "eosSstuStatus": _any_sstu(pair.sstu, values, other=pair.other),
                "posStatusRub": _any_of(pair.pos, values),
            }
            for name, pair in pairs.items()
        }
        paging = {} if pairs.keys() == {CONTROL} else _paging()
        declared = paging | _bounds() | _texts(values)
        operation = Operation(schema.schema.query_type, name="RubricsByStatuses", variables=declared)
        for name, statuses in filters.items():
            place = {"first": 1} if name == CONTROL else {"first": Variable("first"), "after": Variable("after")}
            _select(operation.ar_rubric_values_pg(__alias__=name, **place, filter=statuses | _created()))
        return self._named(Document.of(operation, "RubricsByStatuses", **values))

    def counts(self, selections: Mapping[str, Selection], profile: ServerProfile, at_once: int) -> Iterator[Document]:
        """The queries for how many rubrics of a window there are of each selection.

        A selection has an alias for each filter that it takes: its name, ``_`` and a number.

        :param at_once: the most aliases of a document.
        """
        aliases = [
            (f"{name}_{place}", selection.sstu, empty)
            for name, selection in selections.items()
            for place, empty in enumerate(_empty(selection, profile))
        ]
        for first in range(0, len(aliases), at_once):
            values: dict[str, str] = {}
            filters = {
                name: {**_with_sstu(sstu, values), **empty, **_created()}
                for name, sstu, empty in aliases[first : first + at_once]
            }
            declared = _bounds() | _texts(values)
            operation = Operation(schema.schema.query_type, name="RubricCounts", variables=declared)
            for name, conditions in filters.items():
                operation.ar_rubric_values_pg(__alias__=name, first=1, filter=conditions).total_count()
            yield self._named(Document.of(operation, "RubricCounts", **values))

    def without_pos(self, profile: ServerProfile, leaving_out: Sequence[str] = ()) -> Iterator[Document]:
        """The queries for the rubrics of a window without a «Статус ПОС», whatever their ССТУ status.

        Where there is no filter, those with a «Статус ПОС» are among them.

        :param leaving_out: only those that have a ССТУ status, and none of these.
        """
        for empty in _empty(Selection(with_pos=False), profile):
            values: dict[str, str] = {}
            given = {"isNullOrEmpty": False} | _any_sstu(leaving_out, values, other=True) if leaving_out else None
            declared = _paging() | _bounds() | _texts(values)
            operation = Operation(schema.schema.query_type, name="WaitingRubrics", variables=declared)
            order = {"orderby": [{"isnRefRubric": "Asc"}]} if profile.isn_order else {}
            paging = {"first": Variable("first"), "after": Variable("after")}
            conditions = {**({"eosSstuStatus": given} if given else {}), **empty, **_created()}
            _select(operation.ar_rubric_values_pg(**paging, **order, filter=conditions))
            yield self._named(Document.of(operation, "WaitingRubrics", **values))

    def update(self, changes: Sequence[Change], profile: ServerProfile) -> Document:
        """The mutation that writes the changes in order, each under its :func:`alias`."""
        if profile.typed_input:
            named = [{"data": {"isnRefRubric": c.rubric.isn, self.attributes.pos_field: c.target}} for c in changes]
            document = _typed_update(self, len(changes), profile.answer_fields)
            return evolve(document, variables={f"input{place}": value for place, value in enumerate(named)})
        inputs = [{"data": {"isnRefRubric": change.rubric.isn, "posStatusRub": change.target}} for change in changes]
        return self._named(_update(inputs, {}, profile.answer_fields))

    def probe(self, *, first: int = 1, orderby: bool = False, **conditions: object) -> Document:
        """A query for some rubrics, which shows whether the server takes these conditions."""
        operation = Operation(schema.schema.query_type, name=PROBE)
        arguments: dict[str, object] = {"first": first}
        if orderby:
            arguments["orderby"] = [{"isnRefRubric": "Asc"}]
        if conditions:
            arguments["filter"] = conditions
        page = operation.ar_rubric_values_pg(**arguments)
        page.total_count()
        page.edges.node.isn_ref_rubric()
        return self._named(Document.of(operation, PROBE))

    def pos_field(self) -> Document:
        """A query for the «Статус ПОС» of one rubric."""
        operation = Operation(schema.schema.query_type, name=PROBE)
        operation.ar_rubric_values_pg(first=1).edges.node.pos_status_rub()
        return self._named(Document.of(operation, PROBE))

    def _sorted(self, document: Document, profile: ServerProfile) -> Document:
        if not profile.isn_order:
            document = evolve(document, text=document.text.replace(_ORDER, ""))
        return self._named(document)

    def _named(self, document: Document) -> Document:
        names = {_USUAL.sstu_field: self.attributes.sstu_field, _USUAL.pos_field: self.attributes.pos_field}

        kinds = "}, {value: ".join(map(str, self.kinds))

        def exchanged(found: re.Match[str]) -> str:
            if found["api"]:
                return f'{found["api"]}"{self.attributes.pos_api_name}"'
            if found["kinds"]:
                return found["kinds"] + kinds
            if found["name"] is None:
                return found[0]
            name = names[found["name"]]
            return f"{name}:" if found["colon"] else found[0] if name == found[0] else f"{found[0]}: {name}"

        return evolve(document, text=_TOKENS.sub(exchanged, document.text))


@lru_cache(maxsize=16)
def _typed_update(documents: Documents, count: int, answer_fields: tuple[str, ...]) -> Document:
    """The mutation of so many changes without their values, which travel beside it: the same for every batch."""
    # Each variable has an Arg of its own: sgqlc writes the name into it.
    typed = {f"input{place}": Arg(non_null(schema.UpdateArRubricValueInput)) for place in range(count)}
    return documents._named(_update([Variable(name) for name in typed], typed, answer_fields))


def _update(inputs: Sequence[object], declared: Mapping[str, Arg], answer_fields: Sequence[str]) -> Document:
    operation = Operation(schema.schema.mutation_type, name="UpdateRubrics", variables=dict(declared))
    for place, given in enumerate(inputs):
        answer = operation.update_ar_rubric_value(__alias__=alias(place), input=given)
        answer.__fields__("success", "message", *answer_fields)
        answer.data.__fields__("isn_ref_rubric", "pos_status_rub")
    return Document.of(operation, "UpdateRubrics")


def _paging() -> dict[str, Arg]:
    return {"first": Arg(non_null(schema.Int)), "after": Arg(non_null(schema.String))}


def _bounds() -> dict[str, Arg]:
    return {name: Arg(non_null(schema.DateTime)) for name in ("since", "until")}


def _created() -> dict[str, object]:
    """The condition for rubrics of the documents that are read, created between the bounds."""
    card = {"kindDoc": {"in": [{"value": 2}]}, "docgroupCl": CARRIES_ATTRIBUTE}
    created = {"greaterOrEqual": {"value": Variable("since")}, "lessOrEqual": {"value": Variable("until")}}
    return {"refRubric": {"matches": {"insDate": created, "docRc": {"matches": card}}}}


def _texts(values: Mapping[str, str]) -> dict[str, Arg]:
    return {name: Arg(non_null(schema.String)) for name in values}


def _empty(selection: Selection, profile: ServerProfile) -> Sequence[Mapping[str, object]]:
    """The conditions on the «Статус ПОС» whose rubrics together are the selection."""
    if selection.with_pos is None:
        return ({},)
    return ({"posStatusRub": {"isNullOrEmpty": False}},) if selection.with_pos else _WITHOUT_POS[profile.pending]


def _with_sstu(statuses: Sequence[str] | None, values: dict[str, str]) -> Mapping[str, object]:
    """The condition for one of these ССТУ statuses; () for any status, None for those without one, too."""
    if statuses is None:
        return {}
    return {"eosSstuStatus": _any_sstu(statuses, values) if statuses else {"isNullOrEmpty": False}}


def _any_sstu(statuses: Sequence[str], values: dict[str, str], *, other: bool = False) -> dict[str, object]:
    """The condition for one of these ССТУ statuses; a label with a leading space has been seen (docs/delo-api.md)."""
    return _any_of([spelling for status in statuses for spelling in (status, f" {status}")], values, other=other)


def _any_of(statuses: Sequence[str], values: dict[str, str], *, other: bool = False) -> dict[str, object]:
    """The condition for one of these texts, or none of them; they travel as variables, whose names and values come
    into ``values``.
    """
    names = {text: name for name, text in values.items()}
    for text in statuses:
        names.setdefault(text, f"text{len(names)}")
    values |= {names[text]: text for text in statuses}
    return {"notIn" if other else "in": [{"value": Variable(names[text])} for text in statuses]}


def _select(page: Selector) -> None:
    """Select what a page of rubrics is read from."""
    page.total_count()
    node = page.edges.node
    node.__fields__("isn_ref_rubric", "eos_sstu_status", "pos_status_rub")
    node.ref_rubric.doc_rc.__fields__("isn_doc", "free_num")
    page.page_info.__fields__("end_cursor", "has_next_page")


def alias(position: int) -> str:
    """The alias of a batch's record at ``position``, from 0."""
    return f"r{position}"
