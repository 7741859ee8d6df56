"""Whether webhooks may be sent to a URL, checked when it is given; it is checked again with every delivery."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from activities.webhooks.dns import resolve
from api.dependencies import service
from domain.webhooks.destinations import AllowedDestination, parse_target, require_allowed

LOOKUP_SECONDS = 3.0  # a name that is not found by then is checked when something is sent to it


@dataclass(frozen=True)
class WebhookDestinations:
    """`allowed`: where webhooks may go in private networks."""

    allowed: tuple[AllowedDestination, ...]

    async def check(self, url: str) -> None:
        """Raises InvalidRequest. A name without an address is let through."""
        target = parse_target(url)
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                addresses = await resolve(target.host, target.port)
        except OSError:  # TimeoutError is one
            addresses = []
        require_allowed(target, addresses, self.allowed)


DestinationsDep = Annotated[WebhookDestinations, service(WebhookDestinations)]
