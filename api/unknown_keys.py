"""Requests with keys that nobody was given: refused without asking the database, wherever that is possible."""

import hashlib
import re
import time
from collections import OrderedDict
from typing import Annotated, Any

from api.dependencies import service

FORM = re.compile(r"ods?_[A-Za-z0-9_-]{43}")  # keys, and sessions of the console, as the store makes them
UNKNOWN_SECONDS = 10.0  # for which a key that was not found is not looked up again
MAX_FAILURES = 200  # of one source at a stretch; then keys that were never found here are looked up at a rate
FAILURES_PER_SECOND = 20.0
MAX_REMEMBERED = 10_000


class UnknownKeys:
    """What this process learned of keys lately, by their hashes, and how many of a source were unknown.

    `platform_key` is one that nobody looks up; empty: there is none.
    """

    def __init__(self, platform_key: str = "") -> None:
        self._platform = _digest(platform_key) if platform_key else b""
        self._unknown: OrderedDict[bytes, float] = OrderedDict()
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._failures: OrderedDict[str, tuple[float, float]] = OrderedDict()  # by source: when, how many it had left

    def is_unknown(self, key: str) -> bool:
        """Whether it cannot be a key, or was none a moment ago."""
        if not FORM.fullmatch(key):
            return True
        until = self._unknown.get(_digest(key))
        return until is not None and until > time.monotonic()

    def seconds_to_wait(self, key: str, source: str) -> float:
        """How long a source must wait before it may try a key that was never found here; 0: it may."""
        left = self._left(source)
        if left >= 1.0 or (digest := _digest(key)) in self._known or digest == self._platform:
            return 0.0
        return (1.0 - left) / FAILURES_PER_SECOND

    def found(self, key: str) -> None:
        _remember(self._known, _digest(key), None)

    def not_found(self, key: str, source: str) -> None:
        digest, now = _digest(key), time.monotonic()
        self._known.pop(digest, None)
        _remember(self._unknown, digest, now + UNKNOWN_SECONDS)
        self.refused(source)

    def refused(self, source: str) -> None:
        """Count a request with a key that was known to be none: it costs no look-up, and still a request."""
        left = max(-float(MAX_FAILURES), self._left(source) - 1.0)  # less than none: they were looked up at once
        _remember(self._failures, source, (time.monotonic(), left))

    def _left(self, source: str) -> float:
        """Failures that a source may have now; they come back with time."""
        at, left = self._failures.get(source, (0.0, MAX_FAILURES))
        return min(float(MAX_FAILURES), left + (time.monotonic() - at) * FAILURES_PER_SECOND)


UnknownKeysDep = Annotated[UnknownKeys, service(UnknownKeys)]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()


def _remember(kept: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > MAX_REMEMBERED:
        kept.popitem(last=False)
