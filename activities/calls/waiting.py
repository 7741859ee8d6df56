"""How activities wait: shielded, persistent, and gone when their worker stops."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

if TYPE_CHECKING:
    from store.calls.dial_rows import DialRow
    from store.calls.watcher import Follower

RECORD_FOR_SECONDS = 60.0  # the database away while a call id is in hand

Answer = TypeVar("Answer")


async def shield_until_done(step: Coroutine[Any, Any, Answer]) -> Answer:
    """Await, shielded: what is claimed is asked, what was asked is recorded, before anybody else looks.

    A cancellation that comes meanwhile is raised by the next await that waits for something.
    """
    task = asyncio.ensure_future(step)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            cancelled = True
            swallow_cancellation()
    if cancelled:
        _this_task().cancel()
    return task.result()


def swallow_cancellation() -> None:
    """The cancellation that was just caught is dealt with."""
    _this_task().uncancel()


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    if task is None:
        raise AssertionError("activities run in tasks")
    return task


async def retry_write(write: Callable[[], Awaitable[object]]) -> None:
    """Write what must not be lost, while the database comes back."""
    give_up_at = time.monotonic() + RECORD_FOR_SECONDS
    while True:
        try:
            await write()
            return
        except Exception as error:  # the database is away, in one of its many words
            if time.monotonic() > give_up_at:
                raise
            activity.logger.warning("the record does not answer (%s); writing again", type(error).__name__)
            await asyncio.sleep(0.5)


async def wait_for_news(follower: "Follower", seconds: float) -> "DialRow | None":
    """Wait for news. A worker that stops leaves the call alone: another one follows it."""
    waiting = asyncio.ensure_future(follower.wait(seconds))
    shutdown = asyncio.ensure_future(activity.wait_for_worker_shutdown())
    try:
        await asyncio.wait((waiting, shutdown), return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        raise stopping()
    finally:
        waiting.cancel()
        shutdown.cancel()


async def sleep_unless_stopping(seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await activity.wait_for_worker_shutdown()
    except TimeoutError:
        return
    raise stopping()


def stopping() -> ApplicationError:
    return ApplicationError(
        "This worker is stopping; another one goes on.",
        type="WorkerStopping",
        next_retry_delay=timedelta(milliseconds=200),
        category=ApplicationErrorCategory.BENIGN,
    )
