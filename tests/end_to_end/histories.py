"""What Temporal keeps of all workflows: every event of every run, decoded."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from tests.end_to_end.live_stack import LiveStack
from tests.invariants import NATIONAL_DIGITS, numbers_in

MAX_EVENTS = 10_240
TASK_TIMED_OUT = EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT


@dataclass(frozen=True)
class Run:
    """One run of a workflow. `text` is all that it says to anybody who can read it."""

    workflow_id: str
    run_id: str
    events: int
    timeouts: int
    text: str


async def runs(stack: LiveStack) -> list[Run]:
    """All runs of all workflows."""
    temporal = stack.ready["temporal"]
    client = await Client.connect(temporal["address"], namespace=temporal["namespace"])
    found = []
    async for execution in client.list_workflows():
        handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
        history = await handle.fetch_history()
        written = json.loads(history.to_json())
        memo = json.dumps([await execution.memo(), str(execution.search_attributes)])
        found.append(
            Run(
                execution.id,
                execution.run_id,
                len(history.events),
                sum(1 for event in history.events if event.event_type == TASK_TIMED_OUT),
                "\n".join([memo, *_texts(written)]),
            )
        )
    return found


def complaints(found: list[Run], numbers: frozenset[str], secrets: list[str]) -> list[str]:
    """Runs that are too long, and whatever personal data they hold."""
    nationals = {number[-NATIONAL_DIGITS:] for number in numbers}
    wrong = [f"{run.workflow_id}: a run of {run.events} events" for run in found if run.events > MAX_EVENTS]
    for run in found:
        wrong += [f"{run.workflow_id} tells {number}" for number in numbers_in(run.text) & nationals]
        wrong += [f"{run.workflow_id} tells {secret!r}" for secret in secrets if secret.lower() in run.text.lower()]
    return wrong


def _texts(value: Any) -> Iterator[str]:
    """Every string, payloads decoded."""
    if isinstance(value, dict):
        if isinstance(value.get("data"), str) and "metadata" in value:
            yield base64.b64decode(value["data"]).decode(errors="replace")
            return
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value
