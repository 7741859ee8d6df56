"""Somebody terminates a workflow in the middle of its work, as `temporal workflow terminate` does."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from stack.temporal import executable
from tests.end_to_end.batch import Batch, Numbers, contacts, live_at
from tests.end_to_end.live_stack import LiveStack
from tests.invariants import most_live
from tests.waiting import until
from workflows.names import job_workflow_id, lines_workflow_id

SPEED = 20
LINES = 20
WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def stack() -> Iterator[LiveStack]:
    with LiveStack.running("--speed", str(SPEED)) as running:
        with running.http() as client:
            client.patch("/organization", json={"concurrentCallLimit": LINES}).raise_for_status()
        yield running


def two_jobs(stack: LiveStack, numbers: Numbers) -> tuple[Batch, Batch]:
    """Both call, on ten lines each."""
    jobs = [Batch.create(stack, contacts(numbers.some(600)), maxAttempts=1, name=name) for name in ("One", "Two")]
    until(lambda: all(8 <= job.live() <= LINES / 2 for job in jobs), 30, every=0.1)
    return jobs[0], jobs[1]


def terminate(stack: LiveStack, workflow_id: str) -> None:
    temporal = stack.ready["temporal"]
    where = ["--address", temporal["address"], "--namespace", temporal["namespace"]]
    command = [executable(), "workflow", "terminate", "--workflow-id", workflow_id, "--reason", "by mistake", *where]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_the_lines_of_a_terminated_job_are_free_within_a_minute_of_its_last_call(
    stack: LiveStack, numbers: Numbers
) -> None:
    lost, other = two_jobs(stack, numbers)
    terminate(stack, job_workflow_id(lost.job_id))

    until(lambda: lost.live() == 0, WITHIN_SECONDS, every=0.2)
    last_call_ended_at = max(dial["endedAt"] for dial in lost.dials())
    until(lambda: other.live() > 0.9 * LINES, WITHIN_SECONDS, every=0.1)
    print(f"the other job had the lines {time.time() - last_call_ended_at:.1f} s after the last call")

    until(lambda: lost.open_contacts() == 0, WITHIN_SECONDS, every=0.2)
    detail = lost.detail()
    assert detail["status"] == "failed"
    assert sum(detail["statusBreakdown"].values()) == len(lost.numbers)
    uncalled = [contact for contact in lost.contacts() if not contact["dials"]]
    assert {contact["status"] for contact in uncalled} == {"cancelled"}
    assert all("Its workflow ended from outside" in contact["failureReason"] for contact in uncalled)
    called = {dial["to"] for dial in lost.dials()}
    assert called == {contact["phoneNumber"] for contact in lost.contacts() if contact["dials"]}
    assert most_live(lost.dials() + other.dials()) <= LINES
    other.order("cancel")
    other.wait_until_nobody_is_on_the_phone(60)


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_jobs_go_on_within_their_limits_when_the_lines_workflow_is_terminated(
    stack: LiveStack, numbers: Numbers
) -> None:
    jobs = two_jobs(stack, numbers)
    lines = lines_workflow_id(stack.ready["api"]["organizationId"])
    terminate(stack, lines)
    terminated_at = time.time()

    time.sleep(WITHIN_SECONDS)
    dials = [job.dials() for job in jobs]
    assert all(live_at(theirs, terminated_at + after) >= 7 for theirs in dials for after in (5, 20, WITHIN_SECONDS - 5))
    assert most_live([dial for theirs in dials for dial in theirs]) <= LINES
    terminate(stack, lines)  # there is a new one
    for job in jobs:
        job.order("cancel")
        job.wait_until_nobody_is_on_the_phone(60)
