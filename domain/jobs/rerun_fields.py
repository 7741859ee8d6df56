"""What a retry may say: who is called again, and what is different this time."""

from datetime import datetime
from typing import Any

from domain.jobs.fields import body_values, ignored, read_call_limit, read_name
from domain.jobs.models import JobRequest
from domain.jobs.rule_fields import read_attempts
from domain.jobs.start_fields import place_moments, read_moments
from domain.model import Model

RETRY_FIELDS = frozenset(
    {"name", "fromPhoneNumberId", "concurrentCallLimit", "maxAttempts", "scheduledStartTime", "timezone"}
    | {"includeUnknown"}
)
MAX_NAME_LENGTH = 200
_AGAIN = " (retry)"


class ReadRetry(Model):
    """The request of the new job, what a clock change did to its start, and what was ignored."""

    request: JobRequest
    include_unknown: bool
    start_note: str | None
    warnings: list[str]


def read_retry(body: Any, earlier: JobRequest, now: datetime) -> ReadRetry:
    """Read a JSON body on top of the request of the earlier job, whose zone is the usual one.

    Raises InvalidRequest naming every bad field, then InvalidTimezone, then PastScheduledTime.
    """
    values = body_values(body)
    given: dict[str, Any] = {
        "name": read_name(values) if values.given("name") is not None else _named_again(earlier.name),
        "from_phone_number_id": values.text("fromPhoneNumberId") or earlier.from_phone_number_id,
    }
    if values.given("concurrentCallLimit") is not None:
        given["concurrent_call_limit"] = read_call_limit(values)
    if values.given("maxAttempts") is not None:
        given["max_attempts"] = read_attempts(values)
    include_unknown = values.boolean("includeUnknown", default=False)
    written = read_moments(values)
    values.refuse_problems()
    moments = place_moments(written.model_copy(update={"end": None}), values, earlier.timezone, now)
    times = {"scheduled_start_time": moments.start, "timezone": moments.zone}
    return ReadRetry(
        request=earlier.model_copy(update=given | times),
        include_unknown=include_unknown,
        start_note=moments.note,
        warnings=ignored(values, RETRY_FIELDS),
    )


def _named_again(name: str) -> str:
    return name if name.endswith(_AGAIN) else f"{name[: MAX_NAME_LENGTH - len(_AGAIN)]}{_AGAIN}"
