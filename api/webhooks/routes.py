"""Webhooks: where an organization's events are sent, and what became of each."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from api.auth import KEYS, AdminDep, MemberDep
from api.dependencies import WebhooksDep
from api.http.bodies import read_small
from api.http.errors import InvalidStatus
from api.http.idempotency import REPLAYABLE, CreateContext, IdempotentDep
from api.http.pagination import OneOf, Page, PageSize, Query, query
from api.http.responses import Removed, errors
from api.webhooks.destinations import DestinationsDep
from api.webhooks.openapi import CHANGE_BODY, CREATE_BODY
from api.webhooks.schemas import (
    MESSAGE_ID,
    WEBHOOK_ID,
    Delivery,
    DeliveryPage,
    NewWebhook,
    Replayed,
    Webhook,
    WebhookList,
    render_delivery,
    render_new_webhook,
    render_webhook,
)
from domain.requests.reading import require_object
from domain.requests.strict_json import parse_json
from domain.webhooks.events import DeliveryStatus
from domain.webhooks.fields import read_new_webhook, read_webhook_change
from store.webhooks.endpoints import EndpointChange, EndpointRequest

router = APIRouter(prefix="/webhooks", tags=["webhooks"], dependencies=KEYS)

WebhookId = Annotated[str, Path(description="A webhook's id.", examples=[WEBHOOK_ID])]
DeliveryId = Annotated[str, Path(alias="deliveryId", description="A delivery's id.", examples=[MESSAGE_ID])]


async def sent_object(request: Request, _: AdminDep) -> dict[str, Any]:
    """The body, after the key. Raises InvalidRequest."""
    return require_object(parse_json(await read_small(request)))


class DeliveryQuery(Query):
    status: Annotated[DeliveryStatus | None, OneOf(DeliveryStatus, InvalidStatus)] = Field(
        default=None, description="Only deliveries that stand there."
    )
    page: Page = 1
    page_size: PageSize = 20


BodyDep = Annotated[dict[str, Any], Depends(sent_object)]
DeliveryQueryDep = Annotated[DeliveryQuery, query(DeliveryQuery)]


@router.get("", operation_id="listWebhooks", responses=errors(401, 429, 503))
async def list_webhooks(caller: MemberDep, webhooks: WebhooksDep) -> WebhookList:
    """List the organization's webhooks, oldest first. Their secrets are never shown again."""
    found = await webhooks.list_all(caller.organization_id)
    return WebhookList(webhooks=[render_webhook(endpoint) for endpoint in found], total=len(found))


@router.post(
    "",
    operation_id="createWebhook",
    responses=errors(400, 401, 403, 409, 429, 503) | REPLAYABLE,
    openapi_extra=CREATE_BODY,
)
async def create_webhook(
    caller: AdminDep,
    request: Request,
    webhooks: WebhooksDep,
    destinations: DestinationsDep,
    idempotent: IdempotentDep,
) -> NewWebhook:
    """Have events sent to a URL. The answer holds the secret that verifies their signatures; it is shown this once.

    The URL must be https and must not stand for an address in a private network. Everything is signed by the
    Standard Webhooks specification. Events of one job come in order; what fails is tried again for days.

    Error codes: `invalid_request`, `too_many_webhooks`, `secrets_unavailable`, `idempotency_conflict`.
    """
    content = await read_small(request)

    async def create(context: CreateContext) -> NewWebhook:
        wanted = EndpointRequest(**read_new_webhook(require_object(parse_json(content))))
        await destinations.check(wanted.url)
        id = context.new_id("webhook")
        return render_new_webhook(await webhooks.create(caller.organization_id, wanted, id, by=caller.key_id))

    return await idempotent.answer(NewWebhook, content, create, secret_of=caller.key_id)


@router.get("/{id}", operation_id="getWebhook", responses=errors(401, 404, 429, 503))
async def get_webhook(caller: MemberDep, id: WebhookId, webhooks: WebhooksDep) -> Webhook:
    """Look at one webhook. Error codes: `webhook_not_found`."""
    return render_webhook(await webhooks.get(caller.organization_id, id))


@router.patch(
    "/{id}", operation_id="changeWebhook", responses=errors(400, 401, 403, 404, 429, 503), openapi_extra=CHANGE_BODY
)
async def change_webhook(
    caller: AdminDep, body: BodyDep, id: WebhookId, webhooks: WebhooksDep, destinations: DestinationsDep
) -> Webhook:
    """Change a webhook; what is not given stays. While it is disabled what waits is kept, and nothing new is.

    Error codes: `webhook_not_found`, `invalid_request`.
    """
    await webhooks.get(caller.organization_id, id)
    change = read_webhook_change(body)
    if "url" in change:
        await destinations.check(change["url"])
    return render_webhook(await webhooks.change(caller.organization_id, id, EndpointChange(**change), by=caller.key_id))


@router.delete("/{id}", operation_id="deleteWebhook", responses=errors(401, 403, 404, 429, 503))
async def delete_webhook(caller: AdminDep, id: WebhookId, webhooks: WebhooksDep) -> Removed:
    """Delete a webhook with its log. What waits is never sent. Error codes: `webhook_not_found`."""
    await webhooks.delete(caller.organization_id, id, by=caller.key_id)
    return Removed(id=id)


@router.post("/{id}/rotate-secret", operation_id="rotateWebhookSecret", responses=errors(400, 401, 403, 404, 429, 503))
async def rotate_secret(caller: AdminDep, id: WebhookId, webhooks: WebhooksDep) -> NewWebhook:
    """Give a webhook a new secret. For a day everything is signed with both, the one before and this one.

    Error codes: `webhook_not_found`, `secrets_unavailable`.
    """
    return render_new_webhook(await webhooks.rotate_secret(caller.organization_id, id, by=caller.key_id))


@router.post("/{id}/test", operation_id="testWebhook", responses=errors(400, 401, 403, 404, 429, 503))
async def test_webhook(caller: AdminDep, id: WebhookId, webhooks: WebhooksDep) -> Delivery:
    """Send `webhook.test`, whatever events the webhook asked for; the delivery tells what became of it.

    Error codes: `webhook_not_found`; `invalid_status` where it is disabled.
    """
    return render_delivery(await webhooks.send_test(caller.organization_id, id))


@router.get("/{id}/deliveries", operation_id="listWebhookDeliveries", responses=errors(400, 401, 404, 429, 503))
async def list_deliveries(
    caller: MemberDep, query: DeliveryQueryDep, id: WebhookId, webhooks: WebhooksDep
) -> DeliveryPage:
    """List what was sent to a webhook and what waits, newest first. Final deliveries are kept for 30 days.

    Error codes: `webhook_not_found`, `invalid_status`, `invalid_page`, `invalid_page_size`.
    """
    found = await webhooks.list_deliveries(caller.organization_id, id, query.status, query.page, query.page_size)
    return DeliveryPage(
        deliveries=[render_delivery(delivery) for delivery in found.deliveries],
        total=found.total,
        page=query.page,
        page_size=query.page_size,
    )


@router.get("/{id}/deliveries/{deliveryId}", operation_id="getWebhookDelivery", responses=errors(401, 404, 429, 503))
async def get_delivery(caller: MemberDep, id: WebhookId, delivery_id: DeliveryId, webhooks: WebhooksDep) -> Delivery:
    """Look at one delivery. Error codes: `webhook_not_found`, `delivery_not_found`."""
    return render_delivery(await webhooks.get_delivery(caller.organization_id, id, delivery_id))


@router.post(
    "/{id}/deliveries/{deliveryId}/replay",
    operation_id="replayWebhookDelivery",
    responses=errors(400, 401, 403, 404, 429, 503),
)
async def replay(caller: AdminDep, id: WebhookId, delivery_id: DeliveryId, webhooks: WebhooksDep) -> Delivery:
    """Send a delivery again, now, under the `webhook-id` it has; later events of its job wait for it.

    Error codes: `webhook_not_found`, `delivery_not_found`; `invalid_status` where the webhook is disabled.
    """
    return render_delivery(await webhooks.replay(caller.organization_id, id, delivery_id))


@router.post(
    "/{id}/deliveries/replay",
    operation_id="replayFailedWebhookDeliveries",
    responses=errors(400, 401, 403, 404, 429, 503),
)
async def replay_failed(caller: AdminDep, id: WebhookId, webhooks: WebhooksDep) -> Replayed:
    """Send all deliveries again that are `failed` or `refused`, in their order, under the ids they have.

    Error codes: `webhook_not_found`; `invalid_status` where the webhook is disabled.
    """
    return Replayed(replayed=await webhooks.replay_failed(caller.organization_id, id))
