"""A worker that is told to stop stops taking calls at once, whatever else it still has to end."""

import signal
import time

from tests.end_to_end.batch import SHORT, Batch, Numbers, contacts
from tests.end_to_end.batches.test_webhooks import subscribe
from tests.end_to_end.live_stack import LiveStack
from tests.receiving import Receiver, never
from tests.serving import beside
from tests.waiting import until

SPEED = 30
ON_THEIR_WAY_SECONDS = 2.0  # claimed before it was told


def test_no_call_starts_while_a_delivery_is_on_its_way(numbers: Numbers) -> None:
    """To a receiver that does not answer, which is waited for."""
    with beside(Receiver.listening()) as receiver, LiveStack.running("--speed", str(SPEED), "--workers", "1") as stack:
        receiver.answering = never
        subscribe(stack, receiver)
        batch = Batch.create(stack, contacts(numbers.scripted(SHORT, 200)), concurrentCallLimit=3)
        until(lambda: receiver.requests, 60, every=0.1)
        told_at, old = time.time(), stack.kill("workers", how=signal.SIGTERM)
        stack.wait_until_replaced("workers", old, within=45)
        over_at = time.time()

        began = [dial["askedAt"] - told_at for dial in batch.dials()]
        late = [f"{at:.1f} s" for at in began if ON_THEIR_WAY_SECONDS < at < over_at - told_at]
        print(f"it ended {over_at - told_at:.1f} s after it was told, and took {len(late)} calls meanwhile")
        assert over_at - told_at > 2 * ON_THEIR_WAY_SECONDS
        assert late == []
        assert batch.open_contacts() > 0
        batch.hang_up()
