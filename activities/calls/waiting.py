"""How activities wait: shielded, with retries, and gone when their worker stops."""

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

WRITE_TIMEOUT_SECONDS = 60.0  # the database may be away while a call id is in hand

Result = TypeVar("Result")


async def shield_until_done(step: Coroutine[Any, Any, Result]) -> Result:
    """Await, shielded: what is claimed is requested, and what was requested is recorded, whatever happens meanwhile.

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
    """Note that the cancellation which was just caught is dealt with."""
    _this_task().uncancel()


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    if task is None:
        raise AssertionError("activities run in tasks")
    return task


async def retry_write(write: Callable[[], Awaitable[object]]) -> None:
    """Write what must not be lost, again and again while the database is away. Raises the last error."""
    give_up_at = time.monotonic() + WRITE_TIMEOUT_SECONDS
    while True:
        try:
            await write()
            return
        except Exception as error:  # the database is away, in one of its many words
            if time.monotonic() > give_up_at:
                raise
            activity.logger.warning("the database does not answer (%s); writing again", type(error).__name__)
            await asyncio.sleep(0.5)


async def wait_for_news(follower: "Follower", seconds: float) -> "DialRow | None":
    """Wait for a dial to move; None when `seconds` are over.

    Raises ApplicationError when the worker stops: another one follows the call.
    """
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


async def is_set_unless_stopping(event: asyncio.Event, seconds: float) -> bool:
    """Whether it is set within `seconds`. Raises ApplicationError when the worker stops."""
    waiting = asyncio.ensure_future(event.wait())
    shutdown = asyncio.ensure_future(activity.wait_for_worker_shutdown())
    try:
        await asyncio.wait((waiting, shutdown), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if shutdown.done():
            raise stopping()
        return waiting.done()
    finally:
        waiting.cancel()
        shutdown.cancel()


def stopping() -> ApplicationError:
    return ApplicationError(
        "This worker is stopping; another one goes on.",
        type="WorkerStopping",
        next_retry_delay=timedelta(milliseconds=200),
        category=ApplicationErrorCategory.BENIGN,
    )
