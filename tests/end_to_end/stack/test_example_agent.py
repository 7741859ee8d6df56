"""`outdial up` with its example agent: a call is a conversation, and its transcript can be read."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.live_stack import LiveStack, alive
from tests.waiting import until

TALKS = "+12025550107"  # until the carrier hangs up
REPORTED_SECONDS = 15.0


@pytest.fixture(scope="module")
def stack() -> Iterator[LiveStack]:
    with LiveStack.running("--agent", "--speed", "20") as running:
        yield running


def test_a_call_is_a_conversation_whose_transcript_can_be_read(stack: LiveStack) -> None:
    assert len(alive([stack.ready["pids"]["agent"]])) == 1
    with stack.http() as client:
        created = client.post(
            "/batch/create",
            json={
                "name": "One call",
                "fromPhoneNumberId": stack.ready["phoneNumbers"]["pipeline"],
                "contacts": [{"phone": TALKS, "name": "Ada"}],
                "maxCallSeconds": 60,
            },
        )
        assert created.status_code == 200, created.text
        path = f"/batch/jobs/{created.json()['batchJobId']}"
        until(lambda: client.get(path).json()["status"] == "completed", 60)

        def read_result() -> dict[str, Any]:
            result: dict[str, Any] = client.get(f"{path}/results", params={"format": "jsonl"}).json()
            return result

        until(lambda: read_result()["summary"] is not None, REPORTED_SECONDS)  # the call's end may be told first
        result = read_result()
    transcript = result["summary"].splitlines()
    assert transcript[0] == "agent: Hello Ada, this is the example agent of Outdial."
    assert transcript[1].startswith("person: (speaks for 0.2 s")
    assert transcript[2] == "agent: Thank you, goodbye."
    assert result["disposition"] == "spoke"
    (file,) = (stack.data_dir / "transcripts").iterdir()
    assert file.read_text().splitlines() == transcript


def test_the_agents_log_is_quiet(stack: LiveStack) -> None:
    (log,) = (stack.data_dir / "logs").glob("agent*")
    assert log.read_text().splitlines()[1:] == []
