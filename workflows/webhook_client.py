"""How workers reach the workflows of webhook endpoints."""

from datetime import timedelta

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from workflows.names import ORGANIZATION, WEBHOOKS_QUEUE, webhook_workflow_id
from workflows.webhook_delivery import DeliveriesStart, WebhookDeliveries

RPC_TIMEOUT = timedelta(seconds=3)


class WebhookWorkflows:
    """Wakes workflows, and starts those that are not there."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def wake(self, organization_id: str, endpoint_id: str) -> None:
        """Tell an endpoint's workflow that something is due. Raises RPCError."""
        await self._client.start_workflow(
            WebhookDeliveries.run,
            DeliveriesStart(organization_id=organization_id, endpoint_id=endpoint_id),
            id=webhook_workflow_id(endpoint_id),
            task_queue=WEBHOOKS_QUEUE,
            start_signal="wake",
            search_attributes=TypedSearchAttributes([SearchAttributePair(ORGANIZATION, organization_id)]),
            static_summary="Delivers webhooks",
            rpc_timeout=RPC_TIMEOUT,
        )

    async def end(self, endpoint_id: str) -> None:
        """Tell the workflow of a deleted endpoint, if there is one, to look: it ends. Raises RPCError."""
        handle = self._client.get_workflow_handle(webhook_workflow_id(endpoint_id))
        try:
            await handle.signal(WebhookDeliveries.wake, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
