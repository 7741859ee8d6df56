"""To end a call that has not been answered, and leave one alone that has."""

from typing import Protocol, runtime_checkable

from carriers import Carrier
from domain.calls.models import CallReport, CallState

UNANSWERED = frozenset({CallState.ASKED, CallState.QUEUED, CallState.RINGING})


@runtime_checkable
class CallingOff(Carrier, Protocol):
    """A carrier that does both in one step, so that nobody who answers in between is cut off."""

    async def call_off(self, call_id: str) -> None:
        """End a call unless it was answered; one that is over is no error. Raises CarrierAway, CarrierRefused."""
        ...


async def call_off(carrier: Carrier, call_id: str) -> None:
    """End a call unless it was answered. Raises CarrierAway, CarrierRefused."""
    if isinstance(carrier, CallingOff):
        await carrier.call_off(call_id)
        return
    found = await carrier.fetch(call_id)
    if isinstance(found, CallReport) and found.state in UNANSWERED:
        await carrier.hang_up(call_id)
