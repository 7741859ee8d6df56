"""Which failed requests are sent again, and when."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from outdial_client.calls import Call
from outdial_client.errors import TOO_MANY_REQUESTS, ApiError, NoAnswer, OutdialError, UnexpectedAnswer

FIRST_WAIT_SECONDS = 0.5  # doubled each time, up to the longest
MAX_WAIT_SECONDS = 8.0
MAX_RETRY_AFTER_SECONDS = 60.0  # the API's rate limits are per minute; a longer wait is the caller's to decide
PASSING = frozenset({502, 503, 504})

OnRetry = Callable[[OutdialError, float], None]  # gets why a request failed, and the seconds until it is sent again


@dataclass(frozen=True)
class Retries:
    """A 429 was refused before anything was done: any request is sent again. What may have been done is sent again only
    where it may be done twice: it reads, or has an idempotency key."""

    max_retries: int = 2

    def wait_seconds(self, call: Call, failed: int, error: OutdialError) -> float | None:
        """How long to wait before the next attempt, after so many that `failed`. None: give up."""
        if failed > self.max_retries or not _may_repeat(call, error):
            return None
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= MAX_RETRY_AFTER_SECONDS else None
        wait = min(FIRST_WAIT_SECONDS * 2.0 ** (failed - 1), MAX_WAIT_SECONDS)
        return wait * random.uniform(0.75, 1.25)  # noqa: S311  no secret


class Attempts:
    """Those of one call."""

    def __init__(self, call: Call, retries: Retries, on_retry: OnRetry | None) -> None:
        self._call = call
        self._retries = retries
        self._on_retry = on_retry
        self._failed = 0

    def wait_seconds(self, error: OutdialError) -> float:
        """How long to wait after this one failed. Raises the error where it was the last."""
        self._failed += 1
        wait = self._retries.wait_seconds(self._call, self._failed, error)
        if wait is None:
            raise error
        if self._on_retry is not None:
            self._on_retry(error, wait)
        return wait


def _may_repeat(call: Call, error: OutdialError) -> bool:
    if isinstance(error, NoAnswer):
        return call.repeatable or not error.sent
    if isinstance(error, ApiError | UnexpectedAnswer):
        return error.status == TOO_MANY_REQUESTS or (error.status in PASSING and call.repeatable)
    return False
