"""This week against last, to the same hour."""

from datetime import UTC, date, datetime

from domain.analytics.counts import CallCounts
from domain.analytics.weeks import HourOfDay, compare_weeks, first_day

THURSDAY = datetime(2026, 3, 26, 14, 37, tzinfo=UTC)


def hour(day: int, hour: int, answered: int) -> HourOfDay:
    return HourOfDay(day=date(2026, 3, day), hour=hour, counts=CallCounts(attempts=10, answered=answered))


def test_last_week_is_summed_up_to_the_same_hour_and_whole() -> None:
    hours = [
        hour(15, 10, 10),  # before last week
        hour(16, 9, 2),
        hour(19, 14, 4),
        hour(19, 15, 6),  # later than this week has come
        hour(22, 23, 8),
        hour(23, 0, 5),
        hour(26, 14, 5),
    ]
    compared = compare_weeks(hours, THURSDAY)
    assert compared.monday == date(2026, 3, 23)
    assert (compared.this_week.attempts, compared.this_week.answered) == (20, 10)
    assert (compared.last_week_until_then.attempts, compared.last_week_until_then.answered) == (20, 6)
    assert (compared.last_week.attempts, compared.last_week.answered) == (40, 20)
    assert compared.change == 0.2


def test_two_weeks_are_read_from_the_monday_of_the_last() -> None:
    assert first_day(THURSDAY) == date(2026, 3, 16)
    assert first_day(datetime(2026, 3, 23, tzinfo=UTC)) == date(2026, 3, 16)
    assert first_day(datetime(2026, 3, 22, 23, 59, tzinfo=UTC)) == date(2026, 3, 9)


def test_without_calls_nothing_has_changed() -> None:
    assert compare_weeks([], THURSDAY).change is None
