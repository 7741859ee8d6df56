"""Everything stops at fifty live calls, judged by the carrier's own record; then it goes on."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.batch import TALKS, Batch, Numbers, contacts, live_at
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

SPEED = 200
LINES = 25  # of each of two jobs
TALKERS = 24  # in each: the last line dials on
OTHERS = 150
MIN_LIVE_CALLS = 48
ENDED_WITHIN = 5.0  # seconds
WATCHED = 4.0  # seconds in which nobody may be dialed
pytestmark = pytest.mark.soak


@pytest.fixture
def stack() -> Iterator[LiveStack]:
    with LiveStack.running("--speed", str(SPEED), "--workers", "2") as running:
        yield running


def test_stop_ends_fifty_calls_and_resume_goes_on(stack: LiveStack, numbers: Numbers) -> None:
    jobs = [_begun(stack, numbers) for _ in range(2)]
    until(lambda: _busy(stack), 60, every=0.1)

    asked_at = time.time()
    answer = _order(stack, "stop", hangUp=True)
    answered_at = time.time()
    until(lambda: _live(stack) == 0, ENDED_WITHIN + 5, every=0.2)
    time.sleep(max(0.0, answered_at + WATCHED - time.time()))

    dials = _dials(stack)
    slowest = max(dial["endedAt"] for dial in dials) - answered_at
    print(f"{live_at(dials, asked_at)} live, answered in {answered_at - asked_at:.2f} s, ended within {slowest:.2f} s")
    assert live_at(dials, asked_at) >= MIN_LIVE_CALLS
    assert answer["liveCalls"] >= MIN_LIVE_CALLS - 2
    assert set(answer["batchJobIds"]) == {job.job_id for job in jobs}
    assert slowest <= ENDED_WITHIN
    assert [dial["askedAt"] for dial in dials if dial["askedAt"] > answered_at] == []
    assert [job.status() for job in jobs] == ["paused", "paused"]
    assert all("topped" in job.detail()["statusReason"] for job in jobs)

    resumed_at = time.time()
    assert set(_order(stack, "resume")["batchJobIds"]) == {job.job_id for job in jobs}
    for job in jobs:
        until(lambda job=job: job.dials()[-1]["askedAt"] > resumed_at, 20, every=0.1)
        job.wait_until_completed(150)
        talked = [contact for contact in job.contacts() if contact["phoneNumber"].endswith(TALKS)]
        assert {contact["status"] for contact in talked} == {"completed"}
        assert job.detail()["statusBreakdown"]["cancelled"] == 0
    assert jobs[0].ledger_complaints() == []


def _begun(stack: LiveStack, numbers: Numbers) -> Batch:
    called = contacts(numbers.scripted(TALKS, TALKERS) + numbers.some(OTHERS))
    return Batch.create(stack, called, concurrentCallLimit=LINES, maxCallSeconds=SPEED * 40, name="Talkers")


def _order(stack: LiveStack, what: str, **body: object) -> dict[str, Any]:
    with stack.http() as client:
        answer = client.post(f"/organization/{what}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _dials(stack: LiveStack) -> list[dict[str, Any]]:
    return list(stack.report()["dials"])


def _live(stack: LiveStack) -> int:
    return sum(1 for dial in _dials(stack) if dial["endedAt"] is None)


def _busy(stack: LiveStack) -> bool:
    """All are talking who talk until they are hung up, and the last lines dial."""
    live = [dial for dial in _dials(stack) if dial["endedAt"] is None]
    return len(live) >= 2 * LINES and sum(dial["to"].endswith(TALKS) for dial in live) >= 2 * TALKERS - 2
