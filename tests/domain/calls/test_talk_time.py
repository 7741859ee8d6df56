"""The length of a call that is charged."""

import pytest

from domain.calls.talk_time import bound_talk_seconds


@pytest.mark.parametrize(
    ("reported", "since_asked", "since_answered", "speed", "charged"),
    [
        (60, None, None, 1.0, 60),
        (60, 70.0, 58.0, 1.0, 60),
        (86_400, None, None, 1.0, 630),  # the longest call and its margin
        (86_400, 20.0, 10.0, 1.0, 25),
        (600, 10.0, 9.0, 60.0, 600),  # the local stack's hour is a minute
        (None, 70.0, 58.9, 1.0, 58),
        (None, None, 5_000.0, 1.0, 630),
        (None, 70.0, None, 1.0, 0),
    ],
)
def test_a_call_is_charged_within_what_can_be_true(
    reported: int | None, since_asked: float | None, since_answered: float | None, speed: float, charged: int
) -> None:
    seconds = bound_talk_seconds(
        reported, max_call_seconds=600, since_asked=since_asked, since_answered=since_answered, speed=speed
    )
    assert seconds == charged
