"""What the API answers about webhooks, and what webhooks themselves carry."""

from typing import Any, Literal

from pydantic import Field

from domain.json_model import Dollars, JsonModel, Timestamp
from domain.webhooks import events
from domain.webhooks.events import DeliveryStatus, EventType
from store.webhooks.endpoints import NewEndpoint

WEBHOOK_ID = "webhook_0123456789abcdef01234567"
MESSAGE_ID = "msg_0123456789abcdef01234567"
JOB_ID = "batch_0123456789abcdef01234567"
CONTACT_ID = "contact_0123456789abcdef01234567"
URL = "https://example.com/hooks/outdial"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="  # noqa: S105  an example


class Webhook(JsonModel):
    """An endpoint to which events are sent."""

    id: str = Field(examples=[WEBHOOK_ID])
    url: str = Field(examples=[URL])
    description: str | None = Field(examples=["Our CRM"])
    events: tuple[EventType, ...] = Field(examples=[["batch.completed", "contact.finished"]])
    credits_below: Dollars = Field(
        description="`credits.low` is sent when the free credits fall below, once each time."
    )
    enabled: bool = Field(description="False: nothing is sent to it, and nothing new is kept for it.")
    disabled_reason: str | None = Field(examples=["Every delivery failed for 5 days."])
    failing_since: Timestamp | None = Field(description="No delivery was answered with 2xx since then.")
    created_at: Timestamp


class NewWebhook(Webhook):
    """A webhook with its secret, which is shown this once."""

    secret: str = Field(description="Verifies signatures by the Standard Webhooks specification.", examples=[SECRET])


class WebhookList(JsonModel):
    """The organization's webhooks, oldest first."""

    webhooks: list[Webhook]
    total: int = Field(examples=[1])


class Delivery(JsonModel):
    """One event on its way to one webhook. What it carries is not kept in the log."""

    id: str = Field(description="The header `webhook-id` of every try and replay.", examples=[MESSAGE_ID])
    type: EventType = Field(examples=["contact.finished"])
    batch_job_id: str | None = Field(examples=[JOB_ID])
    contact_id: str | None = Field(examples=[CONTACT_ID])
    status: DeliveryStatus = Field(
        description="`pending`: to be sent, perhaps again; `failed`: given up after the last try; `refused`: by us,"
        " because the address leads, or redirects, into a private network.",
        examples=["pending"],
    )
    attempts: int = Field(description="Tries so far, replays included.", examples=[2])
    created_at: Timestamp
    last_attempt_at: Timestamp | None
    next_attempt_at: Timestamp | None = Field(description="Null once it is final.")
    delivered_at: Timestamp | None
    response_code: int | None = Field(description="Of the last answer.", examples=[500])
    response_body: str | None = Field(description="Its beginning; numbers are masked.", examples=["Internal error"])
    last_error: str | None = Field(description="Of the last try.", examples=["It answered 500."])


class DeliveryPage(JsonModel):
    """Deliveries, newest first. A page past the end is empty."""

    deliveries: list[Delivery]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class Replayed(JsonModel):
    success: Literal[True] = True
    replayed: int = Field(description="Deliveries that are sent again.", examples=[3])


def render_webhook(endpoint: events.Endpoint) -> Webhook:
    return Webhook(**_fields(endpoint))


def render_new_webhook(made: NewEndpoint) -> NewWebhook:
    return NewWebhook(**_fields(made.endpoint), secret=made.secret)


def _fields(endpoint: events.Endpoint) -> dict[str, Any]:
    kept = endpoint.model_dump(exclude={"organization_id", "disabled_at"})
    return {**kept, "enabled": endpoint.disabled_at is None}


def render_delivery(delivery: events.Delivery) -> Delivery:
    kept = delivery.model_dump(exclude={"endpoint_id", "job_id"})
    return Delivery(**kept, batch_job_id=delivery.job_id)
