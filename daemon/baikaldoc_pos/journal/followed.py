"""The rubrics whose «Статус ПОС» the service wrote, and what became of them."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, func, null, select, update
from sqlalchemy.dialects.sqlite import insert

from baikaldoc_pos.journal.database import Database, one_of, replacing
from baikaldoc_pos.journal.models import ChangeOutcome, FollowedRubric, PairCount
from baikaldoc_pos.journal.schema import changes, followed
from baikaldoc_pos.model import Outcome, Rubric

WRITTEN = frozenset({Outcome.UPDATED, Outcome.CONFIRMED})
_ACTIVE = followed.c.overruled_at.is_(None)
_SSTU = func.trim(followed.c.sstu_status)
_WRITTEN = (
    select(
        changes.c.rubric_isn,
        changes.c.document_isn,
        changes.c.number,
        changes.c.sstu_status,
        changes.c.new_pos,
        bindparam("now", type_=followed.c.written_at.type),
        *[null()] * 4,
    )
    .where(one_of(changes.c.id, bindparam("ids")))
    .order_by(changes.c.id)
)
_FOLLOW = replacing(followed, insert(followed).from_select(followed.columns.keys(), _WRITTEN))


class FollowedRubrics:
    """The latest written status of each rubric. Every method raises JournalUnavailable where it cannot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, isns: Collection[int]) -> Mapping[int, FollowedRubric]:
        """Those of these rubrics that the service wrote."""
        return {each.rubric_isn: each for each in self._having(one_of(followed.c.rubric_isn, isns))}

    def pairs(self, since: datetime | None = None) -> Sequence[PairCount]:
        """How many rubrics were written for each pair of statuses, the most frequent first; without overruled ones.

        :param since: count those written since then.
        """
        query = (
            select(_SSTU, followed.c.pos_status, func.count().label("number"))
            .where(_ACTIVE, *([] if since is None else [followed.c.written_at >= since]))
            .group_by(_SSTU, followed.c.pos_status)
            .order_by(func.count().desc(), _SSTU, followed.c.pos_status)
        )
        return [PairCount(sstu or "", pos, count) for sstu, pos, count in self._database.rows(query)]

    def written(self, since: datetime | None = None, until: datetime | None = None) -> Sequence[FollowedRubric]:
        """The rubrics written in this time that are not overruled, the oldest first."""
        conditions: list[ColumnElement[bool]] = [_ACTIVE]
        if since is not None:
            conditions.append(followed.c.written_at >= since)
        if until is not None:
            conditions.append(followed.c.written_at < until)
        return self._having(*conditions)

    def reopened(self) -> Sequence[FollowedRubric]:
        """The rubrics whose ССТУ status went back to an interim one, the longest known first."""
        return self._having(followed.c.reopened_at.is_not(None), order=followed.c.reopened_at)

    def _having(
        self, *conditions: ColumnElement[bool], order: ColumnElement[datetime] = followed.c.written_at
    ) -> Sequence[FollowedRubric]:
        query = select(followed).where(*conditions).order_by(order, followed.c.rubric_isn)
        return [FollowedRubric(**row._mapping) for row in self._database.rows(query)]

    def overrule(self, rubrics: Iterable[Rubric], now: datetime) -> None:
        """Record that these rubrics have a status from elsewhere; they are left alone from now on."""
        values = {"overruled_at": now, "overruled_as": bindparam("value"), "reopened_at": None, "reopened_as": None}
        self._update(values, [(rubric.isn, rubric.pos_status) for rubric in rubrics])

    def reopen(self, rubrics: Iterable[Rubric], now: datetime) -> None:
        """Record that the ССТУ status of these rubrics went back to an interim one."""
        values = {"reopened_at": now, "reopened_as": bindparam("value")}
        self._update(values, [(rubric.isn, rubric.sstu_status) for rubric in rubrics])

    def close_reopened(self, isns: Collection[int]) -> None:
        """Record that these rubrics are no longer reopened."""
        self._update({"reopened_at": None, "reopened_as": bindparam("value")}, [(isn, None) for isn in isns])

    def justify(self, rubrics: Iterable[Rubric]) -> None:
        """Record the present ССТУ status of these rubrics as the reason of the «Статус ПОС» that they have."""
        self._update({"sstu_status": bindparam("value")}, [(rubric.isn, rubric.sstu_status) for rubric in rubrics])

    def _update(self, values: Mapping[str, object], rows: Sequence[tuple[int, str | None]]) -> None:
        if rows:
            statement = update(followed).where(followed.c.rubric_isn == bindparam("isn")).values(values)
            with self._database.write() as connection:
                connection.execute(statement, [{"isn": isn, "value": value} for isn, value in rows])


def follow(connection: Connection, settled: Sequence[ChangeOutcome], now: datetime) -> None:
    """Keep what was written, in the transaction that records the outcomes."""
    written = [each.change_id for each in settled if each.answer.outcome in WRITTEN]
    if not written:
        return
    connection.execute(_FOLLOW, {"ids": json.dumps(written), "now": now})
