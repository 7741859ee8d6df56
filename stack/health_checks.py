"""Health checks: a service works when it does what it is there for."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from stack.ports import LOOPBACK

HealthCheck = Callable[[int], Awaitable[bool]]

WORKER_QUEUES = {  # that a worker process polls, besides its sticky queues
    "outdial-jobs": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "outdial-calls": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}
HTTP_TIMEOUT_SECONDS = 2.0


def answers_http(url: str) -> HealthCheck:
    """A GET returns 200."""

    async def check(_pid: int) -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=HTTP_TIMEOUT_SECONDS) as client:
                return (await client.get(url)).status_code == 200
        except httpx.HTTPError:
            return False

    return check


def accepts_connections(port: int) -> HealthCheck:
    """A connection to the port is accepted."""

    async def check(_pid: int) -> bool:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    return check


def worker_polls(connect: Callable[[], Awaitable[Client]]) -> HealthCheck:
    """The process polls both of its task queues."""

    async def check(pid: int) -> bool:
        try:
            client = await connect()
            return all([await _is_polled(client, queue, kind, pid) for queue, kind in WORKER_QUEUES.items()])
        except (RPCError, RuntimeError):
            return False

    return check


async def _is_polled(client: Client, queue: str, kind: TaskQueueType.ValueType, pid: int) -> bool:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    described = await client.workflow_service.describe_task_queue(request)
    return any(poller.identity.startswith(f"{pid}@") for poller in described.pollers)
