"""The body of a webhook: the API's own models, so that a client reads one kind of job and contact."""

from decimal import Decimal
from typing import Any

from api.jobs.views import contact_view, job_view
from api.webhooks.schemas import (
    BatchMessage,
    ContactMessage,
    CreditsMessage,
    FinishedContact,
    LowCredits,
    Message,
    TestedWebhook,
    TestMessage,
)
from domain.webhooks.events import Event, EventType

TEST = "This is a test."


def body_of(event: Event) -> bytes:
    """An event as it is posted: JSON, the same whenever it is made of the same event."""
    return _message(event).model_dump_json(by_alias=True).encode()


def _message(event: Event) -> Message:
    said: dict[str, Any] = {"type": event.type, "timestamp": event.at}
    if event.type is EventType.TEST:
        return TestMessage(**said, data=TestedWebhook(webhook_id=event.endpoint_id, message=TEST))
    if event.type is EventType.CREDITS_LOW:
        amounts = {name: Decimal(amount) for name, amount in event.facts.items()}
        return CreditsMessage(**said, data=LowCredits(organization_id=event.organization_id, **amounts))
    if event.contact is not None:
        finished = FinishedContact(
            batch_job_id=event.job_id,
            contact=contact_view(event.contact),
            outcome=event.outcome,
            test_of=event.test_of,
        )
        return ContactMessage(**said, data=finished)
    if event.job is None:
        raise ValueError(f"An event {event.type} tells of nothing.")
    return BatchMessage(**said, data=job_view(event.job))
