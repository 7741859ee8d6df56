"""Nobody is dialed outside a calling window: seen at the carrier, in skipped time, by a judge of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.calling_rules.window_format import parse_window
from domain.calls.retries import RetryPolicy
from domain.jobs.models import NewContact
from domain.model import Model
from domain.statuses import JobStatus
from store.db.engine import Database
from tests.builders import a_contact, a_job, a_number, an_organization
from tests.fakes.carrier import ANSWERS, NO_ANSWER, PlacedCall
from tests.workflows.conftest import SKIPPING, start_temporal
from tests.workflows.running import Running
from tests.workflows.skipped_clock import SkippedClock

NEW_YORK, HONOLULU, BERLIN = "America/New_York", "Pacific/Honolulu", "Europe/Berlin"
KOLKATA, LORD_HOWE = "Asia/Kolkata", "Australia/Lord_Howe"
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NEXT_YEAR = datetime.now(UTC).year + 1
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SOON = timedelta(seconds=30)  # of skipped time: a job that asks for lines skips a few seconds until it has them
MAX_SECONDS = 60.0  # for days of skipped time
JITTER = 0.1


class Rules:
    """What a job may do, judged minute by minute as somebody would who looks at the clock and the calendar."""

    def __init__(self, from_: str, to: str, *days: str) -> None:
        self.from_, self.to, self.days = from_, to, days or EVERY_DAY
        self.holidays: list[date] = []

    def as_json(self) -> dict[str, Any]:
        holidays = [day.isoformat() for day in self.holidays]
        return {"from": self.from_, "to": self.to, "weekdays": list(self.days), "holidays": holidays}

    def allow(self, at: datetime, zones: Iterable[str]) -> bool:
        return all(self._open_on_the_wall(at.astimezone(ZoneInfo(zone))) for zone in zones)

    def first_minute(self, at: datetime, zones: Iterable[str]) -> datetime:
        while not self.allow(at, zones):
            at = at.replace(second=0, microsecond=0) + MINUTE
        return at

    def _open_on_the_wall(self, wall: datetime) -> bool:
        if f"{wall:%a}".lower() not in self.days or wall.date() in self.holidays:
            return False
        return self.from_ <= f"{wall:%H:%M}" < self.to


class Place(Model):
    """Where a contact may be, and from when on it may be called."""

    zones: tuple[str, ...]
    since: datetime


class Scene:
    """Jobs whose calls are told in skipped time by the database, the carrier and the workflow alike."""

    def __init__(self, running: Running) -> None:
        self.running = running

    async def call(self, rules: Rules, places: Sequence[Place], *delays: int) -> list[list[PlacedCall]]:
        """Run a job to its end, a contact for each place, called again after these minutes; the calls to each."""
        given = await an_organization(self.running.engine)
        start = min(place.since for place in places)
        called = [self._contact(row, place) for row, place in enumerate(places)]
        stored = await a_job(
            self.running.engine,
            given,
            called,
            calling_window=parse_window(rules.as_json()),
            scheduled_start_time=start,
            max_attempts=len(delays) + 1,
            retry_policy=RetryPolicy(delays_minutes=delays or (5,)),
        )
        job = await self.running.start(given, stored, start)
        async with asyncio.timeout(MAX_SECONDS):
            await job.handle.result()
        assert await job.status() is JobStatus.COMPLETED
        return [self.running.carrier.calls_to(contact.number) for contact in called]

    def _contact(self, row: int, place: Place) -> NewContact:
        return a_contact(row, a_number(row))._replace(zones=place.zones, not_before=place.since)


@pytest.fixture(scope="module")
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    """With runs as long as elsewhere: after a short one skipped time jumps on by as much as was skipped before."""
    async with await start_temporal(*SKIPPING) as environment:
        yield environment


@pytest.fixture
async def scene(skipping: WorkflowEnvironment, engine: Database, database_url: str) -> AsyncIterator[Scene]:
    clock = SkippedClock(engine)
    await clock.install()
    running = Running(skipping, engine, database_url)
    running.client = clock.followed_by(skipping.client)
    running.carrier.clock = clock.now
    running.carrier.usually(NO_ANSWER)
    async with running.workers():
        yield Scene(running)
    await running.close()


def assert_lawful(rules: Rules, place: Place, calls: list[PlacedCall], *delays: int) -> None:
    """Every call at the first moment that its delay and the window allow."""
    times = [call.placed_at for call in calls]
    assert len(times) == len(delays) + 1
    assert all(rules.allow(at, place.zones) for at in times), (place, times)
    assert times[0] - rules.first_minute(place.since, place.zones) < SOON
    for (earlier, later), delay in zip(pairwise(times), delays, strict=True):
        soonest = rules.first_minute(earlier + delay * (1 - JITTER) * MINUTE, place.zones)
        latest = rules.first_minute(earlier + delay * (1 + JITTER) * MINUTE, place.zones)
        assert soonest <= later <= latest + SOON, (place, times)


def on_the_wall(call: PlacedCall, zone: str) -> str:
    return f"{call.placed_at.astimezone(ZoneInfo(zone)):%a %H:%M}"


def clock_changes(zone: str) -> list[date]:
    """The days of next year on which the zone's clocks are changed."""
    days = [date(NEXT_YEAR, 1, 1) + timedelta(days=n) for n in range(365)]
    return [day for day in days if _offset(day, zone) != _offset(day + timedelta(days=1), zone)]


def _offset(day: date, zone: str) -> timedelta | None:
    return datetime.combine(day, time(0), ZoneInfo(zone)).utcoffset()


def wall(day: date, hour: int, minute: int, zone: str) -> datetime:
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone)).astimezone(UTC)


async def test_each_is_called_in_the_working_hours_of_its_own_zones(scene: Scene) -> None:
    friday = next(date(NEXT_YEAR, 1, day) for day in range(8, 15) if date(NEXT_YEAR, 1, day).weekday() == 4)
    evening = datetime.combine(friday, time(21, 30), UTC)  # 16:30 in New York, 11:30 in Honolulu
    rules = Rules("09:00", "17:00", *EVERY_DAY[:5])
    rules.holidays = [friday + timedelta(days=3)]
    zones = [(NEW_YORK,), (HONOLULU,), (BERLIN,), (KOLKATA,), (LORD_HOWE,), (BERLIN, NEW_YORK)]
    places = [Place(zones=each, since=evening) for each in zones]

    calls = await scene.call(rules, places, 240)

    for place, placed in zip(places, calls, strict=True):
        assert_lawful(rules, place, placed, 240)
    assert [on_the_wall(placed[0], each[0]) for each, placed in zip(zones, calls, strict=True)] == [
        "Fri 16:30",
        "Fri 11:30",
        "Tue 09:00",
        "Tue 09:00",
        "Tue 09:00",
        "Tue 15:00",  # 09:00 in New York
    ]
    assert on_the_wall(calls[0][1], NEW_YORK) == "Tue 09:00"  # four hours later it was Friday night


async def test_mornings_after_clock_changes_begin_when_the_clock_on_the_wall_says_so(scene: Scene) -> None:
    rules = Rules("09:00", "20:00")
    changes = [(zone, change) for zone in (NEW_YORK, BERLIN, LORD_HOWE) for change in clock_changes(zone)]
    places = [Place(zones=(zone,), since=wall(change - DAY, 20, 30, zone)) for zone, change in changes]
    scene.running.carrier.usually(ANSWERS)

    calls = await scene.call(rules, places)

    assert len(changes) == 6
    for place, placed in zip(places, calls, strict=True):
        assert_lawful(rules, place, placed)
        assert on_the_wall(placed[0], place.zones[0]) == "Sun 09:00"


async def test_hours_that_a_clock_change_skips_are_not_made_up_for(scene: Scene) -> None:
    saturday = min(clock_changes(BERLIN)) - DAY
    scene.running.carrier.usually(ANSWERS)

    (calls,) = await scene.call(Rules("02:00", "03:00"), [Place(zones=(BERLIN,), since=wall(saturday, 12, 0, BERLIN))])

    assert [on_the_wall(call, BERLIN) for call in calls] == ["Mon 02:00"]


async def test_hours_that_a_clock_change_repeats_are_open_both_times(scene: Scene) -> None:
    change = max(clock_changes(NEW_YORK))
    rules = Rules("01:00", "02:00")
    place = Place(zones=(NEW_YORK,), since=wall(change - DAY, 23, 0, NEW_YORK))

    (calls,) = await scene.call(rules, [place], 80)

    assert_lawful(rules, place, calls, 80)
    first, second = (call.placed_at.astimezone(ZoneInfo(NEW_YORK)) for call in calls)
    assert (first.date(), second.date(), second.hour) == (change, change, 1)
    assert second.utcoffset() != first.utcoffset()
