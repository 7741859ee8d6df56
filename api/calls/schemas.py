"""What the API answers to whoever reports of a call."""

from typing import Literal

from pydantic import Field

from api.http.examples import A_CALL
from domain.calls.agent_report import ConversationView
from domain.json_model import JsonModel


class OptedOut(JsonModel):
    """The person of this call is not called any more."""

    success: Literal[True] = True
    call_id: str = Field(examples=[A_CALL])
    number: str = Field(description="Masked.", examples=["…01"])
    already_listed: bool
    contacts_blocked: int = Field(description="Of open jobs, with the same number.", examples=[1])


class Reported(JsonModel):
    """All that is known of the conversation now."""

    success: Literal[True] = True
    call_id: str = Field(examples=[A_CALL])
    conversation: ConversationView
