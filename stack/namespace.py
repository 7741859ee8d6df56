"""What Outdial needs of a Temporal namespace: that it exists, its retention, search attributes.

The local stack prepares it at every start, elsewhere `outdial migrate --temporal` does. It is idempotent.
"""

import asyncio
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows.client import connect
from workflows.names import SEARCH_ATTRIBUTES

RETENTION = timedelta(days=30)
PROPAGATION_TIMEOUT_SECONDS = 60.0  # the server reads its list of namespaces every few seconds
RPC_TIMEOUT = timedelta(seconds=10)


async def prepare_configured() -> str:
    """Prepare the namespace that Temporal's own settings name (TEMPORAL_ADDRESS …); its name.

    Raises RuntimeError where Temporal cannot be reached, RPCError where it refuses.
    """
    client = await connect()
    await prepare(client)
    return client.namespace


async def prepare(client: Client, *, retention: timedelta | None = None) -> None:
    """Make the client's namespace fit for jobs.

    `retention` changes a namespace that exists; None leaves it as its operator set it. Raises RPCError.
    """
    current = await _retention(client)
    if current is None:
        await _register(client, retention or RETENTION)
        await _wait_until_known(client)
    elif retention is not None and current != retention:
        await _set_retention(client, retention)
    await _add_search_attributes(client)


async def _retention(client: Client) -> timedelta | None:
    """How long the namespace keeps closed workflows; None where there is no such namespace."""
    request = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        answer = await client.workflow_service.describe_namespace(request, timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return answer.config.workflow_execution_retention_ttl.ToTimedelta()


async def _register(client: Client, retention: timedelta) -> None:
    request = RegisterNamespaceRequest(
        namespace=client.namespace, workflow_execution_retention_period=_duration(retention)
    )
    await client.workflow_service.register_namespace(request, timeout=RPC_TIMEOUT)


async def _wait_until_known(client: Client) -> None:
    """A new namespace is known to every part of the server a little later. Raises TimeoutError."""
    async with asyncio.timeout(PROPAGATION_TIMEOUT_SECONDS):
        while not await _lists_search_attributes(client):  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(1)


async def _lists_search_attributes(client: Client) -> bool:
    try:
        await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), timeout=RPC_TIMEOUT
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def _set_retention(client: Client, retention: timedelta) -> None:
    config = NamespaceConfig(workflow_execution_retention_ttl=_duration(retention))
    request = UpdateNamespaceRequest(namespace=client.namespace, config=config)
    await client.workflow_service.update_namespace(request, timeout=RPC_TIMEOUT)


async def _add_search_attributes(client: Client) -> None:
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace), timeout=RPC_TIMEOUT
    )
    missing = {
        key.name: IndexedValueType.ValueType(key.indexed_value_type.value)
        for key in SEARCH_ATTRIBUTES
        if key.name not in listed.custom_attributes
    }
    if missing:
        request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        await client.operator_service.add_search_attributes(request, timeout=RPC_TIMEOUT)


def _duration(length: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(length)
    return duration
