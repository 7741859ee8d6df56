"""Sums of an organization's calls, read from what was counted: a question costs what its days hold, not its calls."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy import text

from domain.analytics.counts import CallCounts, Dimension
from domain.analytics.weeks import WEEK, HourOfDay
from domain.model import Model
from store.db.engine import Database, reading
from store.db.ids import may_exist
from store.tables import batch_jobs, call_statistics

MAX_ROWS = 10_000  # of a file

_S = call_statistics.c
_KEYS: dict[Dimension, sa.ColumnElement[Any]] = {
    Dimension.HOUR: _S.hour,
    Dimension.WEEKDAY: sa.cast(sa.extract("isodow", _S.day), sa.Integer),
    Dimension.DAY: _S.day,
    Dimension.NUMBER: _S.from_number,
    Dimension.COUNTRY: _S.country,
    Dimension.ATTEMPT: _S.attempt,
    Dimension.JOB: _S.job_id,
}
_LARGEST_FIRST = frozenset({Dimension.NUMBER, Dimension.COUNTRY, Dimension.JOB})
_SUMS = [sa.func.coalesce(sa.func.sum(_S[name]), 0).label(name) for name in CallCounts.model_fields]
# Jobs that have not begun have no calls; one that has ended is counted at last soon after.
_COUNTED_UNTIL = text("""
    SELECT min(coalesce(statistics_counted_at, created_at)) FROM batch_jobs
    WHERE organization_id = :organization AND statistics_due_at IS NOT NULL AND actual_start_time IS NOT NULL
      AND (completed_at IS NULL OR statistics_counted_at IS NULL OR statistics_counted_at < completed_at)
""")


class Range(Model):
    """Days by the callees' clocks, the last one included, of one job or number to call from where it is said."""

    first: date
    last: date
    job_id: str | None = None
    from_number: str | None = None


class Group(Model):
    """`key`: as its dimension is stored, weekdays from 1, Monday; `name`: of a job that is still there."""

    key: int | date | str | None
    name: str | None = None
    counts: CallCounts


class Statistics(Model):
    """`total`: of all pages. `counted_until`: calls that had ended by then are in it; None: all are."""

    groups: list[Group]
    total: int
    overall: CallCounts
    counted_until: datetime | None = Field(default=None)


class CallStatistics:
    """Read only."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def group(
        self, organization_id: str, dimension: Dimension, which: Range, page: int = 1, page_size: int = MAX_ROWS
    ) -> Statistics:
        """Sum up by a dimension: times in their order, all else the largest first. `page` counts from 1."""
        where = _where(organization_id, which)
        async with reading(self._engine) as connection:
            overall = (await connection.execute(sa.select(*_SUMS).where(*where))).mappings().one()
            query = _grouped(dimension, where).offset((page - 1) * page_size).limit(page_size)
            rows = (await connection.execute(query)).mappings().all()
            total = (await connection.execute(_count(dimension, where))).scalar_one()
            names = await connection.execute(_names(organization_id, rows)) if dimension is Dimension.JOB else ()
            until = (await connection.execute(_COUNTED_UNTIL, {"organization": organization_id})).scalar_one()
        known = {row.id: row.name for row in names}
        groups = [
            Group(key=row["key"], name=known.get(row["key"]), counts=CallCounts.model_validate(row)) for row in rows
        ]
        return Statistics(groups=groups, total=total, overall=CallCounts.model_validate(overall), counted_until=until)

    async def read_hours(self, organization_id: str, first: date) -> Sequence[HourOfDay]:
        """Two weeks from a day on, hour by hour."""
        where = _where(organization_id, Range(first=first, last=first + 2 * WEEK - timedelta(days=1)))
        query = sa.select(_S.day, _S.hour, *_SUMS).where(*where).group_by(_S.day, _S.hour)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [HourOfDay(day=row["day"], hour=row["hour"], counts=CallCounts.model_validate(row)) for row in rows]


def _where(organization_id: str, which: Range) -> list[sa.ColumnElement[bool]]:
    where = [_S.organization_id == organization_id, _S.day.between(which.first, which.last)]
    for column, value in ((_S.job_id, which.job_id), (_S.from_number, which.from_number)):
        if value is not None:
            where.append(column == value if may_exist(value) else sa.false())
    return where


def _grouped(dimension: Dimension, where: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    key = _KEYS[dimension].label("key")
    largest: list[sa.ColumnElement[Any]] = [sa.desc("attempts")] if dimension in _LARGEST_FIRST else []
    return sa.select(key, *_SUMS).where(*where).group_by(key).order_by(*largest, key)


def _count(dimension: Dimension, where: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    keys = sa.select(_KEYS[dimension]).where(*where).distinct().subquery()
    return sa.select(sa.func.count()).select_from(keys)


def _names(organization_id: str, rows: Sequence[sa.RowMapping]) -> sa.Select[Any]:
    ids = [row["key"] for row in rows]
    return sa.select(batch_jobs.c.id, batch_jobs.c.name).where(
        batch_jobs.c.id.in_(ids), batch_jobs.c.organization_id == organization_id
    )
