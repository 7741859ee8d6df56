"""How each part is known to work: it answers the question it is there for."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from stack.ports import LOOPBACK

Answers = Callable[[int], Awaitable[bool]]

QUEUES = {  # what a worker process asks for, besides the sticky queues of its own
    "outdial-jobs": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "outdial-calls": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}
HTTP_SECONDS = 2.0


def http_ok(url: str) -> Answers:
    """A GET is answered with 200."""

    async def answers(_pid: int) -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=HTTP_SECONDS) as client:
                return (await client.get(url)).status_code == 200
        except httpx.HTTPError:
            return False

    return answers


def listens(port: int) -> Answers:
    """A connection is taken."""

    async def answers(_pid: int) -> bool:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    return answers


def polls(connect: Callable[[], Awaitable[Client]]) -> Answers:
    """The process asks Temporal for work, on both queues."""

    async def answers(pid: int) -> bool:
        try:
            client = await connect()
            return all([await _is_polled(client, queue, kind, pid) for queue, kind in QUEUES.items()])
        except (RPCError, RuntimeError):
            return False

    return answers


async def _is_polled(client: Client, queue: str, kind: TaskQueueType.ValueType, pid: int) -> bool:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    described = await client.workflow_service.describe_task_queue(request)
    return any(poller.identity.startswith(f"{pid}@") for poller in described.pollers)
