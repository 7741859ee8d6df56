"""Which calls count, and in whose hour."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from domain.analytics.counts import ANSWERED, COUNTED, CallCounts, CountedCalls, sum_by_cell
from domain.calls.models import Outcome

ONE = CallCounts(attempts=1, answered=1, people=1, talk_seconds=30, cost=Decimal("0.01"))


def calls(at: datetime, zone: str, counts: CallCounts = ONE) -> CountedCalls:
    return CountedCalls(at=at, zone=zone, country="US", from_number="+12025550100", attempt=1, counts=counts)


@pytest.mark.parametrize(
    ("zone", "day", "hour"),
    [
        ("UTC", date(2026, 3, 29), 0),
        ("America/New_York", date(2026, 3, 28), 20),
        ("Asia/Kathmandu", date(2026, 3, 29), 6),  # 5:45 ahead
        ("Asia/Tokyo", date(2026, 3, 29), 9),
    ],
)
def test_a_call_belongs_to_the_hour_of_the_person_called(zone: str, day: date, hour: int) -> None:
    (cell,) = sum_by_cell([calls(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), zone)])
    assert (cell.day, cell.hour) == (day, hour)


def test_a_clock_change_moves_the_hour_and_not_the_calls() -> None:
    before, after = datetime(2026, 3, 29, 0, 45, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    cells = sum_by_cell([calls(before, "Europe/Berlin"), calls(after, "Europe/Berlin")])
    assert {cell.hour: counts.attempts for cell, counts in cells.items()} == {1: 1, 3: 1}


def test_calls_of_one_cell_add_up() -> None:
    at = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
    missed = CallCounts(attempts=3)
    (counts,) = sum_by_cell([calls(at, "UTC"), calls(at, "UTC", missed)]).values()
    assert counts == CallCounts(attempts=4, answered=1, people=1, talk_seconds=30, cost=Decimal("0.01"))
    assert counts.answer_rate == 0.25
    assert CallCounts().answer_rate is None


def test_what_says_nothing_of_a_person_is_no_attempt() -> None:
    assert ANSWERED <= COUNTED
    assert {Outcome.BUSY, Outcome.INVALID_NUMBER, Outcome.NO_SPEECH} <= COUNTED
    assert COUNTED.isdisjoint({Outcome.UNKNOWN, Outcome.HELD_BACK, Outcome.CARRIER_ERROR, Outcome.NOT_PLACED})
