"""What the source says of events: every id that it emits or looks up, and the fields that it gives."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import baikaldoc_pos
from attrs import frozen

PACKAGE = Path(baikaldoc_pos.__file__).parent
LEVELS = {"debug", "info", "warning", "error", "exception"}
LOOKUPS = {"text", "render"}
# Which argument of theirs is an id; the one after it has the fields.
FINDINGS = {"ConfigError": 2, "ConfigWarning": 2, "ConfigIssue": 2, "Problem": 0, "Phrase": 0}
ID = re.compile(r"[a-z][a-z0-9_-]*(\.[A-Za-z0-9_-]+)+")
CONFIGURATION_ID = re.compile(r"config\.(fault|notice|kind|found|reference)(\.[a-z_]+)+")
# What the work of a cycle is bound to (events.bound).
BOUND = frozenset({"cycle"})


@frozen
class Use:
    """An id in the source.

    :param fields: the names of the fields that it is given; None where the source does not tell.
    :param prefix: whether it is only how ids begin that are put together there.
    """

    where: str
    id: str
    fields: frozenset[str] | None = None
    prefix: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.id}"


def uses() -> list[Use]:
    """All of them, in the order of the files."""
    return [use for path in sorted(PACKAGE.rglob("*.py")) for use in uses_in(path.read_text("utf-8"), path.name)]


def uses_in(source: str, name: str) -> Iterator[Use]:
    for node in ast.walk(ast.parse(source)):
        where = f"{name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call):
            yield from _of_call(node, where)
        elif isinstance(node, ast.ClassDef):
            yield from _of_class(node, where)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and CONFIGURATION_ID.fullmatch(node.value):
            yield Use(where, node.value)


def _of_call(call: ast.Call, where: str) -> Iterator[Use]:
    if isinstance(call.func, ast.Attribute) and call.args:
        receiver = ast.unparse(call.func.value)
        emits = call.func.attr in LEVELS and re.search(r"(^|[._])log$", receiver) is not None
        if emits or call.func.attr in LOOKUPS:
            # render() takes its fields as one mapping.
            fields = _keywords(call) if call.func.attr != "render" else None
            if fields is not None and emits:
                fields |= BOUND
            for id_, prefix in _ids(call.args[0]):
                yield Use(where, id_, None if prefix else fields, prefix)
    elif isinstance(call.func, ast.Name) and call.func.id in FINDINGS:
        position = FINDINGS[call.func.id]
        given = dict(enumerate(call.args)) | {
            position + offset: keyword.value
            for keyword in call.keywords
            for offset, name in enumerate(("problem" if position else "id", "fields"))
            if keyword.arg == name
        }
        if position in given:
            for id_, prefix in _ids(given[position]):
                yield Use(where, id_, None if prefix else _mapping(given.get(position + 1)), prefix)


def _of_class(node: ast.ClassDef, where: str) -> Iterator[Use]:
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "event" for target in targets):
            for id_, prefix in _ids(statement.value) if statement.value is not None else ():
                yield Use(where, id_, prefix=prefix)


def _ids(node: ast.expr) -> Iterator[tuple[str, bool]]:
    """The ids that an expression may be, as far as it says."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and ID.fullmatch(node.value):
        yield node.value, False
    elif isinstance(node, ast.IfExp):
        yield from _ids(node.body)
        yield from _ids(node.orelse)
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        yield node.values[0].value, True


def _keywords(call: ast.Call) -> frozenset[str] | None:
    names = [keyword.arg for keyword in call.keywords]
    return None if None in names else frozenset(names)


def _mapping(node: ast.expr | None) -> frozenset[str] | None:
    if node is None:
        return frozenset()
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        return frozenset(key.value for key in node.keys)
    return None
