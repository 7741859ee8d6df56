"""A calling window that opens at the next full minute and one that closes in mid-job, seen by the carrier itself."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.end_to_end.batch import Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

SPEED = 60
NOON = 12
HOUR = timedelta(hours=1)
AHEAD_SECONDS = 20  # at least, for the job to be there
ZONES = [f"Etc/GMT{hours:+}" for hours in range(-14, 13)]  # of whole hours, one of which has noon
pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def stack() -> Iterator[LiveStack]:
    with LiveStack.running("--speed", str(SPEED)) as running:
        yield running


def test_a_window_opens_within_two_seconds_of_its_minute(stack: LiveStack, numbers: Numbers) -> None:
    opens = next_minute()
    midday, evening = zones_at(opens)
    asleep = contacts(numbers.some(5), zone=evening)
    batch = begin(stack, [*contacts(numbers.some(40), zone=midday), *asleep], window(midday, opens, opens + HOUR))

    until(lambda: len(batch.dials()) >= 40, AHEAD_SECONDS + 120, every=1)
    first = batch.dials()[0]["askedAt"] - opens.timestamp()
    print(f"the first dial came {first:.3f} s after the window opened")

    assert 0 <= first <= 2
    assert not {dial["to"] for dial in batch.dials()} & {contact["phone"] for contact in asleep}
    batch.hang_up()


def test_a_window_that_closes_in_mid_job_ends_the_dialling(stack: LiveStack, numbers: Numbers) -> None:
    closes = next_minute()
    (midday, _) = zones_at(closes)
    batch = begin(
        stack,
        contacts(numbers.some(1500), zone=midday),
        window(midday, closes - HOUR, closes),
        concurrentCallLimit=10,
    )

    time.sleep(closes.timestamp() - time.time() + 10)
    last = closes.timestamp() - batch.dials()[-1]["askedAt"]
    print(f"{len(batch.dials())} dials, the last one {last:.3f} s before the window closed")

    assert 0 < last < 10
    assert batch.open_contacts() > 100
    waiting = batch.detail()["progress"]["waitingFor"]
    tomorrow = (closes - HOUR + timedelta(days=1)).astimezone(UTC)
    assert (waiting["reason"], datetime.fromisoformat(waiting["until"])) == ("window", tomorrow)
    batch.hang_up()


def begin(stack: LiveStack, called: list[dict[str, Any]], hours: dict[str, Any], **fields: object) -> Batch:
    return Batch.create(stack, called, callingWindow=hours, timezoneColumn="zone", **fields)


def next_minute() -> datetime:
    now = datetime.now(UTC) + timedelta(seconds=AHEAD_SECONDS)
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def zones_at(moment: datetime) -> tuple[str, str]:
    """One in which it is midday, far from midnight; and one in which it is six hours later."""
    hours = {moment.astimezone(ZoneInfo(zone)).hour: zone for zone in ZONES}
    return hours[NOON], hours[NOON + 6]


def window(zone: str, opens: datetime, closes: datetime) -> dict[str, Any]:
    """By the clock on the wall of the zone."""
    wall = [f"{moment.astimezone(ZoneInfo(zone)):%H:%M}" for moment in (opens, closes)]
    return {"from": wall[0], "to": wall[1]}
