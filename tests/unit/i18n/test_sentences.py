"""The two catalogues tell the same events, and every event that the code knows has its sentence."""

import importlib
import inspect
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from string import Formatter
from unittest.mock import MagicMock

import baikaldoc_pos
import pytest
from baikaldoc_pos.config.model import FILES as CONFIGURATION
from baikaldoc_pos.config.settings import leaves
from baikaldoc_pos.errors import BaikaldocError
from baikaldoc_pos.i18n import LANGUAGES, Catalogue
from baikaldoc_pos.model import Outcome
from baikaldoc_pos.sync.periods import CycleKind
from baikaldoc_pos.sync.planner import RETRYABLE

from docs.generate import key_sentence
from tests.unit.i18n.sources import PACKAGE, uses

FILES = {language: (PACKAGE / "locale" / f"{language}.json").read_text("utf-8") for language in LANGUAGES}
SENTENCES: dict[str, dict[str, str]] = {language: json.loads(text) for language, text in FILES.items()}
RUSSIAN = SENTENCES["ru"]
USES = uses()


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


def test_what_is_put_together_has_its_sentence():
    put_together = [
        *(f"outcome.{outcome}" for outcome in Outcome),
        *(f"record.{outcome}" for outcome in RETRYABLE),
        *(f"kind.{kind}" for kind in CycleKind),
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
