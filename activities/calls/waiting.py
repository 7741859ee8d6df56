"""How activities wait: shielded, with retries, and gone when their worker stops."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

WRITE_TIMEOUT_SECONDS = 60.0  # the database may be away while a call id is in hand

Result = TypeVar("Result")
Found_co = TypeVar("Found_co", covariant=True)


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


class Waiter(Protocol[Found_co]):
    """What one call waits for; `wake` ends that."""

    async def wait(self, seconds: float) -> Found_co: ...
    def wake(self) -> None: ...


class Shutdown:
    """The end of the worker, waited for once for all calls that wait on it."""

    def __init__(self) -> None:
        self._waiting: set[Waiter[Any]] = set()
        self._task: asyncio.Task[None] | None = None

    async def wait(self, waiter: Waiter[Result], seconds: float) -> Result:
        """What `waiter` finds within `seconds`; falsy where that is nothing.

        Raises ApplicationError when the worker stops before: another one goes on.
        """
        if activity.is_worker_shutdown():
            raise stopping()
        with self._waking(waiter):
            found = await waiter.wait(seconds)
        if not found and activity.is_worker_shutdown():
            raise stopping()
        return found

    @contextmanager
    def _waking(self, waiter: Waiter[Any]) -> Iterator[None]:
        """Whoever comes first waits for the worker's end for all, whoever leaves last ends that."""
        self._waiting.add(waiter)
        if self._task is None:
            self._task = asyncio.ensure_future(activity.wait_for_worker_shutdown())
            self._task.add_done_callback(self._wake_all)
        try:
            yield
        finally:
            self._waiting.remove(waiter)
            if not self._waiting and self._task is not None:
                self._task.cancel()
                self._task = None

    def _wake_all(self, ended: asyncio.Task[None]) -> None:
        if ended is self._task:
            self._task = None
            for waiter in self._waiting:
                waiter.wake()


def stopping() -> ApplicationError:
    return ApplicationError(
        "This worker is stopping; another one goes on.",
        type="WorkerStopping",
        next_retry_delay=timedelta(milliseconds=200),
        category=ApplicationErrorCategory.BENIGN,
    )
