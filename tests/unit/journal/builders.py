from datetime import date, datetime, timedelta

from baikaldoc_pos.journal import Completeness, RetryEntry, RubricCount, WeekCount
from baikaldoc_pos.model import Answer, Change, Outcome, Period, Rubric

UPDATED = Answer(Outcome.UPDATED)
REFUSED = Answer(Outcome.REFUSED, "Нет прав", "E-7", "ORA-00001")


def rubric(isn: int, number: str | None = "А-1/26", status: str = "Дан ответ автору") -> Rubric:
    return Rubric(isn=isn, document_isn=isn * 10, number=number, sstu_status=status, pos_status=None)


def change(isn: int, number: str | None = "А-1/26", target: str = "Отправлен ответ заявителю") -> Change:
    return Change(rubric(isn, number), target)


def retry(isn: int, due: datetime, attempts: int = 1, answer: Answer = REFUSED) -> RetryEntry:
    return RetryEntry(
        rubric_isn=isn,
        document_isn=isn * 10,
        number=f"А-{isn}/26",
        attempts=attempts,
        first_failed_at=due - timedelta(hours=1),
        next_attempt_at=due,
        answer=answer,
    )


def completeness(at: datetime) -> Completeness:
    """Nine rubrics of one week: two without a ССТУ status and one unmapped have waited long."""
    return Completeness(
        counted_at=at,
        period=Period(at - timedelta(days=90), at),
        weeks=[WeekCount(date(2026, 9, 7), RubricCount(9, no_sstu=2, unmapped=1, ignored=0, mapped=0))],
        written=5,
        refused=0,
        held_back=0,
        excluded=0,
        oldest=date(2026, 9, 8),
        late=3,
        waiting_days=3,
        rows_read=False,
    )
