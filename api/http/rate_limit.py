"""The limit of requests a minute, for each key, and the headers that say what is left of it."""

import math
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.dependencies import RateLimitsDep, SettingsDep
from api.http.errors import RateLimited
from store.organizations.rate_limits import RateLimits, Standing

HEADERS = "answer_headers"  # in the request's state; `api.http.middleware` puts them on the answer, whatever it is


@dataclass(frozen=True)
class RateLimit:
    """`per_minute`: requests of one caller; None: no limit."""

    request: Request
    counts: RateLimits
    per_minute: int | None

    async def count(self, caller: str) -> None:
        """Count the request as this caller's, once. Raises RateLimited."""
        if self.per_minute is None or hasattr(self.request.state, HEADERS):
            return
        standing = await self.counts.count(caller, self.per_minute)
        setattr(self.request.state, HEADERS, _headers(standing))
        if not standing.allowed:
            wait = max(1, math.ceil(standing.seconds_left))
            sentence = f"This key has made its {self.per_minute} requests of a minute. Try again in {wait} s."
            raise RateLimited(sentence, headers={"Retry-After": str(wait)})


async def rate_limit(request: Request, counts: RateLimitsDep, settings: SettingsDep) -> RateLimit:
    return RateLimit(request, counts, settings.rate_limit_per_minute)


RateLimitDep = Annotated[RateLimit, Depends(rate_limit)]


def _headers(standing: Standing) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(standing.limit),
        "X-RateLimit-Remaining": str(standing.remaining),
        "X-RateLimit-Reset": str(math.ceil(standing.resets_at.timestamp())),
    }
