"""A scheduled job begins at its time."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.end_to_end.batch import Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

PUNCTUAL_SECONDS = 3.0  # the promise is 1 s, on a machine that has nothing else to do
RECOVERED_SECONDS = 20.0


@pytest.mark.usefixtures("settled")
def test_scheduled_jobs_begin_at_their_time_though_worker_and_temporal_die(stack: LiveStack, numbers: Numbers) -> None:
    first, second = scheduled(stack, numbers, ahead=4), scheduled(stack, numbers, ahead=8)
    late = first_dial_of(first)
    print(f"the first dial came {late:.3f} s after the scheduled time")
    killed = {(part, number): stack.kill(part, number) for part, number in (("workers", 0), ("temporal", 0))}
    for (part, number), pid in killed.items():
        stack.wait_until_replaced(part, pid, 20, number)

    assert 0 <= late < PUNCTUAL_SECONDS
    assert 0 <= first_dial_of(second) < RECOVERED_SECONDS


@pytest.mark.soak
def test_the_first_dial_comes_within_a_second_of_the_scheduled_time(numbers: Numbers) -> None:
    with LiveStack.running("--speed", "60") as stack:
        late = [first_dial_of(scheduled(stack, numbers, ahead=5)) for _ in range(3)]
    print("first dials came", [f"{seconds:.3f}" for seconds in late], "s after the scheduled time")

    assert all(0 <= seconds < 1 for seconds in late)


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
    until(lambda: len(batch.dials()) > 0, 30, every=0.2)
    return batch.dials()[0]["askedAt"] - starts_at.timestamp()
