"""Finding out what a server can do, by questions that change nothing.

A form that is refused is asked for twice: a server that stumbles says so in the same form as one that lacks it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from attrs import evolve

from baikaldoc_pos.delo.documents import CARRIES_ATTRIBUTE, KEEP_ALIVE, Document, Documents
from baikaldoc_pos.delo.introspection import Ask, ServerSchema, nearest
from baikaldoc_pos.delo.pagination import PAGE, START
from baikaldoc_pos.delo.responses import GraphqlAnswer
from baikaldoc_pos.errors import NameUnknown, SchemaMismatch
from baikaldoc_pos.server_profile import LARGEST_PAGE, SEEN_ANSWER_FIELDS, PendingFilter, ServerProfile

# A window without rubrics: the question is whether it can be asked for.
NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
INPUT_TYPE = "UpdateArRubricValueInput"
_KIND: Mapping[str, object] = {"kindDoc": {"in": [{"value": 2}]}}
_GROUP: Mapping[str, object] = {"docgroupCl": CARRIES_ATTRIBUTE}
_KIND_PATH = ("refRubric", "matches", "docRc", "matches", "kindDoc", "in", "value")


def probe(ask: Ask, documents: Documents, now: datetime) -> tuple[ServerProfile, bool]:
    """What the server can do, and whether that could be found out: a server without rubrics shows little.

    :raises NameUnknown: it does not know the configured name of an attribute, or a kind of document.
    :raises SchemaMismatch: it refuses the query that has run.
    """
    schema = ServerSchema(ask, documents.attributes)
    profile = _of_schema(schema) if schema.open() else ServerProfile()
    profile = evolve(profile, names=documents.names, found_at=now)
    bounds = dict.fromkeys(("since", "until"), NO_TIME.isoformat())
    window = evolve(documents.window(profile), variables={"first": 1, "after": START, **bounds})
    answer = _asked(ask, window)
    if refused(answer):
        raise _misfit(ask, documents, schema if profile.introspection else None, answer.words)

    fitting = _in_card(**_KIND, **_GROUP)
    page = _asked(ask, documents.probe(first=LARGEST_PAGE, orderby=True, refRubric=fitting))
    isn_order = large_pages = _is_page(page)
    if not large_pages:
        page = ask(documents.probe(first=LARGEST_PAGE, refRubric=fitting))
        large_pages = _is_page(page)
    if not large_pages:
        page = _asked(ask, documents.probe(orderby=True, refRubric=fitting))
        isn_order = not refused(page)
    # Reading a window shows whether the filter is taken, and what it hides.
    profile = evolve(profile, pending=PendingFilter.NULL_OR_EMPTY, isn_order=isn_order, large_pages=large_pages)
    known = (_isns(page) or _isns(ask(documents.probe(refRubric=fitting))))[:1]
    if not known:
        _check_conditions(ask, documents)
        return profile, False
    found = _isns(ask(documents.probe(isnRefRubric={"in": [{"value": known[0]}]})), only=1)
    return evolve(profile, isn_filter=found == known), True


def _of_schema(schema: ServerSchema) -> ServerProfile:
    written = schema.arguments(schema.mutation, "updateArRubricValue").get("input")
    answer = schema.fields(schema.follow(schema.mutation, "updateArRubricValue"))
    return ServerProfile(
        introspection=True,
        typed_input=written is not None and written.type_name == INPUT_TYPE,
        answer_fields=tuple(ours for name, ours in SEEN_ANSWER_FIELDS.items() if name in answer),
    )


def refused(answer: GraphqlAnswer) -> bool:
    """Whether the document was refused as a whole, before any of it was executed."""
    return answer.data is None and answer.status < 500 and not any(error.path for error in answer.errors)


def _is_page(answer: GraphqlAnswer) -> bool:
    return bool((answer.data or {}).get(PAGE))


def _asked(ask: Ask, document: Document) -> GraphqlAnswer:
    """The answer; asked for a second time where the server may only have stumbled."""
    answer = ask(document)
    return ask(document) if refused(answer) and answer.status != 400 else answer


def _isns(answer: GraphqlAnswer, only: int | None = None) -> list[int]:
    """The ISNs of a page of a probe; none where it holds more rows than ``only``."""
    page = (answer.data or {}).get(PAGE)
    if not isinstance(page, Mapping) or (only is not None and page.get("totalCount") != only):
        return []
    nodes = [edge.get("node") for edge in page.get("edges") or () if isinstance(edge, Mapping)]
    isns = [node.get("isnRefRubric") for node in nodes if isinstance(node, Mapping)]
    return [isn for isn in isns if type(isn) is int]


def _misfit(ask: Ask, documents: Documents, schema: ServerSchema | None, words: str) -> NameUnknown | SchemaMismatch:
    """The error that names the key whose value the server does not know."""
    whole = ask(KEEP_ALIVE)
    if refused(whole):
        return SchemaMismatch(KEEP_ALIVE.name, whole.words)
    attributes = documents.attributes
    suspects = [
        ("attributes.sstuField", attributes.sstu_field, documents.probe(eosSstuStatus={"isNullOrEmpty": False})),
        ("attributes.posField", attributes.pos_field, documents.pos_field()),
        (
            "documentKinds",
            ", ".join(map(str, documents.kinds)),
            documents.probe(refRubric=_in_card(**_KIND)),
        ),
    ]
    for key, value, document in suspects:
        answer = ask(document)
        if not refused(answer):
            continue
        if key == "documentKinds" and refused(ask(documents.probe(refRubric=_in_card(**_GROUP)))):
            break  # not the kind, but the way to the card
        return NameUnknown(key, value, answer.words, _candidates(schema, key, value))
    return SchemaMismatch("WindowRubrics", words)


def _check_conditions(ask: Ask, documents: Documents) -> None:
    """Raise NameUnknown where no rubric fits both conditions on the card, and some fit one of them."""
    if _isns(ask(documents.probe(refRubric=_in_card(**_GROUP)))):
        raise NameUnknown("documentKinds", ", ".join(map(str, documents.kinds)), "")
    if _isns(ask(documents.probe(refRubric=_in_card(**_KIND)))):
        raise NameUnknown("attributes.posApiName", documents.attributes.pos_api_name, "")


def _in_card(**conditions: object) -> Mapping[str, object]:
    return {"matches": {"docRc": {"matches": conditions}}}


def _candidates(schema: ServerSchema | None, key: str, value: str) -> tuple[str, ...]:
    if schema is None:
        return ()
    if key == "documentKinds":
        return schema.values(schema.follow(schema.filter_type, *_KIND_PATH))
    return nearest(value, tuple(schema.fields(schema.filter_type)))
