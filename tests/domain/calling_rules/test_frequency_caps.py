"""How often one number may be called."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.calling_rules.frequency_caps import ContactFrequency, EarlierCall, find_allowed_time

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ago(hours: float, talked_until: float | None = None) -> EarlierCall:
    ended = None if talked_until is None else NOW - talked_until * HOUR
    return EarlierCall(asked_at=NOW - hours * HOUR, conversation_ended_at=ended)


EVERY_CAP = ContactFrequency(calls_per_24_hours=1, calls_per_7_days=1, quiet_hours=24)
THREE_A_DAY = ContactFrequency(calls_per_24_hours=3)
TWO_A_DAY_THREE_A_WEEK = ContactFrequency(calls_per_24_hours=2, calls_per_7_days=3)
TWO_QUIET_DAYS = ContactFrequency(quiet_hours=48)


@pytest.mark.parametrize(
    ("frequency", "earlier", "hours"),
    [
        (EVERY_CAP, [], 0),
        (ContactFrequency(), [ago(0, 0)] * 50, 0),
        (THREE_A_DAY, [ago(1), ago(2)], 0),
        (THREE_A_DAY, [ago(1), ago(2), ago(20)], 4),  # until the oldest of the last three is 24 hours old
        (THREE_A_DAY, [ago(20), ago(1), ago(23), ago(2)], 4),
        (THREE_A_DAY, [ago(1), ago(2), ago(24)], 0),  # 24 hours ago to the second counts no more
        (TWO_A_DAY_THREE_A_WEEK, [ago(30), ago(60), ago(100)], 68),
        (TWO_A_DAY_THREE_A_WEEK, [ago(1), ago(2), ago(167)], 22),  # the day's cap is the later one
        (TWO_QUIET_DAYS, [ago(10.5, talked_until=10)], 38),
        (TWO_QUIET_DAYS, [ago(10.5)], 0),  # nobody was spoken to
        (TWO_QUIET_DAYS, [ago(60, talked_until=59)], 0),
    ],
)
def test_one_call_more_waits_until_every_cap_is_kept(
    frequency: ContactFrequency, earlier: list[EarlierCall], hours: int
) -> None:
    assert find_allowed_time(frequency, earlier, NOW) == NOW + hours * HOUR


@pytest.mark.parametrize("field", ["calls_per_24_hours", "calls_per_7_days", "quiet_hours"])
def test_a_cap_of_nothing_is_refused(field: str) -> None:
    with pytest.raises(ValidationError):
        ContactFrequency.model_validate({field: 0})


@given(
    st.builds(
        ContactFrequency,
        calls_per_24_hours=st.none() | st.integers(1, 4),
        calls_per_7_days=st.none() | st.integers(1, 8),
        quiet_hours=st.none() | st.integers(1, 100),
    ),
    st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=12),
)
def test_it_is_the_first_hour_at_which_every_cap_is_kept(
    frequency: ContactFrequency, calls: list[tuple[int, bool]]
) -> None:
    earlier = [ago(hours, talked_until=hours if talked else None) for hours, talked in calls]

    def kept_at(hour: int) -> bool:
        ages = [hour + hours for hours, _ in calls]
        return (
            sum(age < 24 for age in ages) < (frequency.calls_per_24_hours or 99)
            and sum(age < 168 for age in ages) < (frequency.calls_per_7_days or 99)
            and all(hour + hours >= (frequency.quiet_hours or 0) for hours, talked in calls if talked)
        )

    assert find_allowed_time(frequency, earlier, NOW) == NOW + HOUR * next(
        hour for hour in range(1000) if kept_at(hour)
    )
