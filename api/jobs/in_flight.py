"""The promise that no call starts after the answer: it leaves once no request to a carrier can be on its way."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

QUIET_LIMIT = 20.0  # seconds; longer than a request to the carrier may take, after which none can be on its way
QUIET_POLL = 0.05  # seconds

log = logging.getLogger("api.jobs.in_flight")


async def wait_for_in_flight_requests(placing: Callable[[], Awaitable[int]], of: str) -> None:
    """Return once `placing` counts none. `of`, for the log, is an id."""
    try:
        async with asyncio.timeout(QUIET_LIMIT):
            while await placing():  # noqa: ASYNC110  what changes is in the database
                await asyncio.sleep(QUIET_POLL)
    except TimeoutError:
        log.warning("%s has dials without a call id after %s s; a search decides them", of, QUIET_LIMIT)
