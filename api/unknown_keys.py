"""Requests with keys that nobody was given: refused without asking the database, wherever that is possible."""

import hashlib
import re
import time
from collections import OrderedDict
from typing import Annotated, Any

from api.dependencies import service

FORM = re.compile(r"od_[A-Za-z0-9_-]{43}")  # as `store.organizations.api_keys` makes them
UNKNOWN_SECONDS = 10.0  # for which a key that was not found is not looked up again
SPAN_SECONDS = 60.0
MAX_FAILURES = 600  # of one source in a span; then only keys that were found before are looked up
MAX_REMEMBERED = 10_000


class UnknownKeys:
    """What this process learned of keys lately, by their hashes, and how many of a source were unknown."""

    def __init__(self) -> None:
        self._unknown: OrderedDict[bytes, float] = OrderedDict()
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()  # by source: since when, how many

    def is_unknown(self, key: str) -> bool:
        """Whether it cannot be a key, or was none a moment ago."""
        if not FORM.fullmatch(key):
            return True
        until = self._unknown.get(_digest(key))
        return until is not None and until > time.monotonic()

    def seconds_to_wait(self, key: str, source: str) -> float:
        """How long a source must wait before it may try a key that was never found here; 0: it may."""
        since, failures = self._failures.get(source, (0.0, 0))
        left = since + SPAN_SECONDS - time.monotonic()
        return left if failures >= MAX_FAILURES and left > 0 and _digest(key) not in self._known else 0.0

    def found(self, key: str) -> None:
        _remember(self._known, _digest(key), None)

    def not_found(self, key: str, source: str) -> None:
        digest, now = _digest(key), time.monotonic()
        self._known.pop(digest, None)
        _remember(self._unknown, digest, now + UNKNOWN_SECONDS)
        since, failures = self._failures.get(source, (now, 0))
        _remember(self._failures, source, (now, 1) if since + SPAN_SECONDS <= now else (since, failures + 1))


UnknownKeysDep = Annotated[UnknownKeys, service(UnknownKeys)]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()


def _remember(kept: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > MAX_REMEMBERED:
        kept.popitem(last=False)
