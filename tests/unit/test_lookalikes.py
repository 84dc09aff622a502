"""What differs only in what one does not see is found and named."""

import unicodedata

import pytest
from baikaldoc_pos.lookalikes import differences, lookalike
from hypothesis import given
from hypothesis import strategies as st

from tests.delo_server import MAPPING

KNOWN = tuple(MAPPING)
CHANGES = {"о": "o", "а": "a", "с": "c", "е": "e", "р": "p", " ": "\N{NO-BREAK SPACE}"}


@given(st.sampled_from(KNOWN), st.data())
def test_a_status_with_a_character_exchanged_is_told_with_its_key(status: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([n for n, each in enumerate(status) if each in CHANGES]))
    other = status[:place] + CHANGES[status[place]] + status[place + 1 :]
    assert lookalike(other, KNOWN) == status
    assert unicodedata.name(CHANGES[status[place]]) in differences(other, status)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("Дан ответ\N{ZERO WIDTH SPACE} автору", "ZERO WIDTH SPACE"),
        ("дан ответ автору", "CYRILLIC SMALL LETTER DE"),
        ("Дан ответ  автору", "SPACE"),
        ("Дан ответ\N{SOFT HYPHEN} автору", "SOFT HYPHEN"),
    ],
)
def test_hidden_characters_and_case_are_named(status: str, name: str) -> None:
    assert lookalike(status, KNOWN) == "Дан ответ автору"
    assert name in differences(status, "Дан ответ автору")


def test_a_decomposed_letter_is_the_same_to_a_person() -> None:
    assert lookalike(unicodedata.normalize("NFD", "Отзывной"), ["Отзывной"]) == "Отзывной"
