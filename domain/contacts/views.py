"""A contact as clients read it: in the API's responses, and in webhooks."""

from typing import Any

from pydantic import Field

from domain.calls.agent_report import ConversationView, render_conversation
from domain.calls.models import AnsweredBy
from domain.jobs.models import Contact
from domain.json_model import JsonModel, Timestamp
from domain.statuses import ContactStatus


class ContactFacts(JsonModel):
    """A contact and how its last call went."""

    id: str = Field(examples=["contact_0123456789abcdef01234567"])
    phone_number: str = Field(examples=["+12025550101"])
    contact_data: dict[str, Any] = Field(
        description="The whole original row.",
        examples=[{"phone": "+12025550101", "name": "Ada", "plan": "basic"}],
    )
    status: ContactStatus
    error_code: str | None = Field(description="The SIP code; null where completed.", examples=["486"])
    attempt_count: int = Field(examples=[1])
    max_attempts: int = Field(examples=[3])
    last_attempt_at: Timestamp | None
    next_retry_at: Timestamp | None
    completed_at: Timestamp | None
    room_name: str | None = Field(description="The carrier's id of the last call.", examples=["CA0123456789abcdef"])
    failure_reason: str | None = Field(examples=["The line was busy."])
    call_duration: int | None = Field(description="Whole seconds.", examples=[61])
    answered_by: AnsweredBy | None
    external_id: str | None = Field(description="The client's own, from `externalIdColumn`.", examples=["patient-17"])
    conversation: ConversationView | None = Field(description="What the agent reported of the last conversation.")


class BatchContact(ContactFacts):
    """A contact and how its last call went."""

    row: int | None = Field(
        description="Of its file, where the header is row 1; of an array the first is 1.", examples=[17]
    )
    dials: int = Field(description="Requests made to the carrier for it, charged as attempts or not.", examples=[1])


def render_contact(contact: Contact) -> BatchContact:
    return BatchContact(**render_contact_fields(contact), row=contact.row, dials=contact.dials)


def render_contact_fields(contact: Contact) -> dict[str, Any]:
    """All of a contact but its dials."""
    return {
        "id": contact.id,
        "phone_number": contact.number,
        "contact_data": contact.data,
        "status": contact.status,
        "error_code": None if contact.status is ContactStatus.COMPLETED else contact.error_code,
        "attempt_count": contact.attempts,
        "max_attempts": contact.max_attempts,
        "last_attempt_at": contact.last_attempt_at,
        "next_retry_at": contact.next_retry_at,
        "completed_at": contact.completed_at,
        "room_name": contact.call_id,
        "failure_reason": contact.failure_reason,
        "call_duration": contact.call_seconds,
        "answered_by": contact.answered_by,
        "external_id": contact.external_id,
        "conversation": contact.conversation and render_conversation(contact.conversation),
    }
