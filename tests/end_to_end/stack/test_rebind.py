"""Temporal's file of a local stack is gone: the stack says so, and the jobs go on when somebody asks for that."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.end_to_end.batch import SHORT, Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack, new_home
from tests.waiting import until

NEXT_SWEEP_SECONDS = 60
SPEED = ("--speed", "60")


def remove_temporal(home: Path) -> None:
    for file in (home / "data").glob("temporal.db*"):
        file.unlink()


@pytest.mark.timeout(300)
def test_without_its_temporal_a_stack_starts_with_rebind_only_and_the_job_goes_on() -> None:
    with new_home() as home:
        stack = LiveStack.start(home, *SPEED)
        job = Batch.create(stack, contacts(Numbers().scripted(SHORT, 3)), scheduledStartTime="2027-06-01T00:00:00Z")
        stack.end()
        remove_temporal(home)

        refused = LiveStack.start(home, *SPEED, wait=False)
        assert refused.process.wait(60) == 1
        assert "`outdial up --rebind` starts the open jobs anew" in " ".join(refused.output.split())

        stack = LiveStack.start(home, "--rebind", *SPEED)
        try:
            job = replace(job, stack=stack)
            assert job.status() == "scheduled"
            job.order("start")
            until(lambda: job.status() == "completed", NEXT_SWEEP_SECONDS)
            assert len(job.dials()) == 3
        finally:
            stack.end()
