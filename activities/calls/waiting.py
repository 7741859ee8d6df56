"""How activities wait: shielded, with retries, and gone when their worker stops."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
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


async def retry_write(write: Callable[[], Awaitable[Result]]) -> Result:
    """Write what must not be lost, again and again while the database is away. Raises the last error."""
    give_up_at = time.monotonic() + WRITE_TIMEOUT_SECONDS
    while True:
        try:
            return await write()
        except Exception as error:  # the database is away, in one of its many words
            if time.monotonic() > give_up_at:
                raise
            activity.logger.warning("the database does not answer (%s); writing again", type(error).__name__)
            await asyncio.sleep(0.5)


class Shutdown:
    """The end of the worker, waited for once for all calls that wait on it."""

    def __init__(self) -> None:
        self._waiting: set[Follower] = set()
        self._task: asyncio.Task[None] | None = None

    async def wait_for_news(self, follower: "Follower", seconds: float) -> "DialRow | None":
        """Wait for a dial to move; None when `seconds` are over, or earlier.

        Raises ApplicationError when the worker stops: another one follows the call.
        """
        if activity.is_worker_shutdown():
            raise stopping()
        with self._waking(follower):
            moved = await follower.wait(seconds)
        if moved is None and activity.is_worker_shutdown():
            raise stopping()
        return moved

    @contextmanager
    def _waking(self, follower: "Follower") -> Iterator[None]:
        """Whoever comes first waits for the worker's end for all, whoever leaves last ends that."""
        self._waiting.add(follower)
        if self._task is None:
            self._task = asyncio.ensure_future(activity.wait_for_worker_shutdown())
            self._task.add_done_callback(self._wake_all)
        try:
            yield
        finally:
            self._waiting.remove(follower)
            if not self._waiting and self._task is not None:
                self._task.cancel()
                self._task = None

    def _wake_all(self, ended: asyncio.Task[None]) -> None:
        if ended is self._task:
            self._task = None
            for follower in self._waiting:
                follower.wake()


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
