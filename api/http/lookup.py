"""Where a host that a client names is, while the client waits."""

import asyncio

from activities.webhooks.dns import resolve
from domain.webhooks.destinations import Address, Target

LOOKUP_SECONDS = 3.0  # a name that is not found by then is checked when it is connected to


async def look_up(target: Target) -> list[Address]:
    """The addresses of its host; none where it is not found in time."""
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            return await resolve(target.host, target.port)
    except OSError:  # TimeoutError is one
        return []
