"""What the API answers about webhooks, and what webhooks themselves carry."""

from typing import Any, Literal

from pydantic import Field

from api.jobs.schemas import Answer, BatchContact, BatchJob, Dollars, Moment
from domain.calls.models import Outcome
from domain.webhooks.events import DeliveryStatus, EventType

WEBHOOK_ID = "webhook_0123456789abcdef01234567"
MESSAGE_ID = "msg_0123456789abcdef01234567"
JOB_ID = "batch_0123456789abcdef01234567"
CONTACT_ID = "contact_0123456789abcdef01234567"
URL = "https://example.com/hooks/outdial"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="  # noqa: S105  an example


class Webhook(Answer):
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
    failing_since: Moment | None = Field(description="No delivery was answered with 2xx since then.")
    created_at: Moment


class NewWebhook(Webhook):
    """A webhook with its secret, which is shown this once."""

    secret: str = Field(description="Verifies signatures by the Standard Webhooks specification.", examples=[SECRET])


class WebhookList(Answer):
    """The organization's webhooks, oldest first."""

    webhooks: list[Webhook]
    total: int = Field(examples=[1])


class Delivery(Answer):
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
    created_at: Moment
    last_attempt_at: Moment | None
    next_attempt_at: Moment | None = Field(description="Null once it is final.")
    delivered_at: Moment | None
    response_code: int | None = Field(description="Of the last answer.", examples=[500])
    response_body: str | None = Field(description="Its beginning; numbers are masked.", examples=["Internal error"])
    last_error: str | None = Field(description="Of the last try.", examples=["It answered 500."])


class DeliveryPage(Answer):
    """Deliveries, newest first. A page past the end is empty."""

    deliveries: list[Delivery]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class Replayed(Answer):
    success: Literal[True] = True
    replayed: int = Field(description="Deliveries that are sent again.", examples=[3])


class FinishedContact(Answer):
    """A contact that has its final status."""

    batch_job_id: str = Field(examples=[JOB_ID])
    contact: BatchContact
    outcome: Outcome | None = Field(
        description="Of its last call; null where it was never called.", examples=["answered"]
    )
    test_of: str | None = Field(
        description="Of a test call: the job that it tries, with the fields of that job's first contact. Else null.",
        examples=[None],
    )


class LowCredits(Answer):
    """The free credits fell below the webhook's `creditsBelow`. Dollars."""

    organization_id: str = Field(examples=["org_0123456789abcdef01234567"])
    balance: Dollars
    held: Dollars
    free: Dollars
    credits_below: Dollars


class TestedWebhook(Answer):
    webhook_id: str = Field(examples=[WEBHOOK_ID])
    message: str = Field(examples=["This is a test."])


class Message(Answer):
    """What is posted: `type`, when it happened, and the data as the API shows it."""

    timestamp: Moment


class BatchMessage(Message):
    """A job was started, paused, resumed or has ended; the job as it stood then."""

    type: Literal[
        EventType.BATCH_STARTED,
        EventType.BATCH_PAUSED,
        EventType.BATCH_RESUMED,
        EventType.BATCH_COMPLETED,
        EventType.BATCH_FAILED,
        EventType.BATCH_CANCELLED,
    ]
    data: BatchJob


class ContactMessage(Message):
    """A contact has its final status. Sent once more where its agent reports later than five seconds after it."""

    type: Literal[EventType.CONTACT_FINISHED]
    data: FinishedContact


class CreditsMessage(Message):
    """The free credits fell below the threshold. Sent again only after they were above it."""

    type: Literal[EventType.CREDITS_LOW]
    data: LowCredits


class TestMessage(Message):
    """Sent when asked for by `POST /webhooks/{id}/test`."""

    __test__ = False  # it is no test of ours

    type: Literal[EventType.TEST]
    data: TestedWebhook


def names(kind: type[Message]) -> tuple[EventType, ...]:
    """The events that come in a message of this kind."""
    found: Any = kind.model_fields["type"].annotation
    return tuple(found.__args__)
