"""Nobody is called twice, whatever dies. The carrier's record is the judge."""

from tests import judge
from tests.batches.crashing import Batch
from tests.live import LiveStack

SPEED = 30


def test_five_kills_call_nobody_twice_and_lose_nobody() -> None:
    contacts = [{"phone": number, "name": "Customer"} for number in judge.fiction(300)]
    with LiveStack.running("--speed", str(SPEED), "--workers", "2") as stack:
        batch = Batch.create(stack, contacts, maxAttempts=2)
        for part in ("workers", "postgres", "api", "temporal", "workers"):
            batch.kill(part)
        batch.wait_until_completed(120)

        assert batch.complaints(speed=SPEED, unknown=6) == []
        assert {dial["to"] for dial in stack.report()["dials"]} == {contact["phone"] for contact in contacts}
