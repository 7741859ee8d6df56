"""Ends of calls on an organization's own carrier account.

Their events are signed with a secret that the organization has: it could say that a live call is over, to have more
calls at once than its limit, or that a long one was short. So the carrier is asked, and its answer is what is recorded.
What is not confirmed here is left to the worker that follows the call, which asks after a minute of silence.
"""

import asyncio
import logging

from carriers import Carrier, CarrierError, Gone
from domain.calls.models import CallReport, CallState, Ending
from store.calls.dials import Dials
from telemetry.metrics import observe_callback
from telemetry.tracing import carrier_span

RETRY_SECONDS = 1.0  # the carrier's own records may be a moment behind its events
MAX_TRIES = 3
MAX_OF_ACCOUNT = 8  # questions at once

logger = logging.getLogger("api.carrier_events")


class EndConfirmations:
    """One question at a time for a call; a flood of events costs an account no more than its few places."""

    def __init__(self, dials: Dials) -> None:
        self._dials = dials
        self._open: dict[str, set[str]] = {}  # calls, by account

    async def confirm(self, carrier: Carrier, event: CallReport, account: str, key: str | None) -> None:
        """Record the end of a call once its carrier confirms it."""
        calls = self._open.setdefault(account, set())
        if event.call_id in calls or len(calls) >= MAX_OF_ACCOUNT:
            return
        calls.add(event.call_id)
        try:
            with carrier_span("fetch", account):
                confirmed = await _ask(carrier, event)
            if confirmed is not None:
                observe_callback(await self._dials.record(confirmed, account, key, by_callback=True))
        except Exception as error:
            logger.error("The end of a call was not recorded: %s", type(error).__name__)
        finally:
            calls.discard(event.call_id)
            if not calls:
                self._open.pop(account, None)


async def _ask(carrier: Carrier, event: CallReport) -> CallReport | None:
    """The end by the carrier's word; None where it does not confirm that there was one."""
    for _ in range(MAX_TRIES):
        try:
            found = await carrier.fetch(event.call_id)
        except CarrierError as error:
            logger.warning("An end could not be confirmed (%s); the call is followed on", type(error).__name__)
            return None
        if isinstance(found, Gone):
            break
        if found.state is CallState.ENDED:
            return _confirmed(event, found)
        await asyncio.sleep(RETRY_SECONDS)
    logger.warning("An event says that a call has ended, and its carrier does not; the call is followed on")
    return None


def _confirmed(event: CallReport, found: CallReport) -> CallReport:
    """What the carrier's records lack is taken from the event: codes and whether it rang, where nobody talked."""
    told = {name: getattr(event, name) for name in ("sip_code", "sip_reason", "carrier_code", "rang")}
    return found if found.ending is Ending.COMPLETED else found.model_copy(update=told)
