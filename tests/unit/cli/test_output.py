"""Tables obey the width of the terminal: fewer columns, then blocks, and no word broken."""

import io
from datetime import UTC, datetime

import pytest
from baikaldoc_pos.cli import inspect, report
from baikaldoc_pos.cli.output import UNMAPPED_COLUMNS, fitting, print_table
from baikaldoc_pos.i18n import Catalogue
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
ROW: dict[str, object] = {
    "number": "А26-02-118-ОГ",
    "isn": 1_280_000_002,
    "sstu_status": "Находится на рассмотрении",
    "new_pos": "Отправлен ответ заявителю",
    "outcome": "отказано",
    "message": "Рубрика заблокирована пользователем",
}


# What else stands in the tables.
FULL = ROW | {
    **dict.fromkeys(("planned_at", "started_at", "next_attempt_at", "since", "start", "end", "acknowledged_at"), NOON),
    "old_pos": "Направлено в уполномоченный орган",
    "system_message": "ORA-20001: LOCKED_BY_ANOTHER_USER (SESSION_1280)",
    "target": "Находится на рассмотрении",
    "status": "Рассмотрено. Разъяснено",
    "reason": "«Статус ССТУ» без соответствия",
    "result": "прервано: ДЕЛО (delo.example.ru:443) недоступно",
    "created": "16.11.2026 – 22.11.2026",
    "kind": "по расписанию",
    "examples": ("А26-02-118-ОГ", "А26-02-119-ОГ"),
    **dict.fromkeys(("found", "updated", "refused", "failed", "unmapped", "attempts", "done", "count", "total"), 12345),
    "id": 204_711,
    "unreadable": 2,
}
TABLES = {
    "history.title": inspect.HISTORY_SHOWN,
    "failed.title": inspect.FAILED_SHOWN,
    "status.cycles": inspect.CYCLE_COLUMNS,
    "status.excluded": ("number", "reason", "since"),
    "windows.title": ("start", "end", "count", "total", "attempts", "reason", "unreadable", "acknowledged_at"),
    "completeness.title": report.COLUMNS,
    "report.targets": report.REPORT_COLUMNS,
    "report.unmapped": UNMAPPED_COLUMNS,
    "preview.changes": ("number", "isn", "sstu_status", "target"),
}


def shown(width: int, row: dict[str, object] = ROW, title: str = "history.title", language: str = "ru") -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, emoji=False, markup=False)
    print_table(console, Catalogue(language, UTC), title, TABLES[title], [row])
    return console.file.getvalue()


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("title", TABLES)
def test_every_table_has_whole_words_and_fits_at_every_width(title: str, language: str) -> None:
    whole = set(shown(1000, FULL, title, language).replace("─", "").split())
    for width in range(60, 131):
        text = shown(width, FULL, title, language)
        blocks = width < 80 or "─" not in text
        words = text.replace("─", "").split()
        assert {word.removesuffix(":") for word in words} <= {word.removesuffix(":") for word in whole}, width
        assert blocks or max(map(len, text.splitlines())) <= width
        for column in ("number", "outcome", "next_attempt_at", "target", "reason", "updated", "status"):
            if column in TABLES[title]:
                assert set(Catalogue(language, UTC).value(FULL[column]).split()) <= set(words), (width, column)


@pytest.mark.parametrize("width", [200, 116, 100, 80, 79, 40])
def test_what_matters_is_there_at_every_width_and_no_word_is_broken(width: int) -> None:
    text = shown(width)
    for word in ("А26-02-118-ОГ", "1280000002", "рассмотрении", "заявителю", "отказано"):
        assert word in text.split()
    assert ("заблокирована" in text.split()) == (width >= 100 or width < 80)
    assert ("Рег. номер: А26-02-118-ОГ" in text) == (width < 80)
    assert max(map(len, text.splitlines())) <= width or width < 80


@given(st.text("абв гд", min_size=1, max_size=60), st.integers(30, 220))
@example(" аааааааааааа", 80)
def test_a_table_never_breaks_a_word(message: str, width: int) -> None:
    assert set(message.split()) <= set(shown(width, {**ROW, "new_pos": message}).split())


def test_a_word_that_is_wider_than_a_terminal_makes_blocks() -> None:
    assert fitting({"number": "Рег. номер"}, {"number": ["Щ" * 300]}, 200) is None
