from datetime import datetime, timedelta

from baikaldoc_pos.journal import RetryEntry
from baikaldoc_pos.model import Answer, Change, Outcome, Rubric

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
