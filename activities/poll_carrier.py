"""Ask a carrier how a call stands, and record its answer."""

from typing import TYPE_CHECKING, Protocol

from temporalio import activity

from carriers import Carrier, CarrierAway, CarrierRefused, Gone, Push
from domain.calls.models import CallReport, CallState
from telemetry.tracing import carrier_span

if TYPE_CHECKING:
    from store.calls.dials import Dials


class PlacedDial(Protocol):
    """A dial whose call id is known."""

    @property
    def id(self) -> str: ...

    @property
    def account(self) -> str: ...

    @property
    def key(self) -> str: ...


async def poll_carrier(carrier: Carrier, dials: "Dials", dial: PlacedDial, call_id: str) -> CallReport | Gone | None:
    """A call that the carrier does not know any more has an unknown outcome; while it does not answer (None) nothing
    changes."""
    try:
        with carrier_span("fetch", dial.account, dial.id):
            report = await carrier.fetch(call_id)
    except (CarrierAway, CarrierRefused) as error:
        activity.logger.warning("call %s: the carrier does not answer (%s)", dial.id, type(error).__name__)
        return None
    if isinstance(report, Gone):
        await dials.give_up(dial.id)
    else:
        if carrier.traits.push is Push.CALLBACK and report.state.rank > CallState.QUEUED.rank:
            await dials.silence.note_silence(dial.id)
        await dials.record(report, dial.account, dial.key)
    return report
