"""Nobody is called twice, whatever dies. The carrier's record is the judge."""

from tests.batches.conftest import CRASH_SPEED
from tests.batches.crashing import Batch


def test_five_kills_call_nobody_twice_and_lose_nobody(crashed: Batch) -> None:
    crashed.wait_until_completed(120)

    assert crashed.kills == ["workers", "postgres", "api", "temporal", "workers"]
    assert crashed.complaints(speed=CRASH_SPEED, unknown=6) == []
    assert crashed.ledger_complaints() == []
    assert {dial["to"] for dial in crashed.dials()} == crashed.numbers
