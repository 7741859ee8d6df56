"""A job scheduled five seconds ahead begins within one second of its time."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.batches.test_starts import first_dial_of, scheduled
from tests.end_to_end.live_stack import LiveStack
from tests.end_to_end.numbers import Numbers

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def stack() -> Iterator[LiveStack]:
    with LiveStack.running("--speed", "60") as running:
        yield running


def test_the_first_dial_comes_within_a_second_of_the_scheduled_time(stack: LiveStack) -> None:
    numbers = Numbers()
    late = [first_dial_of(scheduled(stack, numbers, ahead=5)) for _ in range(3)]
    print("first dials came", [f"{seconds:.3f}" for seconds in late], "s after the scheduled time")

    assert all(0 <= seconds < 1 for seconds in late)
