"""Hear of deliveries that are due, and have somebody told. Every worker process listens; each is told of once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Protocol

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from store.outbox import Outbox
from store.watch import CONNECTION, RECONNECT_SECONDS
from store.webhook_events import CHANNEL

GATHER_SECONDS = 0.2  # notices that arrive together are one question
LOOK_SECONDS = 15.0  # unasked: for notices that were lost, workflows that were ended, tries that are due

logger = logging.getLogger(__name__)


class Workflows(Protocol):
    """Who is told; `workflows.webhook_handles.WebhookWorkflows` is the real one."""

    async def wake(self, organization_id: str, endpoint_id: str) -> None: ...

    async def end(self, endpoint_id: str) -> None: ...


class WebhookWatch:
    """What nobody could be told of is found again by the next look: nothing is kept in memory."""

    def __init__(self, outbox: Outbox, workflows: Workflows, database_url: str) -> None:
        self._outbox = outbox
        self._workflows = workflows
        url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._conninfo = make_conninfo(url, **CONNECTION)
        self._named: set[str] = set()
        self._look_at_all = True
        self._awake = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen and tell while the block runs."""
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._look())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        """After every (re)connect all endpoints are looked at, for notices are not kept."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._look_at_all = True
                    self._awake.set()
                    async for notice in connection.notifies():
                        self._named.add(notice.payload)
                        self._awake.set()
            except (psycopg.Error, OSError) as error:
                logger.warning("the notices of webhooks stopped (%s); connecting again", type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

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
        for found in await self._outbox.to_be_told(among):
            await self._workflows.wake(found.organization_id, found.id)
        if named:
            for endpoint_id in await self._outbox.deleted(named):
                await self._workflows.end(endpoint_id)
