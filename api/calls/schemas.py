"""What the API answers to whoever reports of a call."""

from typing import Literal

from pydantic import Field

from api.http.examples import A_CALL
from domain.calls.agent_report import ConversationView
from domain.calls.models import Outcome
from domain.calls.outcome_table import OUTCOMES, FaultOf, Redial
from domain.json_model import JsonModel
from domain.statuses import ContactStatus


class OptedOut(JsonModel):
    """The person of this call is not called any more."""

    success: Literal[True] = True
    call_id: str = Field(examples=[A_CALL])
    number: str = Field(description="Masked.", examples=["…01"])
    already_listed: bool
    contacts_blocked: int = Field(description="Of open jobs, with the same number.", examples=[1])
    calls_not_stopped: int = Field(
        default=0,
        description="Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.",
        examples=[0],
    )


class Reported(JsonModel):
    """All that is known of the conversation now."""

    success: Literal[True] = True
    call_id: str = Field(examples=[A_CALL])
    conversation: ConversationView


class OutcomeView(JsonModel):
    """What an outcome means."""

    outcome: Outcome = Field(examples=["busy"])
    fault_of: FaultOf | None = Field(
        description="On whose side it lies that there was no conversation: `person` (the one called, their line or"
        " telephone), `carrier` (or a network behind it), `platform` (Outdial, the agent, the carrier account),"
        " `unknown`; null where there was one.",
        examples=["person"],
    )
    charged: bool = Field(description="Whether it counts as one of the contact's attempts.", examples=[True])
    retried: Redial = Field(
        description="Whether a dial follows. `policy`: where the job's `retryPolicy` says so, up to `maxAttempts`;"
        " `uncharged`: as no attempt, a few times at most; `never`.",
        examples=["policy"],
    )
    setting: str | None = Field(description="Of `retryPolicy`, which decides.", examples=["retryableStatuses"])
    status: ContactStatus = Field(description="Of the contact, where no dial follows.", examples=["busy"])
    meaning: str = Field(description="For people.", examples=["The line was busy."])


class OutcomeList(JsonModel):
    """Every outcome that a call can have."""

    outcomes: list[OutcomeView]


def render_outcomes() -> OutcomeList:
    return OutcomeList(
        outcomes=[OutcomeView(outcome=outcome, **rule.model_dump()) for outcome, rule in OUTCOMES.items()]
    )
