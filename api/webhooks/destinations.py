"""Whether webhooks may be sent to a URL, checked when it is given; it is checked again with every delivery."""

from dataclasses import dataclass
from typing import Annotated

from api.dependencies import service
from api.http.lookup import look_up
from domain.webhooks.destinations import AllowedDestination, parse_target, require_allowed


@dataclass(frozen=True)
class WebhookDestinations:
    """`allowed`: where webhooks may go in private networks."""

    allowed: tuple[AllowedDestination, ...]

    async def check(self, url: str) -> None:
        """Raises InvalidRequest. A name without an address is let through."""
        target = parse_target(url)
        require_allowed(target, await look_up(target), self.allowed)


DestinationsDep = Annotated[WebhookDestinations, service(WebhookDestinations)]
