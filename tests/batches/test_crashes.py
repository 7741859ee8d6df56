"""Nobody is called twice, whatever dies. The carrier's record is the judge."""

from concurrent.futures import Future

import pytest

from tests.batches.conftest import CRASH_SPEED
from tests.batches.crashing import Batch


@pytest.mark.timeout(420)  # five recoveries, on machines that may be three times as slow
def test_five_kills_call_nobody_twice_and_lose_nobody(crashed: Future[Batch]) -> None:
    batch = crashed.result(300)
    batch.wait_until_completed(120)

    assert batch.kills == ["workers", "postgres", "api", "temporal", "workers"]
    assert batch.complaints(speed=CRASH_SPEED, unknown=6, unheard=6) == []
    assert batch.ledger_complaints() == []
    unknown = {c["phoneNumber"] for c in batch.contacts() if "unknown" in (c["failureReason"] or "")}
    assert {dial["to"] for dial in batch.dials()} | unknown == batch.numbers
