"""Which requests are let in: what their heads say is enough to know.

The protocol asks before it parses a head, where a refusal costs a tenth of what it costs later; `middleware.Admission`
asks again, for heads that came in pieces or through a proxy.
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from math import ceil
from typing import NamedTuple

from api.http.errors import ApiError, Overloaded, RateLimited
from api.http.limits import (
    LARGE_BODY_BYTES,
    MAX_CALLBACKS,
    MAX_LARGE_OF_A_KEY,
    MAX_REQUESTS,
    MAX_REQUESTS_OF_A_KEY,
)

ALWAYS_ANSWERED = frozenset({"/healthz", "/readyz", "/v1/healthz", "/v1/readyz"})
CALLBACKS = ("/carriers/", "/v1/carriers/")
CALLS = ("/calls/", "/v1/calls/")  # where tokens of calls are taken, which are looked up nowhere
KEY_HEADERS = frozenset({b"authorization", b"x-api-key"})
BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})
TOO_MANY_KEYS = "Too many unknown keys came from your address."

LOG_SECONDS = 10.0

_LINE = re.compile(rb"(?!HEAD )[A-Z]+ (/[^ ?%\r\n]*)(?:\?[^ \r\n]*)? HTTP/1\.1\r\n")
_READ = rb"authorization|x-api-key|x-forwarded-for|content-length|transfer-encoding|connection"
_HEADER = re.compile(rb"\r\n(" + _READ + rb"):([^\r\n]*)", re.I)

log = logging.getLogger("api.http.admission")


class Head(NamedTuple):
    """Of a request, what admission needs. `key`: whatever says who sends, as it was sent; empty: nothing does."""

    path: str
    key: bytes
    large: bool = False  # the body

    @property
    def token(self) -> str:
        """The key itself, without the word before it."""
        scheme, _, token = self.key.decode("latin-1").strip().partition(" ")
        return token.strip() if scheme.lower() == "bearer" else scheme


class RawHead(NamedTuple):
    """A head that arrived as one piece. `alone`: nothing follows it, and the connection stays open."""

    head: Head
    forwarded: bool  # a proxy says for whom
    alone: bool


def sent_key(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Whatever says who sends, as it was sent; empty: nothing does."""
    return next((value for name, value in headers if name in KEY_HEADERS), b"")


def has_large_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the head tells of a large body, or of one whose length it does not tell."""
    for name, value in headers:
        if name == b"transfer-encoding":
            return True
        if name == b"content-length":
            return not value.isdigit() or int(value[:20]) > LARGE_BODY_BYTES
    return False


def read_raw_head(data: bytes) -> RawHead | None:
    """None where this is no whole head, or one that only a parser should judge."""
    end = data.find(b"\r\n\r\n")
    line = _LINE.match(data)
    if end < 0 or line is None:
        return None
    headers = [(name.lower(), value.strip()) for name, value in _HEADER.findall(data, line.end() - 2, end)]
    named = dict(headers)
    stays_open = named.get(b"connection", b"keep-alive").lower() == b"keep-alive"
    return RawHead(
        head=Head(line[1].decode("latin-1"), sent_key(headers), has_large_body(headers)),
        forwarded=b"x-forwarded-for" in named,
        alone=end + 4 == len(data) and stays_open and named.keys().isdisjoint(BODY_HEADERS),
    )


class AdmissionRules:
    """Clients and carriers have places of their own, and no API key has more than a few; large bodies fewer.

    A source that sent many keys which nobody has is let in with keys that were seen to be valid.

    `seconds_to_wait`: before a key from a source may be looked up.
    """

    def __init__(self, seconds_to_wait: Callable[[str, str], float]) -> None:
        self._seconds_to_wait = seconds_to_wait
        self._of_clients = Places(MAX_REQUESTS, MAX_REQUESTS_OF_A_KEY)
        self._of_large_bodies = Places(MAX_REQUESTS, MAX_LARGE_OF_A_KEY)
        self._of_carriers = Places(MAX_CALLBACKS, MAX_CALLBACKS)
        self.log = RefusalLog()

    @contextmanager
    def admitted(self, head: Head) -> Iterator[Callable[[], None]]:
        """Take the request's places; what is yielded gives them back early."""
        with ExitStack() as taken:
            for places in self._places(head):
                taken.enter_context(places.taken(head.key))
            yield taken.close

    def _places(self, head: Head) -> list["Places"]:
        if head.path.startswith(CALLBACKS):
            return [self._of_carriers]
        return [self._of_clients, self._of_large_bodies] if head.large else [self._of_clients]

    def refusal(self, head: Head, source: str) -> ApiError | None:
        """Why this request is not let in; None: it is. `source`: the client's address."""
        if head.path in ALWAYS_ANSWERED:
            return None
        if not all(places.has_room(head.key) for places in self._places(head)):
            return Overloaded()
        if not head.key or head.path.startswith((*CALLBACKS, *CALLS)):
            return None
        seconds = self._seconds_to_wait(head.token, source)
        return too_many_keys(seconds) if seconds else None


def too_many_keys(seconds: float) -> RateLimited:
    """To be tried again after so many seconds."""
    wait = ceil(seconds)
    return RateLimited(f"{TOO_MANY_KEYS} Try again in {wait} s.", headers={"Retry-After": str(wait)})


class Places:
    """So many requests at once, and so many of them with one key."""

    def __init__(self, count: int, of_a_key: int) -> None:
        self._left = count
        self._of_a_key = of_a_key
        self._taken: Counter[bytes] = Counter()  # by key, whether it is valid or not

    def has_room(self, key: bytes) -> bool:
        return self._left > 0 and self._taken[key] < self._of_a_key

    @contextmanager
    def taken(self, key: bytes) -> Iterator[None]:
        """Take a place while the block runs."""
        self._left -= 1
        self._taken[key] += 1
        try:
            yield
        finally:
            self._left += 1
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]


class RefusalLog:
    """What was refused before it was parsed, one line for many: whoever floods the process does not flood its log."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def count(self, error: ApiError) -> None:
        if not self._counts:
            asyncio.get_running_loop().call_later(LOG_SECONDS, self._write)
        self._counts[error.status] += 1

    def _write(self) -> None:
        counts = ", ".join(f"{status}: {count}" for status, count in sorted(self._counts.items()))
        log.warning("Requests that were refused by their heads in the last %.0f s, by status: %s", LOG_SECONDS, counts)
        self._counts.clear()
