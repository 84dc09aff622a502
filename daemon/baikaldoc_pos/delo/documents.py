"""The GraphQL documents that are built rather than generated, from the generated types.

A batch of writes is one document with an alias a record; a reading by ISN has a variable an ISN. Values travel as
variables of the types whose names are known (docs/delo-api.md, "GraphQL"), never in the text, so a document
depends on its size only: it is printed once a size, and a server may keep its parsed form.
"""

from functools import lru_cache

from attrs import frozen
from delo_schema import schema
from delo_schema.operations import Operations
from sgqlc.operation import Operation
from sgqlc.types import Arg, Variable, non_null

from baikaldoc_pos.model import Change


@frozen
class Document:
    """An operation with its printed text and the name under which it is sent."""

    name: str
    operation: Operation
    text: str

    @classmethod
    def of(cls, operation: Operation, name: str) -> "Document":
        # bytes() prints it without indentation.
        return cls(name, operation, bytes(operation).decode())


PENDING = Document.of(Operations.query.pending_rubrics, "PendingRubrics")
WINDOW = Document.of(Operations.query.window_rubrics, "WindowRubrics")
KEEP_ALIVE = Document.of(Operations.query.keep_alive, "KeepAlive")


def alias(position: int) -> str:
    """The alias of a batch's record at ``position``, from 0."""
    return f"r{position}"


@lru_cache(maxsize=256)
def update_document(size: int) -> Document:
    """The mutation that writes ``size`` records, in order, each under its alias."""
    name = "UpdateRubrics"
    variables = {f"input{i}": Arg(non_null(schema.UpdateArRubricValueInput)) for i in range(size)}
    operation = Operation(schema.Mutation, name=name, variables=variables)
    for position in range(size):
        answer = operation.update_ar_rubric_value(__alias__=alias(position), input=Variable(f"input{position}"))
        answer.__fields__("success", "message", "message_code", "system_message")
        answer.data.__fields__("isn_ref_rubric", "pos_status_rub")
    return Document.of(operation, name)


def update_variables(changes: tuple[Change, ...]) -> dict[str, object]:
    """The variables of :func:`update_document` for these changes."""
    return {
        f"input{position}": {"data": {"isnRefRubric": change.rubric.isn, "posStatusRub": change.target}}
        for position, change in enumerate(changes)
    }


@lru_cache(maxsize=256)
def rubrics_document(size: int) -> Document:
    """The query that reads ``size`` rubrics by their ISNs, whatever their window and statuses."""
    name = "RubricsByIsn"
    variables = {f"isn{i}": Arg(non_null(schema.Int)) for i in range(size)}
    operation = Operation(
        schema.Query,
        name=name,
        variables={"first": Arg(non_null(schema.Int)), "after": Arg(non_null(schema.String))} | variables,
    )
    condition = {"in": [{"value": Variable(f"isn{i}")} for i in range(size)]}
    page = operation.ar_rubric_values_pg(
        first=Variable("first"), after=Variable("after"), filter={"isnRefRubric": condition}
    )
    page.total_count()
    node = page.edges.node
    node.__fields__("isn_ref_rubric", "eos_sstu_status", "pos_status_rub")
    node.ref_rubric.doc_rc.__fields__("isn_doc", "free_num")
    page.page_info.__fields__("end_cursor", "has_next_page")
    return Document.of(operation, name)
