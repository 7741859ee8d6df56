"""Have a carrier end a call, once it is written down why."""

from typing import TYPE_CHECKING

from activities.poll_carrier import PlacedDial
from carriers import Carrier
from carriers.calling_off import call_off
from domain.calls.models import HangUpReason
from telemetry.tracing import carrier_span

if TYPE_CHECKING:
    from store.calls.dials import Dials


async def hang_up(carrier: Carrier, dials: "Dials", dial: PlacedDial, call_id: str, reason: HangUpReason) -> None:
    """Only the carrier's report ends the dial. Raises CarrierAway, CarrierRefused.

    That somebody answered may not have been told: some reasons end a call only where nobody did.
    """
    await dials.request_hang_up(dial.id, reason)
    with carrier_span("hang_up", dial.account, dial.id):
        await (call_off(carrier, call_id) if reason.spares_answered else carrier.hang_up(call_id))
