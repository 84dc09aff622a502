"""The sentences of the configuration are all there, and the reference is made of them."""

import re
from pathlib import Path
from string import Formatter

import pytest
from baikaldoc_pos import config
from baikaldoc_pos.config import render
from baikaldoc_pos.config.model import FILES, leaves
from baikaldoc_pos.i18n import LANGUAGES, Catalogue

from docs import generate
from docs.generate import configuration_reference, key_sentence, main
from tests.unit.config.files import faults_of, valid

_ID = re.compile(r'"(config\.(?:fault|notice|found|kind|reference)\.[a-z_.]+[a-z_])"')


def ids_in_the_code() -> set[str]:
    sources = [*Path(config.__file__).parent.glob("*.py"), Path(generate.__file__)]
    ids = {id_ for source in sources for id_ in _ID.findall(source.read_text(encoding="utf-8"))}
    keys = {key_sentence(file, path) for file, (_, cls) in FILES.items() for path, _, _ in leaves(cls)}
    return ids | keys


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_can_be_said_has_a_sentence(language):
    assert ids_in_the_code() - set(Catalogue(language).ids()) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_about_a_key_that_is_gone(language):
    about_keys = {id_ for id_ in Catalogue(language).ids() if id_.startswith("config.key.")}
    assert about_keys - ids_in_the_code() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reference_names_every_key_once(language):
    text = configuration_reference(Catalogue(language))
    for _, cls in FILES.values():
        for path, _, _ in leaves(cls):
            assert text.count(f"| `{'.'.join(path)}` |") == 1
    assert not re.search(r"\bconfig\.(key|kind|reference)\.", text)  # an id that found no sentence
    assert "?" not in text  # a field that found no value


def test_the_committed_reference_is_up_to_date():
    assert main(["--check"]) == 0


def test_a_fault_is_one_line_with_file_key_problem_and_remedy(tmp_path):
    files = valid()
    files["processing"]["pagination"] = {"pageSize": "5"}
    [fault] = faults_of(tmp_path, files)
    line = render(fault, Catalogue("ru"))
    assert line.startswith("processing_config.json: pagination.pageSize: ")
    assert line.endswith("целое число от 1 до 1000")


def test_sentences_name_only_simple_fields():
    for language in LANGUAGES:
        catalogue = Catalogue(language)
        for id_ in ids_in_the_code():
            for _, name, _, _ in Formatter().parse(catalogue._sentences[id_]):
                assert name is None or name.isidentifier()
