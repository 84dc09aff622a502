"""A journal with a past: a quiet one for pictures, a large one for time."""

import random
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from baikaldoc_pos.journal import ChangeOutcome, CycleCounts, Journal, RetryEntry
from baikaldoc_pos.model import Answer, Change, Outcome, Period, Rubric

from tests.clocks import ManualClock

SSTU = ("Дан ответ автору", "Рассмотрено. Разъяснено", "Рассмотрение продлено", "Находится на рассмотрении")
POS = ("Отправлен ответ заявителю", "Рассмотрение завершено", "Срок продлён", "В работе")
REFUSED = Answer(Outcome.REFUSED, "Нет прав на редактирование рубрики", "ACCESS_DENIED", "ORA-20001: доступ запрещён")
FAILED = Answer(Outcome.FAILED, "Документ заблокирован другим пользователем")
UPDATED = Answer(Outcome.UPDATED)


def rubric(isn: int, number: str | None = None, status: str = SSTU[0]) -> Rubric:
    return Rubric(isn, isn + 7_000_000, number or f"А-{isn}/26", status, None)


def with_past(directory: Path, now: datetime, per_day: int, days: int = 30, times: int = 1) -> Journal:
    """A journal whose changes go back so many days, each of them so many times under other ISNs; ends at ``now``."""
    dice = random.Random(11)
    clock = ManualClock(now - timedelta(days=days))
    journal = Journal.open(directory, clock)
    isn = 1_000_000
    for _ in range(days):
        clock.advance(hours=8)
        count = per_day if clock.instant.weekday() < 5 else per_day // 8
        cycle = journal.begin_cycle("regular", Period(clock.instant - timedelta(minutes=10), clock.instant))
        changes = [Change(rubric(isn + each, status=dice.choice(SSTU)), dice.choice(POS)) for each in range(count)]
        isn += count
        ids = journal.record_intents(cycle, changes)
        clock.advance(seconds=40)
        answers = [dice.choices((UPDATED, REFUSED, FAILED), (200, 2, 1))[0] for _ in ids]
        journal.settle([ChangeOutcome(each, answer) for each, answer in zip(ids, answers, strict=True)])
        refused, failed = answers.count(REFUSED), answers.count(FAILED)
        counts = CycleCounts(count, count - refused - failed, 0, refused, failed, 0, 0, 0, 1, 2 + count // 50)
        journal.finish_cycle(cycle, counts)
        clock.advance(hours=16, seconds=-40)
    if times > 1:
        _multiply(directory / "journal.sqlite3", times)
    return journal


def _multiply(journal: Path, times: int) -> None:
    """By the hundred thousand this is ten times as fast as the journal, which asks for the id of each row."""
    with closing(sqlite3.connect(journal)) as connection, connection:
        (step,) = connection.execute("SELECT max(id) FROM changes").fetchone()
        copies = (
            f"WITH RECURSIVE copies(n) AS (SELECT {step} UNION ALL SELECT n + {step} FROM copies LIMIT {times - 1})"
        )
        connection.execute(
            f"{copies} INSERT INTO changes SELECT id + n, cycle_id, planned_at, rubric_isn + n, document_isn + n, "
            "'А-' || (rubric_isn + n) || '/26', sstu_status, old_pos, new_pos FROM changes, copies"
        )
        connection.execute(
            f"{copies} INSERT INTO outcomes SELECT change_id + n, settled_at, outcome, message, message_code, "
            "system_message FROM outcomes, copies"
        )


def with_trouble(journal: Journal, now: datetime) -> None:
    """Put three rubrics on the retry list and some more among the unmapped ones."""
    entries = [
        RetryEntry(
            5_000_001 + n, 7_000_001, f"Б-{n}/26", n + 1, now - timedelta(hours=3), now + timedelta(minutes=9 * n), a
        )
        for n, a in enumerate((REFUSED, FAILED, REFUSED))
    ]
    journal.schedule_retries(entries)
    journal.remember_unmapped([rubric(6_000_000 + n, f"В-{n}/26", "Направлено по компетенции") for n in range(7)], now)
    journal.remember_unmapped([rubric(6_100_000, "Г-1/26", "Оставлено без ответа")], now)
