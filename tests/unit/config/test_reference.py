"""The sentences of the configuration are all there, and the reference is made of them."""

import re

import pytest
from baikaldoc_pos.config import render
from baikaldoc_pos.config.model import FILES
from baikaldoc_pos.config.settings import leaves
from baikaldoc_pos.i18n import LANGUAGES, Catalogue

from docs.generate import configuration_reference, key_sentence
from tests.unit.config.files import faults_of, valid


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_has_a_sentence_and_no_other(language):
    keys = {key_sentence(file, path) for file, (_, cls) in FILES.items() for path, _, _ in leaves(cls)}
    assert {id_ for id_ in Catalogue(language).ids() if id_.startswith("config.key.")} == keys


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reference_names_every_key_once(language):
    text = configuration_reference(Catalogue(language))
    for _, cls in FILES.values():
        for path, _, _ in leaves(cls):
            assert text.count(f"| `{'.'.join(path)}` |") == 1
    assert not re.search(r"\bconfig\.(key|kind|reference)\.", text)  # an id that found no sentence
    assert "?" not in text  # a field that found no value


def test_a_fault_is_one_line_with_file_key_problem_and_remedy(tmp_path):
    files = valid()
    files["processing"]["pagination"] = {"pageSize": "5"}
    [fault] = faults_of(tmp_path, files)
    line = render(fault, Catalogue("ru"))
    assert line.startswith("processing_config.json: pagination.pageSize: ")
    assert line.endswith("целое число от 1 до 1000")
