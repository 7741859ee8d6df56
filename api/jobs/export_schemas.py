"""What the API answers about results: a contact with its dials."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, WithJsonSchema

from domain.calls.agent_report import ConversationView
from domain.calls.evidence_view import EvidenceView
from domain.calls.models import AnsweredBy, Outcome
from domain.contacts.views import ContactFacts
from domain.json_model import JsonModel, Timestamp

DollarText = Annotated[
    Decimal,
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{6}$", "example": "0.017792"}),
]


class DialView(EvidenceView):
    """One request to the carrier."""

    id: str = Field(examples=["call_0123456789abcdef01234567"])
    number: int = Field(description="1, 2, 3 … of the contact.", examples=[1])
    asked_at: Timestamp
    ringing_at: Timestamp | None
    answered_at: Timestamp | None
    ended_at: Timestamp | None = Field(description="Null while the call is live.")
    outcome: Outcome | None = Field(description="What each means is at `GET /outcomes`.")
    duration: int | None = Field(description="Whole seconds of talk, by the carrier's clock.", examples=[61])
    answered_by: AnsweredBy | None
    cost: DollarText | None = Field(description="Dollars.")
    carrier_call_id: str | None = Field(examples=["CA0123456789abcdef"])
    conversation: ConversationView | None = Field(description="What the agent reported of this call.")


class ContactDetail(ContactFacts):
    """A contact with every dial."""

    dials: list[DialView]


class Deleted(JsonModel):
    """What a job left behind is in its description."""

    success: Literal[True] = True
    message: str = Field(examples=["The job and the data of its 100 contacts were deleted."])
    batch_job_id: str = Field(examples=["batch_0123456789abcdef01234567"])
    contacts_deleted: int = Field(examples=[100])
