"""Deliveries that are due: every worker process listens, and one of them wakes the workflow that sends them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Protocol

from store.db.listen import Notices, in_background, wait_until
from store.webhooks.events import CHANNEL
from store.webhooks.outbox import Outbox

GATHER_SECONDS = 0.2  # notices that arrive together are one query
CHECK_INTERVAL_SECONDS = 15.0  # unasked: for notices that were lost, workflows that were ended, tries that are due

logger = logging.getLogger(__name__)


class Workflows(Protocol):
    """Who is woken; `workflows.client.WebhookWorkflows` is the real one."""

    async def wake(self, organization_id: str, endpoint_id: str) -> None: ...

    async def end(self, endpoint_id: str) -> None: ...


class DueDeliveryNotifier:
    """An endpoint whose workflow could not be woken is found by the next check: nothing is kept in memory."""

    def __init__(self, outbox: Outbox, workflows: Workflows, notices: Notices) -> None:
        self._outbox = outbox
        self._workflows = workflows
        self._notices = notices
        self._named: set[str] = set()
        self._check_all = True
        self._awake = asyncio.Event()
        notices.subscribe(CHANNEL, self._mark_all, self._mark)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen and wake while the block runs."""
        async with self._notices.running(), in_background(self._check_marked()):
            yield

    def _mark_all(self) -> None:
        self._check_all = True
        self._awake.set()

    def _mark(self, endpoint_id: str) -> None:
        self._named.add(endpoint_id)
        self._awake.set()

    async def _check_marked(self) -> None:
        clock = asyncio.get_running_loop().time
        check_all_at = clock() + CHECK_INTERVAL_SECONDS
        while True:
            if await wait_until(check_all_at, self._awake):
                self._check_all = True
                check_all_at = clock() + CHECK_INTERVAL_SECONDS
            await asyncio.sleep(GATHER_SECONDS)
            self._awake.clear()
            named, self._named = self._named, set()
            everyone, self._check_all = self._check_all, False
            try:
                await self._wake(None if everyone else named, named)
            except Exception as error:  # the database or Temporal is away: the next check finds it again
                logger.warning("webhooks could not be checked (%s); trying again", type(error).__name__)

    async def _wake(self, among: Collection[str] | None, named: Collection[str]) -> None:
        for found in await self._outbox.with_due_deliveries(among):
            await self._workflows.wake(found.organization_id, found.id)
        if named:
            for endpoint_id in await self._outbox.find_deleted(named):
                await self._workflows.end(endpoint_id)
