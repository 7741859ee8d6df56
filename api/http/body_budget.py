"""How many bytes of request bodies the process holds at once, in all and of one organization."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.http.errors import Unavailable

MAX_HELD = 256 * 1024 * 1024  # bytes
MAX_HELD_OF_ONE = 64 * 1024 * 1024  # bytes; two bodies of contacts of the largest size
FULL = "Too many large requests are being read. Send this one again in a moment."


class BodyShare:
    """What one request holds."""

    def __init__(self, budget: "BodyBudget", owner: str) -> None:
        self._budget = budget
        self._owner = owner
        self.held = 0

    def add(self, size: int) -> None:
        """Raises Unavailable where so many bytes more are too many."""
        self._budget.add(self._owner, size)
        self.held += size


class BodyBudget:
    """Counts what is read of bodies until their requests end."""

    def __init__(self, most: int = MAX_HELD, most_of_one: int = MAX_HELD_OF_ONE) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._held: Counter[str] = Counter()

    @contextmanager
    def share(self, owner: str) -> Iterator[BodyShare]:
        """What a request of this organization holds, given back at the end."""
        share = BodyShare(self, owner)
        try:
            yield share
        finally:
            self._held[owner] -= share.held
            self._held += Counter()  # without those that hold nothing

    def add(self, owner: str, size: int) -> None:
        if self._held.total() + size > self._most or self._held[owner] + size > self._most_of_one:
            raise Unavailable(FULL)
        self._held[owner] += size
