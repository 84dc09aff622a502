"""Rubrics for tests and the demonstration: one at a time, all pending, or a mixture like a real installation's."""

import random
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from attrs import evolve

from tests.delo_server.data import StoredRubric

# The mapping that is in use (ССТУ status -> ПОС status), the one of docs/delo-api.md.
MAPPING = MappingProxyType(
    {
        "Находится на рассмотрении": "Назначен исполнитель",
        "Рассмотрение продлено": "Перенос срока обработки утвержден. Отправлен ответ Заявителю",
        "Оставлено без ответа автору": "Отклонено модератором",
        "Рассмотрено. Разъяснено": "Отправлен ответ заявителю",
        "Рассмотрено. Не поддержано": "Отправлен ответ заявителю",
        "Дан ответ автору": "Отправлен ответ заявителю",
        "Рассмотрено. Поддержано": "Отправлен ответ заявителю",
        "Направлено по компетенции": "Направлено в подведомственную организацию",
    }
)
UNMAPPED = ("Не поступило", "Не зарегистрировано", "Не определено", "Рассмотрено. Поддержано. Меры приняты")
HAND_SET = "Передано в вышестоящую организацию"
FIRST_ISN = 128_000_001
A_MONDAY = datetime(2026, 10, 5, 1, 0, tzinfo=UTC)


def make_rubric(
    isn: int = FIRST_ISN,
    *,
    sstu: str | None = "Находится на рассмотрении",
    pos: str | None = None,
    ins_date: datetime = A_MONDAY,
    kind_doc: int = 2,
    carries_pos: bool = True,
) -> StoredRubric:
    """One rubric, pending unless told otherwise, on a card of its own."""
    return StoredRubric(isn, isn + 500_000_000, f"{isn % 100_000}-ОГ", ins_date, sstu, pos, kind_doc, carries_pos)


def pending_rubrics(
    count: int, *, since: datetime = A_MONDAY, until: datetime | None = None, first_isn: int = FIRST_ISN
) -> list[StoredRubric]:
    """Pending rubrics with the mapped statuses in turn, spread evenly over the period (a minute apart by default)."""
    step = (until - since) / max(count, 1) if until is not None else timedelta(minutes=1)
    statuses = tuple(MAPPING)
    return [
        make_rubric(first_isn + n, sstu=statuses[n % len(statuses)], ins_date=since + step * n) for n in range(count)
    ]


def mixed_rubrics(
    count: int, *, since: datetime, until: datetime, pending: float = 0.05, seed: int = 1
) -> list[StoredRubric]:
    """A mixture: exactly ``round(count * pending)`` pending with a mapped status, one in twenty of the rest
    unmapped, without a ССТУ status, hand-set, of another kind, or without the attribute; the others done already.
    """
    rng = random.Random(seed)
    rubrics = pending_rubrics(count, since=since, until=until)
    waiting = set(rng.sample(range(count), round(count * pending)))
    mixed = []
    for place, rubric in enumerate(rubrics):
        # One card in three carries the rubric after it, too: several questions in one appeal.
        card = rubrics[place - 1] if place % 3 == 1 else rubric
        shared = evolve(rubric, document_isn=card.document_isn, number=card.number)
        mixed.append(shared if place in waiting else _not_waiting(shared, rng))
    return mixed


def _not_waiting(rubric: StoredRubric, rng: random.Random) -> StoredRubric:
    match rng.randrange(100):
        case 0:
            return evolve(rubric, sstu=rng.choice(UNMAPPED))
        case 1:
            return evolve(rubric, sstu=rng.choice((None, "")))
        case 2:
            return evolve(rubric, pos=HAND_SET)
        case 3:
            return evolve(rubric, kind_doc=1)
        case 4:
            return evolve(rubric, carries_pos=False)
        case _:
            return evolve(rubric, pos=MAPPING[rubric.sstu or ""])
