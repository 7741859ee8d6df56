"""Nobody is called twice, whatever dies. The carrier's record is the judge."""

from concurrent.futures import Future

import pytest

from tests.end_to_end.batch import Batch
from tests.end_to_end.batches.conftest import CRASH_SPEED

KILLED_WITHIN_SECONDS = 400  # five recoveries of about 16 s, beside other tests
COMPLETED_WITHIN_SECONDS = 240


@pytest.mark.timeout(KILLED_WITHIN_SECONDS + COMPLETED_WITHIN_SECONDS + 90)
def test_five_kills_call_nobody_twice_and_lose_nobody(crashed: Future[Batch]) -> None:
    batch = crashed.result(KILLED_WITHIN_SECONDS)
    batch.wait_until_talkers_are_done(COMPLETED_WITHIN_SECONDS)
    batch.wait_until_completed(60)

    assert batch.kills == ["workers", "postgres", "api", "temporal", "workers"]
    assert batch.complaints(speed=CRASH_SPEED, unknown=6, unheard=6) == []
    assert batch.ledger_complaints() == []
    unknown = {c["phoneNumber"] for c in batch.contacts() if "unknown" in (c["failureReason"] or "")}
    assert {dial["to"] for dial in batch.dials()} | unknown == batch.numbers
