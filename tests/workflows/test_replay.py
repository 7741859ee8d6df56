"""Jobs that began with older code go on with this one."""

import inspect
import json
import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from activities.calls.call import CallActivities
from activities.calls.hand_over import HandOverActivities
from activities.jobs import JobActivities
from activities.lines import LinesActivities
from activities.reconcile import ReconcileActivities
from activities.webhooks.deliver import WebhookActivities
from tests.workflows.changed import PausesFirst, PausesFirstWherePatched
from workflows import batch_job, organization_lines, reconciler, webhook_delivery
from workflows.batch_job import BatchJob
from workflows.organization_lines import OrganizationLines
from workflows.reconciler import Reconciler
from workflows.webhook_delivery import WebhookDeliveries

FOLDER = Path(__file__).parent / "histories"  # with one for each version that recorded some
HISTORIES = sorted(FOLDER.glob("*/*.json"))
OF_JOBS = [path for path in HISTORIES if '"name": "BatchJob"' in path.read_text()]
RECORDED = frozenset(
    {
        "scheduled_prelude",
        "complete",
        "continued_with_calls",
        "continued_follows_calls",
        "paused_resumed_cancelled",
        "lines_begin",
        "lines_go_on",
        "lines_stopped",
        "lines_of_many",
        "share_grows",
        "webhooks_tried_woken_deleted",
    }
)
SCHEDULED = re.compile(r'"activityType": \{\s*"name": "(\w+)"')
CLASSES = (
    CallActivities,
    HandOverActivities,
    JobActivities,
    LinesActivities,
    ReconcileActivities,
    WebhookActivities,
)
ACTIVITIES = {
    definition["__temporal_activity_definition"].name
    for each in CLASSES
    for definition in map(vars, filter(callable, vars(each).values()))
    if "__temporal_activity_definition" in definition
}
PATCHES = {
    vars(module)[constant]
    for module in (batch_job, organization_lines, reconciler, webhook_delivery)
    for constant in re.findall(r"workflow\.patched\((\w+)\)", inspect.getsource(module))
}
A_NUMBER = re.compile(rb"\+?1\d{3}555\d{4}|555\d{4}")


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


async def replay(text: str, job: type[BatchJob] = BatchJob) -> None:
    workflows = [job, OrganizationLines, Reconciler, WebhookDeliveries]
    replayer = Replayer(workflows=workflows, data_converter=pydantic_data_converter)
    await replayer.replay_workflow(WorkflowHistory.from_json("batch-job/recorded", text))


def test_each_version_that_recorded_any_recorded_all() -> None:
    folders = [folder for folder in FOLDER.iterdir() if folder.is_dir()]
    assert {folder.name: RECORDED - {path.stem for path in folder.glob("*.json")} for folder in folders} == {
        folder.name: set() for folder in folders
    }
    assert "0.1.0" in {folder.name for folder in folders}


@pytest.mark.parametrize("path", HISTORIES, ids=named)
async def test_a_recorded_history_is_replayed(path: Path) -> None:
    await replay(path.read_text())


async def test_a_history_with_commands_in_another_order_is_refused() -> None:
    text = next(path for path in HISTORIES if path.stem == "complete").read_text()
    swapped = text.replace('"begin_job"', '"?"').replace('"next_page"', '"begin_job"').replace('"?"', '"next_page"')

    with pytest.raises(NondeterminismError):
        await replay(swapped)


@pytest.mark.parametrize("path", OF_JOBS, ids=named)
async def test_a_change_of_commands_is_refused_by_every_history_of_a_job(path: Path) -> None:
    with pytest.raises(NondeterminismError):
        await replay(path.read_text(), PausesFirst)


@pytest.mark.parametrize("path", OF_JOBS, ids=named)
async def test_the_same_change_behind_a_patch_is_not(path: Path) -> None:
    await replay(path.read_text(), PausesFirstWherePatched)


@pytest.mark.parametrize("path", HISTORIES, ids=named)
def test_an_activity_that_a_history_waits_for_is_still_there(path: Path) -> None:
    assert set(SCHEDULED.findall(path.read_text())) <= ACTIVITIES


def test_each_patch_is_taken_by_a_history() -> None:
    histories = [WorkflowHistory.from_json("batch-job/recorded", path.read_text()) for path in HISTORIES]
    assert set().union(*map(patches, histories)) == PATCHES


def patches(history: WorkflowHistory) -> set[str]:
    markers = [event.marker_recorded_event_attributes for event in history.events]
    return {
        json.loads(payload.data)["id"]
        for marker in markers
        if marker.marker_name == "core_patch"
        for payload in marker.details["patch-data"].payloads
    }


@pytest.mark.parametrize("path", HISTORIES, ids=named)
def test_a_recorded_history_holds_nobodys_number_or_name(path: Path) -> None:
    history = WorkflowHistory.from_json("batch-job/recorded", path.read_text())
    seen = b"".join(event.SerializeToString() for event in history.events)

    assert not A_NUMBER.search(seen)
    assert b"Person" not in seen
    assert "@" not in json.dumps([event.get("identity", "") for event in json.loads(path.read_text())["events"]])
