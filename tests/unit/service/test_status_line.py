"""The sentence of STATUS=: always one line, always the truth."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.service.state import status_line
from baikaldoc_pos.state import CycleProgress, LastError, Phase, ServiceState, Wait

NOW = datetime(2026, 10, 15, 4, 0, tzinfo=UTC)
TEXT = Catalogue("ru", UTC)
IDLE = ServiceState(phase=Phase.IDLE, last_success=NOW, next_cycle=NOW + timedelta(minutes=10))
SLOW = "сервер не ответил вовремя; проверьте сеть, межсетевой экран и нагрузку сервера"
AWAY = LastError("delo.unavailable", {"reason": "timed out", "host": "delo:443"}, NOW)


def test_while_a_cycle_waits_for_delo_the_line_says_what_is_wrong_and_when_it_is_tried_again() -> None:
    wait = Wait(AWAY.event, AWAY.fields, NOW + timedelta(minutes=1))
    line = status_line(evolve(IDLE, phase=Phase.WORKING, problem=AWAY, wait=wait), TEXT)
    assert line.startswith(
        f"ДЕЛО (delo:443) недоступно: {SLOW}. Следующая попытка: 15.10.2026 04:01 UTC+00:00. Идёт цикл."
    )
    line = status_line(evolve(IDLE, phase=Phase.WORKING, wait=evolve(wait, at=None)), TEXT)
    assert line.startswith(f"ДЕЛО (delo:443) недоступно: {SLOW}. Попытка повторяется.")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "Следующий цикл: 15.10.2026 04:10 UTC+00:00. Последний успешный цикл: 15.10.2026 04:00."),
        ({"problem": AWAY}, f"ДЕЛО (delo:443) недоступно: {SLOW}. (с 15.10.2026 04:00 UTC+00:00)"),
        ({"problem": AWAY}, "Следующая попытка: 15.10.2026 04:10"),
        ({"phase": Phase.WORKING, "step": CycleProgress("changes", 50, 470)}, "записано 50 из 470"),
        ({"rejected_faults": ("a", "b", "c"), "paused_until": NOW}, "отвергнуты (ошибок: 3)"),
        (
            {"page_fault": {"address": "127.0.0.1:9318", "reason": "Address already in use"}},
            "Страница и метрики не отдаются (127.0.0.1:9318: адрес уже занят).",
        ),
    ],
)
def test_what_is_told(changes: dict[str, object], told: str) -> None:
    assert told in status_line(evolve(IDLE, **changes), TEXT)


def test_nothing_is_promised_for_the_time_of_a_pause() -> None:
    for problem in (None, AWAY):
        line = status_line(evolve(IDLE, problem=problem, paused_until=NOW + timedelta(hours=4)), TEXT)
        assert "приостановлена до 15.10.2026 08:00" in line
        assert "15.10.2026 04:10" not in line
