"""A dial's evidence as clients read it: in the API's responses, in results, and in webhooks."""

from typing import Any

from pydantic import Field

from domain.calls.evidence import DialEvidence
from domain.calls.models import AgentContact, EndedBy
from domain.calls.outcome_table import FaultOf
from domain.json_model import JsonModel


class EvidenceView(JsonModel):
    """How a call went, as far as it is known."""

    fault_of: FaultOf | None = Field(
        description="On whose side it lies that there was no conversation; null where there was one.",
        examples=["person"],
    )
    rang: bool | None = Field(description="Whether a telephone rang; null where that cannot be told.")
    ended_by: EndedBy | None = Field(examples=["callee"])
    sip_code: str | None = Field(description="The final SIP response.", examples=["486"])
    sip_reason: str | None = Field(description="Its text, where the carrier passes it on.", examples=["Busy Here"])
    carrier_code: str | None = Field(
        description="The carrier's own error code, where it gives one.", examples=["13224"]
    )
    agent: AgentContact | None = Field(
        description="How far the agent of an answered call came; null where the carrier does not tell.",
        examples=["connected"],
    )
    seconds_to_ringing: float | None = Field(description="Since the carrier was asked.", examples=[1.204])
    seconds_to_answer: float | None = Field(description="Likewise.", examples=[7.918])


def render_evidence(evidence: DialEvidence) -> EvidenceView:
    return EvidenceView(**render_evidence_fields(evidence))


def render_evidence_fields(evidence: DialEvidence) -> dict[str, Any]:
    """The fields of an EvidenceView, for models that extend it."""
    return {
        "fault_of": evidence.fault_of,
        "rang": evidence.rang,
        "ended_by": evidence.ended_by,
        "sip_code": None if evidence.sip_code is None else str(evidence.sip_code),
        "sip_reason": evidence.sip_reason,
        "carrier_code": evidence.carrier_code,
        "agent": evidence.agent,
        "seconds_to_ringing": evidence.seconds_to_ringing,
        "seconds_to_answer": evidence.seconds_to_answer,
    }
