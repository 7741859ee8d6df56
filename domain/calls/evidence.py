"""What is known of how a dial went, beside its outcome."""

from datetime import datetime

from domain.calls.models import AgentContact, EndedBy, Outcome
from domain.calls.outcome_table import OUTCOMES, FaultOf
from domain.model import Model


class DialEvidence(Model):
    """Of one dial, as it is stored; `outcome` is None while it is live. Times are UTC, by our clock."""

    outcome: Outcome | None = None
    rang: bool | None = None  # None: it cannot be told
    ended_by: EndedBy | None = None
    sip_code: int | None = None
    sip_reason: str | None = None
    carrier_code: str | None = None
    agent: AgentContact | None = None
    asked_at: datetime
    ringing_at: datetime | None = None
    answered_at: datetime | None = None

    @property
    def fault_of(self) -> FaultOf | None:
        """On whose side it lies that there was no conversation; None where there was one, or the call is live."""
        return None if self.outcome is None else OUTCOMES[self.outcome].fault_of

    @property
    def seconds_to_ringing(self) -> float | None:
        return self._seconds_to(self.ringing_at)

    @property
    def seconds_to_answer(self) -> float | None:
        return self._seconds_to(self.answered_at)

    def _seconds_to(self, at: datetime | None) -> float | None:
        return None if at is None else round(max(0.0, (at - self.asked_at).total_seconds()), 3)
