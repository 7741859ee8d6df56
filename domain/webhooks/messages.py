"""What webhooks carry: the API's own job and contact, so that a client reads one kind of each."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from domain.calls.evidence_view import EvidenceView, render_evidence
from domain.calls.models import Outcome
from domain.contacts.views import BatchContact, render_contact
from domain.jobs.views import BatchJob, render_job
from domain.json_model import Dollars, JsonModel, Timestamp
from domain.webhooks.events import Event, EventType

WEBHOOK_ID = "webhook_0123456789abcdef01234567"
JOB_ID = "batch_0123456789abcdef01234567"
TEST = "This is a test."


class FinishedContact(JsonModel):
    """A contact that has its final status."""

    batch_job_id: str = Field(examples=[JOB_ID])
    contact: BatchContact
    outcome: Outcome | None = Field(
        description="Of its last call; null where it was never called.", examples=["answered"]
    )
    evidence: EvidenceView | None = Field(description="Of its last call, likewise.")
    test: bool = Field(description="Whether it is a test call, with the fields of a job's first contact.")
    test_of: str | None = Field(
        description="Of a test call: the job that it tries; null where that was not created yet.", examples=[None]
    )


class LowCredits(JsonModel):
    """The free credits fell below the webhook's `creditsBelow`. Dollars."""

    organization_id: str = Field(examples=["org_0123456789abcdef01234567"])
    balance: Dollars
    held: Dollars
    free: Dollars
    credits_below: Dollars


class TestedWebhook(JsonModel):
    webhook_id: str = Field(examples=[WEBHOOK_ID])
    message: str = Field(examples=["This is a test."])


class Message(JsonModel):
    """What is posted: `type`, when it happened, and the data as the API shows it."""

    timestamp: Timestamp


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
    """A contact has its final status.

    Sent once more where its agent reports later than five seconds after it, or where later evidence corrects what its
    call was: the last one counts.
    """

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


def event_types(kind: type[Message]) -> tuple[EventType, ...]:
    """The events that come in a message of this kind."""
    found: Any = kind.model_fields["type"].annotation
    return tuple(found.__args__)


def render_body(event: Event) -> bytes:
    """An event as it is posted: JSON, the same whenever it is made of the same event."""
    return _message(event).model_dump_json(by_alias=True).encode()


def _message(event: Event) -> Message:
    head: dict[str, Any] = {"type": event.type, "timestamp": event.at}
    if event.type is EventType.TEST:
        return TestMessage(**head, data=TestedWebhook(webhook_id=event.endpoint_id, message=TEST))
    if event.type is EventType.CREDITS_LOW:
        amounts = {name: Decimal(amount) for name, amount in event.facts.items()}
        return CreditsMessage(**head, data=LowCredits(organization_id=event.organization_id, **amounts))
    if event.contact is not None:
        finished = FinishedContact(
            batch_job_id=event.job_id,
            contact=render_contact(event.contact),
            outcome=event.outcome,
            evidence=event.evidence and render_evidence(event.evidence),
            test=event.test,
            test_of=event.test_of,
        )
        return ContactMessage(**head, data=finished)
    if event.job is None:
        raise ValueError(f"An event {event.type} has nothing to send.")
    return BatchMessage(**head, data=render_job(event.job))
