"""When a job starts, as a client writes it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.api.client import Api, refused

BERLIN = ZoneInfo("Europe/Berlin")


def last_sunday(year: int, month: int) -> datetime:
    """The day of the European Union's clock changes."""
    day = datetime(year, month, 31, tzinfo=UTC)
    return day - timedelta(days=(day.weekday() + 1) % 7)


def next_change(month: int) -> datetime:
    now = datetime.now(UTC)
    this_year = last_sunday(now.year, month)
    return this_year if this_year > now + timedelta(days=1) else last_sunday(now.year + 1, month)


def in_days(days: int) -> datetime:
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_time_with_an_offset_is_not_shifted_by_the_zone(api: Api) -> None:
    start = in_days(3)
    text = start.astimezone(BERLIN).isoformat()
    for zone in ("UTC", "America/New_York"):
        body = (await api.send(scheduledStartTime=text, timezone=zone)).json()
        assert body["status"] == "scheduled"
        assert body["scheduledStartTime"] == written(start)
        assert f"Calling starts at {written(start)}." in body["message"]
        assert "its start is delayed" in body["message"].lower()
        job = await api.job(body["batchJobId"])
        assert (job["status"], job["scheduledStartTime"]) == ("scheduled", written(start))


async def test_a_time_without_an_offset_is_wall_clock_time_in_the_zone(api: Api) -> None:
    day = in_days(30).astimezone(BERLIN).replace(hour=9, minute=30, second=0, tzinfo=None)
    expected = written(day.replace(tzinfo=BERLIN).astimezone(UTC))
    for text in (f"{day:%Y-%m-%dT%H:%M}", f"{day:%Y-%m-%d %H:%M:%S}", f"{day:%Y-%m-%dT%H:%M:%S}.000"):
        body = (await api.upload(scheduledStartTime=text, timezone="Europe/Berlin")).json()
        assert body["scheduledStartTime"] == expected


async def test_milliseconds_are_kept_and_shown_where_not_zero(api: Api) -> None:
    start = in_days(2)
    body = (await api.send(scheduledStartTime=f"{start:%Y-%m-%dT%H:%M:%S}.250Z")).json()
    assert body["scheduledStartTime"] == f"{start:%Y-%m-%dT%H:%M:%S}.250Z"


async def test_an_hour_that_the_clock_skips_starts_right_after_the_gap(api: Api) -> None:
    day = next_change(3)
    body = (await api.send(scheduledStartTime=f"{day:%Y-%m-%d}T02:30", timezone="Europe/Berlin")).json()
    assert body["scheduledStartTime"] == f"{day:%Y-%m-%d}T01:00:00Z"  # 03:00 CEST
    assert f"02:30 on {day:%Y-%m-%d}" in body["message"]
    assert "03:00" in body["message"]


async def test_an_hour_that_comes_twice_means_the_first(api: Api) -> None:
    day = next_change(10)
    body = (await api.send(scheduledStartTime=f"{day:%Y-%m-%d}T02:30", timezone="Europe/Berlin")).json()
    assert body["scheduledStartTime"] == f"{day:%Y-%m-%d}T00:30:00Z"  # 02:30 CEST; the second is CET
    assert "twice" in body["message"]


async def test_up_to_a_minute_ago_is_now(api: Api) -> None:
    just = datetime.now(UTC) - timedelta(seconds=50)
    body = (await api.send(scheduledStartTime=just.isoformat())).json()
    assert (body["status"], body["scheduledStartTime"]) == ("pending", None)
    before = datetime.now(UTC) - timedelta(seconds=65)
    refused(await api.send(scheduledStartTime=before.isoformat()), 400, "past_scheduled_time")


async def test_a_year_and_a_day_ahead_is_the_end(api: Api) -> None:
    near = datetime.now(UTC) + timedelta(days=366) - timedelta(minutes=1)
    assert (await api.send(scheduledStartTime=near.isoformat())).json()["status"] == "scheduled"
    far = near + timedelta(minutes=2)
    refused(await api.send(scheduledStartTime=far.isoformat()), 400, "invalid_request")


async def test_what_is_no_start_or_no_zone_is_refused(api: Api) -> None:
    body = refused(await api.send(scheduledStartTime="2027-02-30T00:00Z"), 400, "invalid_request")
    assert body["details"][0]["field"] == "scheduledStartTime"
    refused(await api.send(timezone="Mars/Base"), 400, "invalid_timezone")
