"""Why is this appeal not on the showcase? Asked by registration number or ISN, over real HTTP."""

from urllib.parse import quote

from attrs import evolve
from baikaldoc_pos.journal import ChangeOutcome, Checkpoint
from baikaldoc_pos.model import Answer, Change, Outcome

from tests.system.web.conftest import NOW
from tests.system.web.history import REFUSED, UPDATED, rubric, with_trouble


def ask(client, query: object) -> str:
    answer = client.get(f"/search?q={quote(str(query))}")
    assert answer.status_code == 200
    return answer.text


def write(journal, subject, answer: Answer | None, target: str = "Рассмотрение завершено") -> None:
    ids = journal.record_intents(None, [Change(subject, target)])
    if answer is not None:
        journal.settle([ChangeOutcome(ids[0], answer)])


def test_a_rubric_is_found_by_its_number_its_isn_and_its_documents_isn(client, service):
    subject = rubric(123456, "П-17/2026")
    write(service.journal, subject, UPDATED)
    for query in ("П-17/2026", " п-17/2026 ", 123456, subject.document_isn):
        page = ask(client, query)
        assert "Рассмотрение завершено" in page
        assert "123456" in page


def test_a_number_typed_on_the_other_keyboard_is_found(client, service):
    write(service.journal, rubric(5, "А-17-ОГ/26"), UPDATED)
    page = ask(client, "A-17-ОГ/26")
    assert 'class="conclusion settled"' in page


def test_a_number_is_found_however_it_is_typed(client, service):
    write(service.journal, rubric(5, "Ко-5/26-ОГ"), UPDATED)
    for query in ("ко-5/26-ог", "КО-5/26-ОГ", "Ko-5/26-ог", "№ Ко-5/26-ОГ", "№ко-5/26-ОГ", "N ко-5/26-ог"):
        assert 'class="conclusion settled"' in ask(client, query)


def test_the_whole_history_is_shown_with_the_servers_words(client, service):
    subject = rubric(5, "У-1/26")
    write(service.journal, subject, REFUSED)
    write(service.journal, subject, UPDATED)
    page = ask(client, "У-1/26")
    assert page.count("<tr>") == 3
    assert "Нет прав на редактирование рубрики · ACCESS_DENIED · " in page
    assert "доступ запрещён" in page


def test_a_rubric_on_the_retry_list(client, service):
    with_trouble(service.journal, NOW)
    page = ask(client, "Б-1/26")
    assert "Документ заблокирован другим пользователем" in page
    assert 'class="conclusion"' in page


def test_a_rubric_whose_status_has_no_mapping(client, service):
    with_trouble(service.journal, NOW)
    assert "Направлено по компетенции" in ask(client, "В-3/26")


def test_all_rubrics_of_a_card_are_shown_and_no_others(client, service):
    for isn in (21, 22):
        write(service.journal, evolve(rubric(isn, "К-5/26"), document_isn=900), UPDATED)
    write(service.journal, rubric(23, "К-55/26"), UPDATED)
    page = ask(client, "К-5/26")
    assert page.count('class="conclusion') == 2
    assert ask(client, 900).count('class="conclusion') == 2


def test_a_card_of_very_many_rubrics_is_cut_short_and_says_so(client, service):
    for isn in range(30):
        write(service.journal, rubric(9000 + isn, "К-5/26"), Answer(Outcome.UPDATED))
    page = ask(client, "К-5/26")
    assert page.count('class="conclusion') == 20
    assert 'class="more"' in page


def test_nothing_may_be_known_because_the_rubric_is_older_than_all_that_was_read(client, service):
    assert "once --from" not in ask(client, "nothing")
    service.journal.set_checkpoint(Checkpoint.ORIGIN, NOW)
    page = ask(client, "nothing")
    assert "15.10.2026 12:00" in page
    assert "baikaldoc-pos once --from" in page


def test_what_the_journal_does_not_know(client):
    for query in ("nothing", "0", "9" * 18, "9" * 60, "%", "_", "' OR 1=1 --", "\u0661\u0662"):
        assert 'class="conclusion' not in ask(client, query)
