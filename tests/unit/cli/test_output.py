"""Tables obey the width of the terminal: fewer columns, then blocks, and no word broken."""

import io

import pytest
from baikaldoc_pos.cli.output import fitting, print_table
from baikaldoc_pos.i18n import Catalogue
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

COLUMNS = ("planned_at", "number", "isn", "sstu_status", "old_pos", "new_pos", "outcome", "message")
ROW = {
    "number": "А26-02-118-ОГ",
    "isn": 1_280_000_002,
    "sstu_status": "Находится на рассмотрении",
    "new_pos": "Отправлен ответ заявителю",
    "outcome": "отказано",
    "message": "Рубрика заблокирована пользователем",
}


def shown(width: int, row: dict[str, object] = ROW) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, emoji=False, markup=False)
    print_table(console, Catalogue("ru"), "history.title", COLUMNS, [row])
    return console.file.getvalue()


@pytest.mark.parametrize("width", [200, 116, 100, 80, 79, 40])
def test_what_matters_is_there_at_every_width_and_no_word_is_broken(width: int) -> None:
    text = shown(width)
    for word in ("А26-02-118-ОГ", "1280000002", "рассмотрении", "заявителю", "отказано"):
        assert word in text.split()
    assert ("заблокирована" in text.split()) == (width >= 100 or width < 80)
    assert ("Рег. номер: А26-02-118-ОГ" in text) == (width < 80)
    assert max(map(len, text.splitlines())) <= width or width < 80


@given(st.text("абв гд", min_size=1, max_size=60), st.integers(30, 220))
def test_a_table_never_breaks_a_word(message: str, width: int) -> None:
    assert set(message.split()) <= set(shown(width, {**ROW, "new_pos": message}).split())


def test_a_word_that_is_wider_than_a_terminal_makes_blocks() -> None:
    assert fitting({"number": "Рег. номер"}, {"number": ["Щ" * 300]}, 200) is None
