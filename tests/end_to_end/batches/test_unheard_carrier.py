"""A carrier that does not reach us: no callback of any call arrives."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from domain.calls.silence import SILENT_CALLS
from tests.end_to_end.batch import SHORT, Batch, Numbers, contacts
from tests.end_to_end.batches.conftest import SPEED
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until


def lose_callbacks(stack: LiveStack, share: int) -> None:
    url = f"{stack.ready['carrier']['url']}/simulator/faults"
    httpx.put(url, json={"callback_lost": share}, trust_env=False).raise_for_status()


def readiness(stack: LiveStack) -> tuple[bool, Any]:
    """Whether it is ready, and what it says of callbacks."""
    with stack.http() as client:
        answer = client.get("/readyz").json()
    return answer["ready"], answer["parts"]["callbacks"]


def test_it_is_said_until_one_callback_arrives() -> None:
    numbers, later = Numbers(), (datetime.now(UTC) + timedelta(days=1)).isoformat()
    with LiveStack.running("--speed", str(SPEED)) as stack:
        lose_callbacks(stack, 1)
        assert readiness(stack)[1]["ok"]

        waits = Batch.create(stack, contacts(numbers.some(1)), scheduledStartTime=later)
        silent = Batch.create(stack, contacts(numbers.scripted(SHORT, SILENT_CALLS + 2)))
        silent.wait_until_completed(150)  # asked for after a minute of silence

        ready, callbacks = readiness(stack)
        assert (ready, callbacks["ok"]) == (True, False)
        assert "OUTDIAL_PUBLIC_URL" in callbacks["detail"]
        assert "OUTDIAL_PUBLIC_URL" in waits.detail()["warning"]
        assert silent.detail()["warning"] is None  # it has ended
        assert stack.log("worker-1").count("OUTDIAL_PUBLIC_URL") == 1

        lose_callbacks(stack, 0)
        Batch.create(stack, contacts(numbers.scripted(SHORT, 1))).wait_until_completed(60)

        until(lambda: readiness(stack)[1]["ok"], 10, every=0.5)
        assert waits.detail()["warning"] is None
