"""A scheduled job begins at its time."""

import signal
import time
from datetime import UTC, datetime, timedelta

from tests.batches.crashing import Batch
from tests.batches.numbers import Numbers, contacts
from tests.live import LiveStack, until

PUNCTUAL_SECONDS = 3.0  # the promise is 1 s, on a machine that has nothing else to do
RECOVERED_SECONDS = 20.0


def test_the_first_dial_comes_at_the_scheduled_time(stack: LiveStack, numbers: Numbers) -> None:
    late = first_dial_of(scheduled(stack, numbers, ahead=5))
    print(f"the first dial came {late:.3f} s after the scheduled time")

    assert 0 <= late < PUNCTUAL_SECONDS


def test_a_scheduled_job_survives_that_worker_and_temporal_die(stack: LiveStack, numbers: Numbers) -> None:
    waiting = scheduled(stack, numbers, ahead=8)
    killed = {(part, n): stack.kill(part, n, signal.SIGKILL) for part, n in (("workers", 0), ("temporal", 0))}
    for (part, number), pid in killed.items():
        stack.wait_until_replaced(part, pid, 20, number)

    assert 0 <= first_dial_of(waiting) < RECOVERED_SECONDS


def scheduled(stack: LiveStack, numbers: Numbers, ahead: float) -> tuple[Batch, datetime]:
    starts_at = datetime.now(UTC) + timedelta(seconds=ahead)
    batch = Batch.create(
        stack, contacts(numbers.some(5)), scheduledStartTime=starts_at.isoformat(timespec="milliseconds")
    )
    assert batch.status() == "scheduled"
    return batch, starts_at


def first_dial_of(job: tuple[Batch, datetime]) -> float:
    """Seconds from its scheduled time to its first dial, by the carrier's record."""
    batch, starts_at = job
    time.sleep(max(0.0, starts_at.timestamp() - time.time()))
    until(lambda: len(batch.dials()) > 0, 30)
    seconds = batch.dials()[0]["askedAt"] - starts_at.timestamp()
    batch.wait_until_completed(60)
    return seconds
