"""Validates and executes GraphQL documents, and answers as ДЕЛО's server does; mutations run one after another."""

from collections.abc import Iterable
from typing import Any

from graphql import DocumentNode, GraphQLError, execute_sync

from tests.delo_server.documents import written_isns
from tests.delo_server.fault_kinds import Reject
from tests.delo_server.faults import Faults
from tests.delo_server.messages import Answer, Request
from tests.delo_server.resolvers import Context, Environment, resolve_description, resolve_page, resolve_update
from tests.delo_server.schema import faults_of, schema_of

_RESOLVERS = {
    "arRubricValuesPg": resolve_page,
    "arDescriptsPg": resolve_description,
    "updateArRubricValue": resolve_update,
}


def _resolve(root: object, info: Any, **arguments: Any) -> Any:
    if info.path.prev is None and info.field_name in _RESOLVERS:
        return _RESOLVERS[info.field_name](root, info, **arguments)
    return root.get(info.field_name) if isinstance(root, dict) else None


def rejection(errors: Iterable[GraphQLError], status: int) -> Answer:
    """Top-level errors and no data."""
    return Answer.of_json({"errors": [error.formatted for error in errors]}, status)


def _refusal(faults: Faults, request: Request, document: DocumentNode) -> Reject | None:
    if faults.reject_documents is not None:
        return Reject(faults.reject_documents)
    if request.is_mutation and faults.poison & written_isns(document, request.variables):
        return Reject("Документ не может быть выполнен.", faults.poison_status)
    return None


def execute(environment: Environment, request: Request, session: str, reject: Reject | None = None) -> Answer:
    """The answer to a query of a valid session; ``reject`` makes it a refusal of the whole document."""
    faults = environment.faults
    text = request.document
    if text is None:
        return rejection([GraphQLError("Тело запроса не содержит документа.")], faults.validation_status)
    kind = faults.kind
    document, wrong = faults_of(text, kind)
    if document is None or wrong:
        return rejection(wrong, faults.validation_status)
    reject = reject or _refusal(faults, request, document)
    if reject is not None:
        return rejection([GraphQLError(reject.message)], reject.status)
    context = Context(environment, session)
    result = execute_sync(
        schema_of(kind),
        document,
        context_value=context,
        variable_values=request.variables,
        operation_name=request.payload.get("operationName"),
        field_resolver=_resolve,
    )
    errors = list(result.errors or ())
    for error in errors:
        if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
            raise error.original_error  # a fault of the stand-in itself, not one that was asked for
    if result.data is None and all(error.path is None for error in errors):
        return rejection(errors, faults.validation_status)
    data = result.data
    if errors and faults.null_data_at_errors:
        data = None
    if data is not None:
        data = {key: value for key, value in data.items() if key not in context.missing}
    told = [error.formatted for error in errors] + [{"message": message} for message in faults.extra_errors]
    return Answer.of_json({"data": data, **({"errors": told} if told else {})})
