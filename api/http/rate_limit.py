"""The limit of requests a minute, for each key, and the headers that say what is left of it."""

import math
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.dependencies import RateLimitsDep, SettingsDep
from api.http.answer_headers import add_headers
from api.http.errors import RateLimited
from store.organizations.rate_limits import RateLimits, Standing

COUNTED = "counted_for_rate_limits"


@dataclass(frozen=True)
class RateLimit:
    """Requests a minute, of one caller and of all keys of an organization; None: no limit."""

    request: Request
    counts: RateLimits
    per_minute: int | None
    of_organization: int | None

    async def count(self, caller: str, organization_id: str | None = None) -> None:
        """Count the request as this caller's and its organization's, once. Raises RateLimited."""
        if hasattr(self.request.state, COUNTED):
            return
        setattr(self.request.state, COUNTED, True)
        if self.per_minute is not None:
            standing = await self.counts.count(caller, self.per_minute)
            add_headers(self.request, _headers(standing))
            _require_allowed(standing, f"This key has made its {self.per_minute} requests of a minute.")
        if organization_id is not None and self.of_organization is not None:  # more keys are no more requests
            standing = await self.counts.count(organization_id, self.of_organization)
            _require_allowed(standing, f"Your organization has made its {self.of_organization} requests of a minute.")


def _require_allowed(standing: Standing, sentence: str) -> None:
    """Raises RateLimited."""
    if not standing.allowed:
        wait = max(1, math.ceil(standing.seconds_left))
        raise RateLimited(f"{sentence} Try again in {wait} s.", headers={"Retry-After": str(wait)})


async def rate_limit(request: Request, counts: RateLimitsDep, settings: SettingsDep) -> RateLimit:
    return RateLimit(request, counts, settings.rate_limit_per_minute, settings.organization_rate_limit_per_minute)


RateLimitDep = Annotated[RateLimit, Depends(rate_limit)]


def _headers(standing: Standing) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(standing.limit),
        "X-RateLimit-Remaining": str(standing.remaining),
        "X-RateLimit-Reset": str(math.ceil(standing.resets_at.timestamp())),
    }
