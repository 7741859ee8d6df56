from datetime import timedelta

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from stack import namespace
from tests.end_to_end.live_stack import LiveStack


async def test_the_local_namespace_keeps_closed_workflows_for_thirty_days(stack: LiveStack) -> None:
    client = await _connect(stack)
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=30)


async def test_search_attributes_are_registered_and_saying_it_twice_changes_nothing(stack: LiveStack) -> None:
    client = await _connect(stack)
    before = await _attributes(client)
    assert {"OutdialName", "OutdialOrg", "OutdialStatus", "OutdialScheduledFor"} <= set(before)
    await namespace.prepare(client)
    assert await _attributes(client) == before


async def test_a_namespace_that_is_not_there_is_made(stack: LiveStack) -> None:
    address = stack.ready["temporal"]["address"]
    await namespace.prepare(await Client.connect(address, namespace="made-by-a-test"))
    client = await Client.connect(address, namespace="made-by-a-test")
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta() == namespace.RETENTION


async def _connect(stack: LiveStack) -> Client:
    temporal = stack.ready["temporal"]
    return await Client.connect(temporal["address"], namespace=temporal["namespace"])


async def _attributes(client: Client) -> dict[str, int]:
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    return dict(listed.custom_attributes)
