"""Cancel and pause, ten times each, and while no worker runs."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.batches.controlling import LINES, TALKERS, Controlled
from tests.end_to_end.live_stack import LiveStack
from tests.end_to_end.numbers import Numbers

SPEED = 200
TIMES = 10
pytestmark = pytest.mark.soak


@pytest.fixture
def stack() -> Iterator[LiveStack]:
    with LiveStack.running("--speed", str(SPEED), "--workers", "2") as running:
        yield running


@pytest.fixture
def numbers() -> Numbers:
    return Numbers()


def test_nobody_is_dialed_after_ten_pauses_and_ten_cancels(stack: LiveStack, numbers: Numbers) -> None:
    wrong, seconds = [], []
    for _ in range(TIMES):
        controlled = Controlled.begin(stack, numbers, others=600)
        controlled.pause_and_resume()
        controlled.cancel()
        controlled.hang_up(within=5)
        wrong += controlled.complaints(SPEED)
        seconds += controlled.answered_in
        wrong += controlled.batch.ledger_complaints()
    print(f"{len(seconds)} answers, the slowest after {max(seconds):.2f} s")

    assert wrong == []


def test_three_cancels_hold_while_no_worker_runs(stack: LiveStack, numbers: Numbers) -> None:
    for _ in range(3):
        controlled = Controlled.begin(stack, numbers, others=300)
        controlled.cancel_while_no_worker_runs()
        print(f"cancelled without workers in {controlled.answered_in[-1]:.1f} s")
        controlled.batch.hang_up()
        assert controlled.complaints(SPEED, unsent=LINES - TALKERS) == []
        assert controlled.batch.ledger_complaints() == []
