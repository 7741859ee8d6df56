"""Short activities, one transaction each, retried for our own failures without end."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

SHORT_TIMEOUT = timedelta(seconds=30)  # the store's own limits come first
SHORT_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=10)
)

Activities = TypeVar("Activities")
Input = TypeVar("Input")
Result = TypeVar("Result")


async def execute_short_activity(
    activity: Callable[[Activities, Input], Coroutine[Any, Any, Result]],
    input: Input,
    retry: RetryPolicy = SHORT_RETRY,
) -> Result:
    """Run a short activity. Raises ActivityError where it fails for good, or `retry` ends."""
    result: Result = await workflow.execute_activity_method(
        activity, input, start_to_close_timeout=SHORT_TIMEOUT, retry_policy=retry
    )
    return result
