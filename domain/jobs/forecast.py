"""What a calling window and an end mean for a job: who is likely not reached, how long it takes."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

from domain.calling_rules.window import DAY, LOOK_AHEAD_DAYS, CallingWindow, find_opening, list_open_intervals
from domain.model import Model
from domain.money import ASSUMED_MINUTES

CALL = timedelta(minutes=ASSUMED_MINUTES)
MAX_JOB_DAYS = 100  # what takes longer is said to reach not everybody: 10,000 calls on one line take 42 of 8 hours
ALWAYS = CallingWindow(from_=time(0), to=time(0))
MAX_ZONES_NAMED = 3

Zones = tuple[str, ...]


class Forecast(Model):
    """Every contact called once, on all lines, those first whose window closes first.

    `never`: contacts whose window opens at no time; `apart`: those of them in whose zones it opens, but in no hour
    that they have in common. `unreached`: contacts left at the end of the job. `finish` (UTC): None where some are.
    """

    contacts: int
    never: int = 0
    apart: Mapping[Zones, int] = {}
    unreached: int = 0
    finish: datetime | None = None


class _Slot(Model):
    """A piece of time in which the same contacts may be called."""

    start: datetime
    end: datetime
    zones: tuple[Zones, ...]  # those that close first come first


def window_warnings(
    window: CallingWindow | None,
    zones: Mapping[Zones, int],
    *,
    timezone: str,
    start: datetime,
    end_time: datetime | None,
    lines: int,
) -> list[str]:
    """Sentences for whoever creates a job, none where the window and the end leave room.

    `zones` counts contacts by the zones in which they are judged; those without any are judged in `timezone`.
    `start` and `end_time` are UTC.
    """
    if window is None and end_time is None:
        return []
    expected = forecast(window or ALWAYS, _placed(zones, timezone), start=start, end_time=end_time, lines=lines)
    said = f"{lines} line" if lines == 1 else f"{lines} lines"
    ends = end_time is not None and end_time <= start + MAX_JOB_DAYS * DAY
    until = "before endTime" if ends else f"within {MAX_JOB_DAYS} days"
    days = [] if end_time is not None else _takes_days(expected, start, said)
    return [*_never(expected), *_too_short(expected, until, said), *days]


def forecast(
    window: CallingWindow, zones: Mapping[Zones, int], *, start: datetime, end_time: datetime | None, lines: int
) -> Forecast:
    """Play the job through, 100 days at most, 2 minutes a call, without retries and other jobs; `lines` from 1 on."""
    never = [each for each in zones if find_opening(window, each, start) is None]
    left: dict[Zones, float] = {each: count for each, count in zones.items() if each not in never}
    finish = _play(window, left, start, end_time, lines)
    return Forecast(
        contacts=sum(zones.values()),
        never=sum(zones[each] for each in never),
        apart={each: zones[each] for each in never if all(find_opening(window, (zone,), start) for zone in each)},
        unreached=round(sum(left.values())),
        finish=finish,
    )


def _placed(zones: Mapping[Zones, int], timezone: str) -> dict[Zones, int]:
    placed: dict[Zones, int] = {}
    for each, count in zones.items():
        judged = each or (timezone,)
        placed[judged] = placed.get(judged, 0) + count
    return placed


def _play(
    window: CallingWindow, left: dict[Zones, float], start: datetime, end: datetime | None, lines: int
) -> datetime | None:
    """Take away from `left` whoever is called; when the last one was, where nobody is left."""
    latest = min(end or datetime.max.replace(tzinfo=UTC), start + MAX_JOB_DAYS * DAY)
    finish = start
    for slot in _slots(window, left, start, latest):
        room = lines * ((slot.end - slot.start) / CALL)
        for zones in slot.zones:
            called = min(room, left[zones])
            room -= called
            left[zones] -= called
        finish = slot.end - CALL * (room / lines)
        if not any(left.values()):
            break
    return finish if not any(left.values()) else None


def _slots(window: CallingWindow, left: Mapping[Zones, float], start: datetime, end: datetime) -> Iterator[_Slot]:
    day = start.astimezone(UTC).date()
    while day <= end.astimezone(UTC).date():
        stretches = [
            (max(from_, start), min(to, end), zones)
            for zones, count in left.items()
            if count
            for from_, to in list_open_intervals(window, zones, day)
            if from_ < end and start < to
        ]
        for from_, to in pairwise(sorted({edge for stretch in stretches for edge in stretch[:2]})):
            closing = sorted((closes, zones) for opens, closes, zones in stretches if opens <= from_ and to <= closes)
            if closing:
                yield _Slot(start=from_, end=to, zones=tuple(zones for _, zones in closing))
        day += DAY


def _never(expected: Forecast) -> Iterator[str]:
    for zones, count in expected.apart.items():
        yield (
            f"{_contacts(count)} cannot be called: they may be in any of {_named(zones)}, "
            "and the calling window opens at no hour that these have in common."
        )
    closed = expected.never - sum(expected.apart.values())
    if closed:
        who = "Nobody can" if closed == expected.contacts else f"{_contacts(closed)} cannot"
        yield f"{who} be called: the calling window does not open within {LOOK_AHEAD_DAYS} days."


def _too_short(expected: Forecast, until: str, lines: str) -> Iterator[str]:
    if expected.unreached:
        yield (
            f"About {expected.unreached:,} of {_contacts(expected.contacts)} are likely not reached {until}: there are "
            f"too few hours in which they may be called, with {lines} and {ASSUMED_MINUTES} minutes a call."
        )


def _takes_days(expected: Forecast, start: datetime, lines: str) -> Iterator[str]:
    days = 0 if expected.finish is None else -(-(expected.finish - start) // DAY)
    if expected.finish is not None and days > 1:
        yield (
            f"With this calling window and {lines} the job takes about {days} days, "
            f"until {expected.finish:%Y-%m-%d %H:%M} UTC."
        )


def _contacts(count: int) -> str:
    return "1 contact" if count == 1 else f"{count:,} contacts"


def _named(zones: Zones) -> str:
    more = len(zones) - MAX_ZONES_NAMED
    named = ", ".join(zones[:MAX_ZONES_NAMED])
    return f"{named} and {more} more" if more > 0 else named
