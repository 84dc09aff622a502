"""The sentence of STATUS=: always one line, always the truth."""

from datetime import UTC, datetime, timedelta

from attrs import evolve
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.service.state import status_line
from baikaldoc_pos.state import CycleProgress, LastError, Phase, ServiceState, Wait
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 10, 15, 4, 0, tzinfo=UTC)
TEXT = Catalogue("ru", UTC)
IDLE = ServiceState(phase=Phase.IDLE, last_success=NOW, next_cycle=NOW + timedelta(minutes=10))
SLOW = "сервер не ответил вовремя; проверьте сеть, межсетевой экран и нагрузку сервера"
AWAY = LastError("delo.unavailable", {"reason": "timed out", "host": "delo:443"}, NOW)


def test_all_is_well() -> None:
    assert status_line(IDLE, TEXT) == "Следующий цикл: 15.10.2026 04:10. Последний успешный цикл: 15.10.2026 04:00."


def test_trouble_comes_first_with_its_beginning_and_the_next_try() -> None:
    line = status_line(evolve(IDLE, problem=AWAY), TEXT)
    assert line.startswith(f"ДЕЛО (delo:443) недоступно: {SLOW}. (с 15.10.2026 04:00)")
    assert "Следующая попытка: 15.10.2026 04:10" in line


def test_while_a_cycle_waits_for_delo_the_line_says_what_is_wrong_and_when_it_is_tried_again() -> None:
    wait = Wait(AWAY.event, AWAY.fields, NOW + timedelta(minutes=1))
    line = status_line(evolve(IDLE, phase=Phase.WORKING, problem=AWAY, wait=wait), TEXT)
    assert line.startswith(f"ДЕЛО (delo:443) недоступно: {SLOW}. Следующая попытка: 15.10.2026 04:01. Идёт цикл.")
    line = status_line(evolve(IDLE, phase=Phase.WORKING, wait=evolve(wait, at=None)), TEXT)
    assert line.startswith(f"ДЕЛО (delo:443) недоступно: {SLOW}. Попытка повторяется.")


def test_work_in_progress_is_counted() -> None:
    line = status_line(evolve(IDLE, phase=Phase.WORKING, step=CycleProgress("changes", 50, 470)), TEXT)
    assert "записано 50 из 470" in line


def test_rejected_configuration_and_pause_are_told() -> None:
    line = status_line(evolve(IDLE, rejected_faults=("a", "b", "c"), paused_until=NOW), TEXT)
    assert "отвергнуты (ошибок: 3)" in line
    assert "приостановлена до 15.10.2026 04:00" in line


def test_nothing_is_promised_for_the_time_of_a_pause() -> None:
    for problem in (None, AWAY):
        line = status_line(evolve(IDLE, problem=problem, paused_until=NOW + timedelta(hours=4)), TEXT)
        assert "приостановлена до 15.10.2026 08:00" in line
        assert "15.10.2026 04:10" not in line


def test_a_page_that_cannot_be_served_is_told() -> None:
    line = status_line(evolve(IDLE, page_fault="127.0.0.1:9318: Address already in use"), TEXT)
    assert "Страница и метрики не отдаются (127.0.0.1:9318: Address already in use)." in line


@given(
    phase=st.sampled_from(Phase),
    step=st.none()
    | st.builds(CycleProgress, st.sampled_from(["windows", "changes"]), st.integers(0, 9), st.integers(0, 9)),
    success=st.none() | st.just(NOW),
    problem=st.none() | st.just(AWAY),
    planned=st.none() | st.just(NOW),
    language=st.sampled_from(["ru", "en"]),
)
def test_every_state_has_its_sentence(
    phase: Phase,
    step: CycleProgress | None,
    success: datetime | None,
    problem: LastError | None,
    planned: datetime | None,
    language: str,
) -> None:
    state = ServiceState(phase, step, success, problem, planned)
    line = status_line(state, Catalogue(language, UTC))
    assert line
    assert "?" not in line
    assert "state." not in line
