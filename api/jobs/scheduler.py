"""Asking Temporal for something that must not fail a request: it took it, or it did not."""

import asyncio
import logging
from collections.abc import Awaitable

from workflows.client import TemporalUnavailable

LIMIT_SECONDS = 3.5  # a little more than each call's own limit, which does not cover the first connection

log = logging.getLogger("api.jobs.scheduler")


async def reached(call: Awaitable[object], what: str) -> bool:
    """Whether Temporal took the call. `what`, for the log, is an id and a verb."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await call
    except (TemporalUnavailable, TimeoutError, RuntimeError) as error:  # RuntimeError: a client that never connected
        log.warning("Temporal did not take the %s: %s %s", what, type(error).__name__, error)
        return False
    return True
