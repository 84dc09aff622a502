"""The two catalogues tell the same events, and every event that the code knows has its sentence."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from unittest.mock import MagicMock

import baikaldoc_pos
import pytest
from attrs import frozen
from baikaldoc_pos.config.model import FILES as CONFIGURATION
from baikaldoc_pos.config.settings import leaves
from baikaldoc_pos.delo.attribute import ATTRIBUTE_DESCRIPTION
from baikaldoc_pos.errors import BaikaldocError
from baikaldoc_pos.i18n import LANGUAGES, Catalogue
from baikaldoc_pos.model import Outcome
from baikaldoc_pos.monitoring.metrics import REQUEST_KINDS
from baikaldoc_pos.server_profile import PendingFilter
from baikaldoc_pos.sync.periods import CycleKind
from baikaldoc_pos.sync.planner import RETRYABLE

from docs.generate import key_sentence

PACKAGE = Path(baikaldoc_pos.__file__).parent
FILES = {language: (PACKAGE / "locale" / f"{language}.json").read_text("utf-8") for language in LANGUAGES}
SENTENCES: dict[str, dict[str, str]] = {language: json.loads(text) for language, text in FILES.items()}
RUSSIAN = SENTENCES["ru"]
# What is no JSON, in each way that the library has words for.
NO_JSON = ('{"a" 1}', "[1 2]", "", "{a}", '{"a": 1,}', "[1,]", '"a', r'"\x"', r'"\u1"', '"\n"', "1 2")
UNEXPECTED = re.compile(r'UnexpectedAnswer\("([^"]+)"')
ID = re.compile(r"[a-z][a-z0-9_-]*(\.[A-Za-z0-9_-]+)+")
CONFIGURATION_ID = re.compile(r"config\.(fault|notice|kind|found|reference)(\.[a-z_]+)+")
LEVELS = {"debug", "info", "warning", "error", "exception"}
# What takes an id, and its fields as one mapping after it; and the place of the id.
FINDINGS = {"ConfigError": 2, "ConfigWarning": 2, "ConfigIssue": 2, "Problem": 0, "Phrase": 0}


@frozen
class Use:
    """An id in the source.

    :param fields: the names of the fields that it is given; None where the source does not tell.
    :param prefix: whether it is only how ids begin that are put together there.
    """

    where: str
    id: str
    fields: set[str] | None = None
    prefix: bool = False


def ids(node: ast.AST | None) -> Iterator[tuple[str, bool]]:
    """The ids that an expression may be, as far as it says."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and ID.fullmatch(node.value):
        yield node.value, False
    elif isinstance(node, ast.IfExp):
        yield from (*ids(node.body), *ids(node.orelse))
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        yield node.values[0].value, True


def of_call(call: ast.Call, where: str) -> Iterator[Use]:
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    keywords = {each.arg: each.value for each in call.keywords}
    emits = called in LEVELS and re.search(r"(^|[._])log\.\w+$", ast.unparse(call.func)) is not None
    if called in FINDINGS:
        given = [*call.args[FINDINGS[called] :], *(keywords[k] for k in ("problem", "id", "fields") if k in keywords)]
        mapping = given[1] if len(given) > 1 else ast.Dict([], [])
        fields = {getattr(key, "value", None) for key in mapping.keys} if isinstance(mapping, ast.Dict) else {None}
    elif emits or called in {"text", "render"}:
        given, fields = call.args, {None} if called == "render" else {*keywords, *(["cycle"] if emits else [])}
    else:
        return
    for id_, prefix in ids(given[0]) if given else ():
        yield Use(where, id_, None if prefix or None in fields else fields, prefix)


def uses_in(tree: ast.AST, name: str) -> Iterator[Use]:
    for node in ast.walk(tree):
        where = f"{name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call):
            yield from of_call(node, where)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "event" for target in targets):
                yield from (Use(where, id_, prefix=prefix) for id_, prefix in ids(node.value))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and CONFIGURATION_ID.fullmatch(node.value):
            yield Use(where, node.value)


USES = [use for path in sorted(PACKAGE.rglob("*.py")) for use in uses_in(ast.parse(path.read_text("utf-8")), path.name)]


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_the_catalogues_have_the_same_ids_and_placeholders():
    english = SENTENCES["en"]
    assert english.keys() == RUSSIAN.keys()
    assert {id_: placeholders(text) for id_, text in english.items()} == {
        id_: placeholders(text) for id_, text in RUSSIAN.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_is_in_order(language):
    pairs = json.loads(FILES[language], object_pairs_hook=list)
    repeated = [id_ for id_, count in Counter(id_ for id_, _ in pairs).items() if count > 1]
    assert repeated == []
    assert [id_ for id_, _ in pairs] == sorted(RUSSIAN)
    for id_, text in pairs:
        assert text.strip() == text != "", id_
        assert all(name.isidentifier() for name in placeholders(text)), f"{id_}: not a plain field"


def test_only_russian_sentences_are_russian():
    cyrillic = re.compile("[а-яё]{2}", re.IGNORECASE)
    # Names of things in ДЕЛО, and what operators have to type, are quoted as they are.
    quoted = re.compile(r"«[^»]*»|“[^”]*”|ДЕЛО|ССТУ|ПОС|\"[^\"]*\"")
    russian = {id_ for id_, text in SENTENCES["en"].items() if cyrillic.search(quoted.sub("", text))}
    assert russian - {"web.language.ru"} == set()


def test_every_event_in_the_code_has_a_sentence():
    assert len(USES) > 100, "the source was not really looked at"
    assert [str(use) for use in USES if not use.prefix and use.id not in RUSSIAN] == []
    assert [str(use) for use in USES if use.prefix and not any(id_.startswith(use.id) for id_ in RUSSIAN)] == []


def test_every_placeholder_is_given():
    assert [
        f"{use}: {', '.join(sorted(missing))}"
        for use in USES
        if use.fields is not None and (missing := placeholders(RUSSIAN.get(use.id, "")) - use.fields)
    ] == []


def reason_of(text: str) -> str:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    return caught.value.msg


def test_what_is_put_together_has_its_sentence():
    put_together = [
        *(f"outcome.{outcome}" for outcome in Outcome),
        *(f"record.{outcome}" for outcome in RETRYABLE),
        *(f"kind.{kind}" for kind in CycleKind),
        *(f"operation.{kind}" for kind in {*REQUEST_KINDS, ATTRIBUTE_DESCRIPTION} - {"sign_out"}),
        *(f"filter.{form}" for form in PendingFilter if form is not PendingFilter.NONE),
        *(f"json.{reason_of(text)}" for text in NO_JSON),
        *(f"mail.at.{step}" for step in ("auth", "connect", "data", "ehlo", "helo", "mail", "rcpt", "starttls", "tls")),
        *(f"answer.{what}" for file in PACKAGE.rglob("*.py") for what in UNEXPECTED.findall(file.read_text("utf-8"))),
    ]
    assert [id_ for id_ in put_together if id_ not in RUSSIAN] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_of_the_configuration_has_a_sentence_and_no_other(language):
    keys = {key_sentence(file, path) for file, (_, cls) in CONFIGURATION.items() for path, _, _ in leaves(cls)}
    assert {id_ for id_ in SENTENCES[language] if id_.startswith("config.key.")} == keys


def errors() -> Iterator[type[BaikaldocError]]:
    """Every error that is reported by its event."""
    for module in pkgutil.walk_packages(baikaldoc_pos.__path__, "baikaldoc_pos."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    waiting = [BaikaldocError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if hasattr(kind, "event") and kind.__module__.startswith("baikaldoc_pos."):
            yield kind


def made(kind: type[BaikaldocError]) -> BaikaldocError:
    parameters = inspect.signature(kind).parameters.values()
    needed = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    by_position = [MagicMock() for p in needed if p.kind is not p.KEYWORD_ONLY]
    return kind(*by_position, **{p.name: MagicMock() for p in needed if p.kind is p.KEYWORD_ONLY})


@pytest.mark.parametrize("kind", sorted(errors(), key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_an_errors_sentence_is_filled_by_its_fields(kind):
    error = made(kind)
    assert error.event in RUSSIAN
    assert placeholders(RUSSIAN[error.event]) <= error.fields.keys()
    assert "?" not in Catalogue("ru").render(error.event, dict.fromkeys(error.fields, "…"))
