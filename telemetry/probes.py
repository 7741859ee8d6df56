"""How a process fares: asked by itself, every few seconds, whatever it does besides."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from telemetry.metrics import DATABASE_FAILURES, DATABASE_WAIT, LOOP_LAG

LOOP_INTERVAL_SECONDS = 0.5
DATABASE_INTERVAL_SECONDS = 5.0


async def watch_loop() -> None:
    """How late this task runs after it was due is how late everything else does."""
    while True:
        due = time.monotonic() + LOOP_INTERVAL_SECONDS
        await asyncio.sleep(LOOP_INTERVAL_SECONDS)
        LOOP_LAG.observe(max(0.0, time.monotonic() - due))


async def watch_database(ask: Callable[[], Awaitable[None]]) -> None:
    """`ask` takes a connection of the process's own pool, so that it waits as the process does."""
    while True:
        begun = time.monotonic()
        try:
            await ask()
            DATABASE_WAIT.observe(time.monotonic() - begun)
        except Exception:  # whoever needs the database says why; here it is counted
            DATABASE_FAILURES.inc()
        await asyncio.sleep(DATABASE_INTERVAL_SECONDS)
