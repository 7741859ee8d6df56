"""What Temporal still waits for from a worker that is gone: found by the worker's identity, and done anew at once."""

import uuid
from collections.abc import Collection
from datetime import timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, PendingActivityState, PendingWorkflowTaskState
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryReverseRequest,
    ResetWorkflowExecutionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows.names import is_gone

RPC_TIMEOUT = timedelta(seconds=3)
LATEST_EVENTS = 200  # of a run, read backwards: more than follow on a workflow task before the next one
MAX_TRIES = 5  # of the last tasks
WORKER_GONE = "Its worker is gone; what that one was doing begins again."


async def redo_work(client: Client, workflow_id: str, present: Collection[int]) -> bool:
    """Where a worker that is not `present` has a workflow's task or activity, have all begin again that was under way.

    A reset does it: the server would wait for timeouts, and continuing as new for the activities. Activities repeat
    nothing that was done. False where there is nothing to do. Raises RPCError.
    """
    described = await client.workflow_service.describe_workflow_execution(
        DescribeWorkflowExecutionRequest(
            namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
        ),
        timeout=RPC_TIMEOUT,
    )
    in_task = described.pending_workflow_task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED
    in_activity = _awaits_activity(described, present)
    if not (in_task or in_activity):
        return False
    execution = described.workflow_execution_info.execution
    tasks = _find_tasks(await _read_latest(client, execution), present)
    if not tasks or not (in_activity or _starter(tasks[0])):
        return False
    for task in tasks:
        if await _reset(client, execution, task):
            return True
    return False


async def _reset(client: Client, execution: WorkflowExecution, task: HistoryEvent) -> bool:
    """False: the server cannot go on from this task, since it stored the events of several attempts together."""
    request = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=execution,
        reason=WORKER_GONE,
        workflow_task_finish_event_id=task.event_id,
        request_id=str(uuid.uuid4()),
    )
    try:
        await client.workflow_service.reset_workflow_execution(request, timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        return False
    return True


def _awaits_activity(described: DescribeWorkflowExecutionResponse, present: Collection[int]) -> bool:
    started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
    return any(
        pending.state == started and is_gone(pending.last_worker_identity, present)
        for pending in described.pending_activities
    )


async def _read_latest(client: Client, execution: WorkflowExecution) -> list[HistoryEvent]:
    """The last events of a run, the last first."""
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace, execution=execution, maximum_page_size=LATEST_EVENTS
    )
    answer = await client.workflow_service.get_workflow_execution_history_reverse(request, timeout=RPC_TIMEOUT)
    return list(answer.history.events)


def _find_tasks(events: list[HistoryEvent], present: Collection[int]) -> list[HistoryEvent]:
    """The workflow tasks from which to go on, the best first: the one in which a worker died, then those that were
    completed."""
    died_in = [event for event in events[:1] if is_gone(_starter(event), present)]
    completed = [e for e in events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    return [*died_in, *completed[:MAX_TRIES]]


def _starter(event: HistoryEvent) -> str:
    """Who began a workflow task that was not completed; empty for other events."""
    started = event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
    return event.workflow_task_started_event_attributes.identity if started else ""
