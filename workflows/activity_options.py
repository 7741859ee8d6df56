"""Short activities, one transaction each: for our own failures again and again."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

SHORT_TIMEOUT = timedelta(seconds=30)  # the store's own limits come first
SHORT_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=10)
)

Owner = TypeVar("Owner")
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


async def execute_short_activity(
    activity: Callable[[Owner, Asked], Coroutine[Any, Any, Answer]], asked: Asked, retry: RetryPolicy = SHORT_RETRY
) -> Answer:
    """Run a short activity. Raises ActivityError where it fails for good, or `retry` ends."""
    answer: Answer = await workflow.execute_activity_method(
        activity, asked, start_to_close_timeout=SHORT_TIMEOUT, retry_policy=retry
    )
    return answer
