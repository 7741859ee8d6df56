"""Waiting for what somebody else does: another process, another task."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

SOON = 15.0  # seconds within which what a test waits for happens, also on a busy machine
T = TypeVar("T")


def until(holds: Callable[[], object], seconds: float, every: float = 0.02) -> None:
    """Block until it holds; what costs much is asked less often."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(every)


async def eventually(question: Callable[[], Awaitable[T] | T], seconds: float = SOON) -> T:
    """The first answer that is neither None nor False nor empty."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        found = await answer if isinstance(answer, Awaitable) else answer
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.01)


@contextlib.contextmanager
def meanwhile(work: Callable[[], object], every: float) -> Iterator[None]:
    """Again and again, in a thread, with so many seconds between, until the block ends."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(every):
            work()

    worker = threading.Thread(target=repeat, daemon=True)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join(30)
