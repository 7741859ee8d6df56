"""How dear the machine's CPU is: what the same piece of work costs from second to second.

A shared machine changes by a third from one half hour to the next, and whoever compares the CPU of two works that are
so far apart compares the half hours. In pieces of fixed work done meanwhile they can be compared.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from statistics import mean

from tests.waiting import meanwhile

EVERY_SECONDS = 1.0
ROWS = [{"phone": f"+1202555{n:04}", "name": f"Customer {n}", "attempts": n % 4} for n in range(2_000)]


class FixedWork:
    """CPU seconds of a piece, one a second from when it is watched."""

    def __init__(self) -> None:
        self.pieces: list[float] = []

    @classmethod
    @contextlib.contextmanager
    def watched(cls) -> Iterator["FixedWork"]:
        work = cls()
        with meanwhile(work._do_a_piece, EVERY_SECONDS):
            yield work

    @property
    def seconds(self) -> float:
        """Of CPU a piece, in the mean."""
        return mean(self.pieces)

    def _do_a_piece(self) -> None:
        began = time.thread_time()
        read = json.loads(json.dumps(ROWS))
        {row["phone"]: sorted(row.items()) for row in read}
        self.pieces.append(time.thread_time() - began)
