"""No citizen leaves the house; what an administrator needs does."""

import pytest
from baikaldoc_pos.alerts.privacy import foreign_words, one_line, without_people
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "said",
    [
        "Карточка заявителя Иванова Ивана Ивановича заблокирована",
        "Нет прав на РК (Иванов И.И.)",
        "Заблокировано: И. И. Иванов",
        "ИВАНОВ ИВАН ИВАНОВИЧ: запись занята",
        "заявитель ИВАНОВ",
        "карточка открыта пользователем Иванов",
        "Иванова не найдена",
        "Гражданка Иванова-Петрова, тел. +7 (901) 123-45-67",
        "Анна Иванова",
        "Иванова",
        "ivanov@mail.ru, СНИЛС 112-233-445 95",
        "Рубрика занята. Открыл Иван Иванов",
        "Иван Иванович Иванов\r\nадрес",
    ],
)
def test_people_are_hidden(said):
    shown = foreign_words(said, lambda text: text)
    for name in ("Иван", "ИВАН", "Петров", "Анна", "901", "112-233", "ivanov@"):
        assert name not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "said",
    [
        "Карточка заблокирована",
        "Нет прав на изменение рубрики 128000001",
        "ORA-00001: unique constraint violated",
        "Значение отсутствует в справочнике. Обратитесь к администратору",
        "РК удалена, ДЕЛО отказало",
    ],
)
def test_what_is_no_person_stays(said):
    assert without_people(said) == said


@given(st.text(), st.integers(1, 50))
def test_one_line_of_bounded_length(text, limit):
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line.isprintable()
    line.encode()


def test_a_name_at_the_cut_is_hidden_too():
    said = "х " * 140 + "Иванов Иван Иванович"
    assert "Ив" not in foreign_words(said, lambda text: text, 290)
