"""The fields of PATCH: what is refused, and how the new times lie to the job's own."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.errors import InvalidRequest, InvalidTimezone, PastScheduledTime
from domain.jobs.change_request import read_change
from domain.jobs.models import JobChange

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
START, END = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 10, tzinfo=UTC)


def change(zone: str = "UTC", start: datetime | None = START, /, **fields: Any) -> tuple[JobChange, str | None]:
    return read_change(fields).resolve(zone, start, END, NOW)


def blamed(error: pytest.ExceptionInfo[InvalidRequest]) -> list[str]:
    return [detail["field"] for detail in error.value.details]


def test_only_what_is_sent_is_set() -> None:
    changed, note = change(name=" Spring ", concurrentCallLimit="7", maxCost=12.5)
    assert changed == JobChange(name="Spring", concurrent_call_limit=7, max_cost=Decimal("12.5"))
    assert changed.model_fields_set == {"name", "concurrent_call_limit", "max_cost"}
    assert note is None


def test_null_takes_away_what_may_be_empty() -> None:
    names = {"description", "calling_window", "max_cost", "end_time"}
    changed, _ = change(description=None, callingWindow=None, maxCost=None, endTime=None)
    assert changed.model_fields_set == names
    assert {getattr(changed, name) for name in names} == {None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 201),
        ("name", 7),
        ("description", "x" * 1001),
        ("concurrentCallLimit", 0),
        ("concurrentCallLimit", 51),
        ("concurrentCallLimit", True),
        ("maxAttempts", 11),
        ("maxAttempts", 5.5),
        ("priority", 0),
        ("priority", 10),
        ("callingWindow", "us-nowhere"),
        ("callingWindow", {"from": "20:00", "to": "09:00"}),
        ("callingWindow", {"from": "09:00"}),
        ("onMachine", "hangup"),
        ("maxCost", 0),
        ("maxCost", -1),
        ("maxCost", "0.0000001"),
        ("endTime", "tomorrow"),
        ("endTime", "2020-01-01T00:00Z"),
        ("scheduledStartTime", "2027-13-01T00:00Z"),
    ],
)
def test_a_bad_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        change(**({"priority": 7} | {field: value}))
    assert [name.partition(".")[0] for name in blamed(refused)] == [field]


@pytest.mark.parametrize(
    "field", ["name", "concurrentCallLimit", "maxAttempts", "priority", "onMachine", "scheduledStartTime", "timezone"]
)
def test_what_cannot_be_empty_cannot_be_null(field: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^{field} cannot be null") as refused:
        read_change({field: None})
    assert blamed(refused) == [field]


@pytest.mark.parametrize("field", ["fromPhoneNumberId", "status", "concurrentCallLimits", "max_cost", "retryPolicy"])
def test_what_cannot_be_changed_is_refused_before_any_value_is_read(field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_change({"priority": 0, field: "x"})
    assert refused.value.details == [{"field": f'"{field}"', "reason": "cannot be changed"}]


def test_nothing_is_no_change() -> None:
    with pytest.raises(InvalidRequest, match="Nothing is to be changed: send at least one of callingWindow, conc"):
        read_change({})


def test_several_bad_fields_are_all_named() -> None:
    with pytest.raises(InvalidRequest) as refused:
        change(priority=0, maxCost="x")
    assert set(blamed(refused)) == {"priority", "maxCost"}


def test_codes_of_times_are_those_of_create() -> None:
    with pytest.raises(PastScheduledTime):
        change(scheduledStartTime="2026-11-23T12:00Z")
    with pytest.raises(InvalidTimezone):
        change(timezone="Mars/Olympus")


def test_a_new_start_is_wall_clock_time_in_the_zone_of_the_job_or_of_the_change() -> None:
    changed, _ = change("Asia/Kolkata", scheduledStartTime="2026-12-02T09:00")
    assert changed.scheduled_start_time == datetime(2026, 12, 2, 3, 30, tzinfo=UTC)
    assert "timezone" not in changed.model_fields_set
    changed, _ = change("Asia/Kolkata", scheduledStartTime="2026-12-02T09:00", timezone="Asia/Tokyo")
    assert (changed.scheduled_start_time, changed.timezone) == (datetime(2026, 12, 2, tzinfo=UTC), "Asia/Tokyo")


def test_a_start_of_a_moment_ago_is_now() -> None:
    changed, _ = change(scheduledStartTime="2026-11-24T11:59:30Z")
    assert changed.scheduled_start_time == NOW


def test_a_clock_change_is_told() -> None:
    _, note = change("Europe/Berlin", endTime="2027-03-28T02:30")
    assert note is not None
    assert note.startswith("A clock change skips 02:30 on 2027-03-28")


@pytest.mark.parametrize(
    ("start", "end", "blames"),
    [
        (None, "2026-11-30T00:00Z", ("endTime", "must be after the start")),
        ("2026-12-11T00:00Z", None, ("scheduledStartTime", "must be before endTime")),
        ("2026-12-11T00:00Z", "2026-12-11T00:00Z", ("endTime", "must be after the start")),
    ],
)
def test_the_end_comes_after_the_start(start: str | None, end: str | None, blames: tuple[str, str]) -> None:
    times = {"scheduledStartTime": start, "endTime": end}
    with pytest.raises(InvalidRequest) as refused:
        change(**{name: time for name, time in times.items() if time is not None})
    assert [(detail["field"], detail["reason"]) for detail in refused.value.details] == [blames]


def test_a_job_that_began_may_end_at_any_time_to_come() -> None:
    changed, _ = change("UTC", None, endTime="2026-11-24T12:01Z")
    assert changed.end_time == datetime(2026, 11, 24, 12, 1, tzinfo=UTC)
