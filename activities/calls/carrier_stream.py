"""A carrier's event stream, received by one worker of all: events are recorded, missed ones made up by polling."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from activities.calls.waiting import retry_write
from activities.poll_carrier import poll_carrier
from carriers import CarrierAway, CarrierRefused, Streaming
from carriers.shared_stream import SharedStreaming
from domain.calls.models import CallReport, Recorded
from domain.calls.order import parse_dial_key
from telemetry.tracing import carrier_span

if TYPE_CHECKING:
    from store.calls.dials import Dials
    from store.leases import Lease, StreamLeases

MAX_CONCURRENT_POLLS = 8
RETRY_SECONDS = 0.5

logger = logging.getLogger(__name__)


Nudge = Callable[[str], Awaitable[object]]  # of a job's workflow, by the job's id


class CarrierStream:
    """For one carrier, by its account id. `nudge`: a call that was over was corrected; its contact may be due again."""

    def __init__(self, account: str, carrier: Streaming, dials: "Dials", leases: "StreamLeases", nudge: Nudge) -> None:
        self._account = account
        self._carrier = carrier
        self._dials = dials
        self._leases = leases
        self._nudge = nudge
        self._corrected: asyncio.Queue[str] = asyncio.Queue()
        if isinstance(carrier, SharedStreaming):
            carrier.share_stream(lambda: leases.is_streaming(account))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Receive while the block runs, whenever no other worker does."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                async with self._leases.hold(self._account) as lease:
                    logger.info("listening to %s", self._account)
                    await self._listen(lease)
            except Exception:
                logger.exception("listening to %s stopped; it begins again", self._account)
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, lease: "Lease") -> None:
        """Until the lease is lost, or an event could not be recorded."""
        tasks = [
            asyncio.create_task(self._carrier.stream(self._receive, self._poll_open_calls)),
            asyncio.create_task(lease.keep(self._is_connected)),
            asyncio.create_task(self._nudge_jobs()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ended, Exception):
                    logger.error("listening to %s stopped", self._account, exc_info=ended)

    def _is_connected(self) -> bool:
        return not isinstance(self._carrier, SharedStreaming) or self._carrier.is_connected

    async def _receive(self, report: CallReport) -> None:
        await retry_write(lambda: self._record(report))

    async def _record(self, report: CallReport) -> None:
        """A second call for one dial is hung up."""
        recorded = await self._dials.record(report, self._account, report.key)
        if recorded is Recorded.CORRECTED and report.key is not None:
            self._corrected.put_nowait(report.key)
        if recorded is Recorded.SECOND_CALL:
            with contextlib.suppress(CarrierAway, CarrierRefused), carrier_span("hang_up", self._account):
                await self._carrier.hang_up(report.call_id)

    async def _nudge_jobs(self) -> None:
        """Beside the events, which wait for nobody. A nudge that is lost is made up for by the reconciler."""
        while True:
            dial = parse_dial_key(await self._corrected.get())
            try:
                found = None if dial is None else await self._dials.get(*dial)
                if found is not None:
                    await self._nudge(found.job_id)
            except Exception as error:
                logger.warning("a job was not nudged (%s); it looks by itself, later", type(error).__name__)

    async def _poll_open_calls(self) -> None:
        """Events from before the connection are lost: poll every open call."""
        ids = await self._leases.list_open_dials(self._account)
        slots = asyncio.Semaphore(MAX_CONCURRENT_POLLS)

        async def poll(dial_id: str) -> None:
            async with slots:
                for dial in await self._dials.get_many([dial_id]):
                    if dial.call_id is not None and dial.ended_at is None:
                        await poll_carrier(self._carrier, self._dials, dial, dial.call_id)

        async with asyncio.TaskGroup() as group:
            for dial_id in ids:
                group.create_task(poll(dial_id))
