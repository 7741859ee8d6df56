"""What a retry may say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import InvalidRequest, InvalidTimezone, PastScheduledTime
from domain.jobs.models import JobRequest
from domain.jobs.rerun import ParsedRetry, read_retry

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
EARLIER = JobRequest(name="May", from_phone_number_id="phone_1", timezone="Europe/Berlin", max_attempts=9, priority=7)


def retry(earlier: JobRequest = EARLIER, /, **fields: Any) -> ParsedRetry:
    return read_retry(fields, earlier, NOW)


def test_without_a_body_the_new_job_is_like_the_old_one() -> None:
    read = retry()
    assert read.request == EARLIER.model_copy(update={"name": "May (retry)"})
    assert (read.include_unknown, read.start_note, read.warnings) == (False, None, [])
    assert retry(**dict.fromkeys(["name", "maxAttempts", "includeUnknown", "timezone"])) == read
    assert retry(fromPhoneNumberId="") == read


@pytest.mark.parametrize(
    ("name", "again"), [("May (retry)", "May (retry)"), ("x" * 200, "x" * 192 + " (retry)"), ("x", "x (retry)")]
)
def test_a_name_says_once_that_it_is_a_retry(name: str, again: str) -> None:
    assert retry(EARLIER.model_copy(update={"name": name})).request.name == again


def test_the_body_says_what_is_different_this_time() -> None:
    read = retry(
        name="Second round",
        maxAttempts="2",
        concurrentCallLimit=3,
        scheduledStartTime="2026-12-01T09:00",
        fromPhoneNumberId="phone_2",
        includeUnknown="True",
        priority=1,
        color="red",
    )
    changed = {
        "name": "Second round",
        "max_attempts": 2,
        "concurrent_call_limit": 3,
        "scheduled_start_time": datetime(2026, 12, 1, 8, tzinfo=UTC),  # in the old job's zone
        "from_phone_number_id": "phone_2",
    }
    assert read.request == EARLIER.model_copy(update=changed)
    assert read.include_unknown is True
    assert read.warnings == [f'The unknown field "{name}" was ignored.' for name in ("priority", "color")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("maxAttempts", 11),
        ("includeUnknown", "maybe"),
        ("name", " "),
        ("timezone", 5),
        ("scheduledStartTime", "x"),
        ("endTime", "x"),
    ],
)
def test_a_bad_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        retry(**{field: value})
    assert [detail["field"] for detail in refused.value.details] == [field]


def test_an_end_is_ignored() -> None:
    read = retry(endTime="2026-12-01T09:00")
    assert (read.request.end_time, read.warnings) == (None, ['The unknown field "endTime" was ignored.'])


def test_the_codes_of_times_are_those_of_create() -> None:
    with pytest.raises(PastScheduledTime):
        retry(scheduledStartTime="2020-01-01T00:00Z")
    with pytest.raises(InvalidTimezone):
        retry(timezone="Mars/Phobos")


def test_a_body_is_an_object() -> None:
    with pytest.raises(InvalidRequest, match="must be a JSON object"):
        read_retry([], EARLIER, NOW)
