"""From the answer on nobody is dialed, though forty are on the phone and dialling goes on."""

from tests.end_to_end.batches.conftest import SPEED
from tests.end_to_end.batches.controlling import LINES, TALKERS, Controlled
from tests.end_to_end.live_stack import LiveStack
from tests.end_to_end.numbers import Numbers


def test_nobody_is_dialed_after_pause_or_cancel_answered(stack: LiveStack, numbers: Numbers) -> None:
    controlled = Controlled.begin(stack, numbers, others=400)
    for _ in range(2):
        controlled.pause_and_resume()
    controlled.cancel()
    controlled.hang_up(within=5)

    assert controlled.complaints(SPEED) == []


def test_a_cancel_holds_while_no_worker_runs(stack: LiveStack, numbers: Numbers) -> None:
    controlled = Controlled.begin(stack, numbers, others=200)
    controlled.cancel_while_no_worker_runs()
    controlled.batch.hang_up()

    assert controlled.complaints(SPEED, unsent=LINES - TALKERS) == []
