"""Hear of deliveries that are due, and have somebody told. Every worker process listens; each is told of once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Protocol

from store.calls.watcher import CONNECTION_NAME
from store.db.listen import conninfo, listen
from store.webhooks.events import CHANNEL
from store.webhooks.outbox import Outbox

GATHER_SECONDS = 0.2  # notices that arrive together are one question
LOOK_SECONDS = 15.0  # unasked: for notices that were lost, workflows that were ended, tries that are due

logger = logging.getLogger(__name__)


class Workflows(Protocol):
    """Who is told; `workflows.webhook_handles.WebhookWorkflows` is the real one."""

    async def wake(self, organization_id: str, endpoint_id: str) -> None: ...

    async def end(self, endpoint_id: str) -> None: ...


class DueDeliveryNotifier:
    """What nobody could be told of is found again by the next look: nothing is kept in memory."""

    def __init__(self, outbox: Outbox, workflows: Workflows, database_url: str) -> None:
        self._outbox = outbox
        self._workflows = workflows
        self._conninfo = conninfo(database_url, CONNECTION_NAME)
        self._named: set[str] = set()
        self._look_at_all = True
        self._awake = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen and tell while the block runs."""
        listening = listen(self._conninfo, CHANNEL, self._connected, self._heard)
        tasks = [asyncio.create_task(listening), asyncio.create_task(self._look())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _connected(self) -> None:
        self._look_at_all = True
        self._awake.set()

    def _heard(self, endpoint_id: str) -> None:
        self._named.add(endpoint_id)
        self._awake.set()

    async def _look(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._awake.wait()
            except TimeoutError:
                self._look_at_all = True
            await asyncio.sleep(GATHER_SECONDS)
            self._awake.clear()
            named, self._named = self._named, set()
            everyone, self._look_at_all = self._look_at_all, False
            try:
                await self._tell(None if everyone else named, named)
            except Exception as error:  # the database or Temporal is away: the next look finds it again
                logger.warning("webhooks could not be looked at (%s); trying again", type(error).__name__)

    async def _tell(self, among: Collection[str] | None, named: Collection[str]) -> None:
        for found in await self._outbox.with_due_deliveries(among):
            await self._workflows.wake(found.organization_id, found.id)
        if named:
            for endpoint_id in await self._outbox.deleted(named):
                await self._workflows.end(endpoint_id)
