"""Webhooks: where an organization's events are sent, and what became of each."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from api.auth import KEYS, AdminDep, MemberDep
from api.dependencies import WebhooksDep
from api.http.bodies import read_small
from api.http.error_responses import errors
from api.http.errors import InvalidStatus
from api.http.idempotency import REPLAYABLE, CreateContext, IdempotentDep
from api.http.pagination import OneOf, Page, PageSize, Query, query
from api.organizations.schemas import Removed
from api.webhooks.destinations import DestinationsDep, WebhookDestinations
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
)
from domain.errors import InvalidRequest
from domain.jobs.models import Caller
from domain.requests.strict_json import parse_json
from domain.webhooks.events import Delivery as DomainDelivery
from domain.webhooks.events import DeliveryStatus, Endpoint
from domain.webhooks.fields import read_new_webhook, read_webhook_change
from store.webhooks.endpoints import EndpointChange, EndpointRequest, NewEndpoint, Webhooks

router = APIRouter(prefix="/webhooks", tags=["webhooks"], dependencies=KEYS)

WebhookId = Annotated[str, Path(description="A webhook's id.", examples=[WEBHOOK_ID])]
DeliveryId = Annotated[str, Path(description="A delivery's id.", examples=[MESSAGE_ID])]


async def sent_object(request: Request, _: AdminDep) -> dict[str, Any]:
    """The body, after the key. Raises InvalidRequest."""
    body = parse_json(await read_small(request))
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return body


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
    return WebhookList(webhooks=[_view(endpoint) for endpoint in found], total=len(found))


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
    work = partial(_create, content, caller, webhooks, destinations)
    return await idempotent.answer(NewWebhook, content, work, secret=True)


async def _create(
    content: bytes, caller: Caller, webhooks: Webhooks, destinations: WebhookDestinations, context: CreateContext
) -> NewWebhook:
    body = parse_json(content)
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.")
    read = read_new_webhook(body)
    await destinations.check(read["url"])
    return _new_view(await webhooks.create(caller.organization_id, EndpointRequest(**read), context.new_id("webhook")))


@router.get("/{id}", operation_id="getWebhook", responses=errors(401, 404, 429, 503))
async def get_webhook(caller: MemberDep, id: WebhookId, webhooks: WebhooksDep) -> Webhook:
    """Look at one webhook. Error codes: `webhook_not_found`."""
    return _view(await webhooks.get(caller.organization_id, id))


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
    return _view(await webhooks.change(caller.organization_id, id, EndpointChange(**change)))


@router.delete("/{id}", operation_id="deleteWebhook", responses=errors(401, 403, 404, 429, 503))
async def delete_webhook(caller: AdminDep, id: WebhookId, webhooks: WebhooksDep) -> Removed:
    """Delete a webhook with its log. What waits is never sent. Error codes: `webhook_not_found`."""
    await webhooks.delete(caller.organization_id, id)
    return Removed(id=id)


@router.post("/{id}/rotate-secret", operation_id="rotateWebhookSecret", responses=errors(400, 401, 403, 404, 429, 503))
async def rotate_secret(caller: AdminDep, id: WebhookId, webhooks: WebhooksDep) -> NewWebhook:
    """Give a webhook a new secret. For a day everything is signed with both, the one before and this one.

    Error codes: `webhook_not_found`, `secrets_unavailable`.
    """
    return _new_view(await webhooks.rotate_secret(caller.organization_id, id))


@router.post("/{id}/test", operation_id="testWebhook", responses=errors(400, 401, 403, 404, 429, 503))
async def test_webhook(caller: AdminDep, id: WebhookId, webhooks: WebhooksDep) -> Delivery:
    """Send `webhook.test`, whatever events the webhook asked for; the delivery tells what became of it.

    Error codes: `webhook_not_found`; `invalid_status` where it is disabled.
    """
    return _render_delivery(await webhooks.send_test(caller.organization_id, id))


@router.get(
    "/{id}/deliveries",
    operation_id="listWebhookDeliveries",
    responses=errors(400, 401, 404, 429, 503),
)
async def list_deliveries(
    caller: MemberDep, query: DeliveryQueryDep, id: WebhookId, webhooks: WebhooksDep
) -> DeliveryPage:
    """List what was sent to a webhook and what waits, newest first. Final deliveries are kept for 30 days.

    Error codes: `webhook_not_found`, `invalid_status`, `invalid_page`, `invalid_page_size`.
    """
    found = await webhooks.list_deliveries(caller.organization_id, id, query.status, query.page, query.page_size)
    return DeliveryPage(
        deliveries=[_render_delivery(delivery) for delivery in found.deliveries],
        total=found.total,
        page=query.page,
        page_size=query.page_size,
    )


@router.get("/{id}/deliveries/{deliveryId}", operation_id="getWebhookDelivery", responses=errors(401, 404, 429, 503))
async def get_delivery(
    caller: MemberDep,
    id: WebhookId,
    deliveryId: DeliveryId,  # noqa: N803  the contract's name
    webhooks: WebhooksDep,
) -> Delivery:
    """Look at one delivery. Error codes: `webhook_not_found`, `delivery_not_found`."""
    return _render_delivery(await webhooks.get_delivery(caller.organization_id, id, deliveryId))


@router.post(
    "/{id}/deliveries/{deliveryId}/replay",
    operation_id="replayWebhookDelivery",
    responses=errors(400, 401, 403, 404, 429, 503),
)
async def replay(
    caller: AdminDep,
    id: WebhookId,
    deliveryId: DeliveryId,  # noqa: N803  the contract's name
    webhooks: WebhooksDep,
) -> Delivery:
    """Send a delivery again, now, under the `webhook-id` it has; later events of its job wait for it.

    Error codes: `webhook_not_found`, `delivery_not_found`; `invalid_status` where the webhook is disabled.
    """
    return _render_delivery(await webhooks.replay(caller.organization_id, id, deliveryId))


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


def _view(endpoint: Endpoint) -> Webhook:
    return Webhook(**_fields(endpoint))


def _new_view(made: NewEndpoint) -> NewWebhook:
    return NewWebhook(**_fields(made.endpoint), secret=made.secret)


def _fields(endpoint: Endpoint) -> dict[str, Any]:
    kept = endpoint.model_dump(exclude={"organization_id", "disabled_at"})
    return {**kept, "enabled": endpoint.disabled_at is None}


def _render_delivery(delivery: DomainDelivery) -> Delivery:
    kept = delivery.model_dump(exclude={"endpoint_id", "job_id"})
    return Delivery(**kept, batch_job_id=delivery.job_id)
