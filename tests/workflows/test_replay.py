"""Jobs that began with older code go on with this one."""

import json
import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from workflows.batch_job import BatchJob
from workflows.organization_lines import OrganizationLines
from workflows.reconciler import Reconciler
from workflows.webhook_delivery import WebhookDeliveries

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))
A_NUMBER = re.compile(rb"\+?1\d{3}555\d{4}|555\d{4}")


async def replay(text: str) -> None:
    workflows = [BatchJob, OrganizationLines, Reconciler, WebhookDeliveries]
    replayer = Replayer(workflows=workflows, data_converter=pydantic_data_converter)
    await replayer.replay_workflow(WorkflowHistory.from_json("batch-job/recorded", text))


def test_there_are_histories() -> None:
    assert {path.stem for path in HISTORIES} >= {
        "scheduled_prelude",
        "complete",
        "continued_with_calls",
        "continued_follows_calls",
        "paused_resumed_cancelled",
        "lines_begin",
        "lines_go_on",
        "lines_stopped",
        "webhooks_tried_woken_deleted",
    }


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_recorded_history_is_replayed(path: Path) -> None:
    await replay(path.read_text())


async def test_a_history_with_commands_in_another_order_is_refused() -> None:
    text = next(path for path in HISTORIES if path.stem == "complete").read_text()
    swapped = text.replace('"begin_job"', '"?"').replace('"next_page"', '"begin_job"').replace('"?"', '"next_page"')

    with pytest.raises(NondeterminismError):
        await replay(swapped)


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_recorded_history_holds_nobodys_number_or_name(path: Path) -> None:
    history = WorkflowHistory.from_json("batch-job/recorded", path.read_text())
    seen = b"".join(event.SerializeToString() for event in history.events)

    assert not A_NUMBER.search(seen)
    assert b"Person" not in seen
    assert "@" not in json.dumps([event.get("identity", "") for event in json.loads(path.read_text())["events"]])
