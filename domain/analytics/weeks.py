"""This week against last: whole weeks from Monday on, and both up to the same hour."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from domain.analytics.counts import CallCounts
from domain.model import Model

WEEK = timedelta(days=7)


class HourOfDay(Model):
    """An hour by the callee's clock, with its calls."""

    day: date
    hour: int
    counts: CallCounts


class WeekComparison(Model):
    """`until`: the local hour to which this week has come; last week is also summed up to the same one."""

    monday: date
    until: datetime
    this_week: CallCounts
    last_week_until_then: CallCounts
    last_week: CallCounts

    @property
    def change(self) -> float | None:
        """By how much the answer rate has changed against last week until the same hour; None where one has none."""
        now, before = self.this_week.answer_rate, self.last_week_until_then.answer_rate
        return None if now is None or before is None else round(now - before, 4)


def first_day(now: datetime) -> date:
    """The Monday of last week. `now`: local time."""
    return _monday(now) - WEEK


def compare_weeks(hours: Iterable[HourOfDay], now: datetime) -> WeekComparison:
    """Sum up the hours of two weeks. `now`: local time; its hour, which is not over, counts in both weeks."""
    monday, until = _monday(now), (now.date(), now.hour)
    this_week = before = last_week = CallCounts()
    for hour in hours:
        at = hour.day, hour.hour
        if hour.day >= monday:
            this_week += hour.counts
        elif hour.day >= monday - WEEK:
            last_week += hour.counts
            if at <= (until[0] - WEEK, until[1]):
                before += hour.counts
    return WeekComparison(
        monday=monday,
        until=now.replace(minute=0, second=0, microsecond=0, tzinfo=None),
        this_week=this_week,
        last_week_until_then=before,
        last_week=last_week,
    )


def _monday(now: datetime) -> date:
    return now.date() - timedelta(days=now.weekday())
