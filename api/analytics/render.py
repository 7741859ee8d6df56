"""Sums as clients read them, and as CSV."""

from typing import Any

from api.analytics.queries import AnswerRateQuery
from api.analytics.schemas import AnswerRate, AnswerRates, CallSums, Weeks
from api.http.csv_text import BOM, to_csv
from domain.analytics.counts import WEEKDAYS, CallCounts, Dimension
from domain.analytics.weeks import WeekComparison
from store.analytics.statistics import Group, Statistics


def render_answer_rates(query: AnswerRateQuery, found: Statistics) -> AnswerRates:
    return AnswerRates(
        by=query.by,
        from_=query.first,
        to=query.last,
        counted_until=found.counted_until,
        overall=CallSums(**_sums(found.overall)),
        entries=[_entry(query.by, group) for group in found.groups],
        total=found.total,
        page=query.page,
        page_size=query.page_size,
    )


def render_csv(dimension: Dimension, found: Statistics) -> str:
    """A line for each group; the first column is called as the dimension."""
    entries = [_entry(dimension, group).model_dump(mode="json") for group in found.groups]
    names = [name for name in AnswerRate.model_json_schema(mode="serialization")["properties"] if name != "key"]
    return BOM + to_csv([[dimension, *names], *([entry["key"], *(entry[name] for name in names)] for entry in entries)])


def render_weeks(compared: WeekComparison, timezone: str) -> Weeks:
    return Weeks(
        monday=compared.monday,
        hour=compared.until.hour,
        today=compared.until.date(),
        timezone=timezone,
        this_week=CallSums(**_sums(compared.this_week)),
        last_week_until_then=CallSums(**_sums(compared.last_week_until_then)),
        last_week=CallSums(**_sums(compared.last_week)),
        change=compared.change,
    )


def _entry(dimension: Dimension, group: Group) -> AnswerRate:
    key = WEEKDAYS[int(str(group.key)) - 1] if dimension is Dimension.WEEKDAY else group.key
    return AnswerRate(key=None if key is None else str(key), name=group.name, **_sums(group.counts))


def _sums(counts: CallCounts) -> dict[str, Any]:
    return {
        "attempts": counts.attempts,
        "answered": counts.answered,
        "answered_by_people": counts.people,
        "answered_by_machines": counts.machines,
        "answer_rate": counts.answer_rate,
        "talk_seconds": counts.talk_seconds,
        "cost": counts.cost,
    }
