"""The limit of requests a minute, for each key, and the headers that tell where one stands."""

import math

from fastapi import Request

from api.http.errors import RateLimited
from api.parts import Parts
from store.organizations.rate_limits import Standing

HEADERS = "answer_headers"  # in the request's state; `api.middleware` puts them on the answer, whatever it is


async def keep_to_limit(request: Request, parts: Parts, caller: str) -> None:
    """Count a request of a caller, once. Raises RateLimited."""
    limit = parts.settings.rate_limit_per_minute
    if limit is None or hasattr(request.state, HEADERS):
        return
    standing = await parts.rate_limits.count(caller, limit)
    setattr(request.state, HEADERS, _headers(standing))
    if not standing.allowed:
        wait = max(1, math.ceil(standing.seconds_left))
        sentence = f"This key has made its {limit} requests of a minute. Try again in {wait} s."
        raise RateLimited(sentence, headers={"Retry-After": str(wait)})


def _headers(standing: Standing) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(standing.limit),
        "X-RateLimit-Remaining": str(standing.remaining),
        "X-RateLimit-Reset": str(math.ceil(standing.resets_at.timestamp())),
    }
