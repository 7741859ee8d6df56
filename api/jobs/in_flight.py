"""The promise that no telephone begins to ring after the answer: it leaves once none can, or says how many may."""

import asyncio
import logging
import time
from typing import Annotated

from fastapi import Depends

from api.dependencies import CarriersDep, DialsDep, InFlightDep
from carriers import CarrierError
from carriers.accounts import CarrierAccounts
from carriers.calling_off import call_off
from domain.calls.models import CallReport
from store.calls.dial_rows import DialRow
from store.calls.dials import Dials
from store.calls.in_flight import CallScope, InFlightRequests
from telemetry.tracing import carrier_span

QUIET_LIMIT = 20.0  # seconds; longer than a request to the carrier may take, after which none can be on its way
QUIET_POLL = 0.05  # seconds
WORKERS_FIRST_SECONDS = 1.0  # those who follow the calls have been woken, and call them off
CALL_OFF_INTERVAL_SECONDS = 2.0  # then we do: no worker may be running
MAX_CONCURRENT_REQUESTS = 8

log = logging.getLogger("api.jobs.in_flight")


class CallStopper:
    """Waits for what the store has withdrawn to be called off at the carrier."""

    def __init__(self, in_flight: InFlightRequests, dials: Dials, carriers: CarrierAccounts) -> None:
        self._in_flight = in_flight
        self._dials = dials
        self._carriers = carriers

    async def wait(self, scope: CallScope) -> int:
        """Return once no call of the scope can begin to ring; how many could not be stopped in QUIET_LIMIT seconds."""
        next_at = time.monotonic() + WORKERS_FIRST_SECONDS
        try:
            async with asyncio.timeout(QUIET_LIMIT):
                while await self._in_flight.count(scope):
                    if time.monotonic() >= next_at:
                        await self._call_off(scope)
                        next_at = time.monotonic() + CALL_OFF_INTERVAL_SECONDS
                    await asyncio.sleep(QUIET_POLL)
        except TimeoutError:
            of = scope.job_id or scope.organization_id
            log.warning("%s has calls that may still ring after %s s", of, QUIET_LIMIT)
        return await self._in_flight.count_not_stopped(scope)

    async def _call_off(self, scope: CallScope) -> None:
        slots = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)

        async def end(dial: DialRow) -> None:
            async with slots:
                await self._end(dial)

        dials = await self._dials.get_many(await self._in_flight.list_to_call_off(scope))
        await asyncio.gather(*(end(dial) for dial in dials if dial.call_id is not None))

    async def _end(self, dial: DialRow) -> None:
        """Call one off and take the carrier's word for it: the event that it ended may be late."""
        if dial.call_id is None:
            return
        carrier = self._carriers[dial.account]
        try:
            with carrier_span("hang_up", dial.account, dial.id):
                await call_off(carrier, dial.call_id)
                found = await carrier.fetch(dial.call_id)
        except CarrierError as error:
            log.warning("call %s could not be called off (%s)", dial.id, type(error).__name__)
            return
        if isinstance(found, CallReport):
            await self._dials.record(found, dial.account, dial.key)


def describe(not_stopped: int) -> str:
    """What a message adds where calls could not be stopped; empty where there are none."""
    if not not_stopped:
        return ""
    return f" {not_stopped} {'call' if not_stopped == 1 else 'calls'} at the carrier could not be stopped."


async def _stopper(in_flight: InFlightDep, dials: DialsDep, carriers: CarriersDep) -> CallStopper:
    return CallStopper(in_flight, dials, carriers)


CallStopperDep = Annotated[CallStopper, Depends(_stopper)]
