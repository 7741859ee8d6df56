"""When people may be called: hours of a day, days of a week and holidays, in the zone of whoever is called."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.calling_rules.holidays import get_holidays
from domain.model import Model

LOOK_AHEAD_DAYS = 400  # more than a year: whatever opens at all opens within it
DAY = timedelta(days=1)
MIDNIGHT = time(0)

Interval = tuple[datetime, datetime]  # UTC: the first instant is in it, the last one is not


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK = tuple(Weekday)


class Hours(Model):
    """From `from_` (included) to `to` (excluded) on some weekdays; `to` of 00:00 is the end of the day, "24:00"."""

    from_: time
    to: time
    weekdays: tuple[Weekday, ...] = WEEK


class CallingWindow(Hours):
    """When people may be called: never on holidays.

    `holidays`: a country or subdivision of the `holidays` package ("US", "US-FL"), or dates; of the local date of
    whoever is called. `preset`: the name under which it was chosen. `also`: further hours, of these days or of others.
    """

    holidays: str | tuple[date, ...] | None = None
    preset: str | None = None
    also: tuple[Hours, ...] = ()

    def hours_on(self, day: date) -> tuple[tuple[time, time], ...]:
        """From and to by the clock on the wall, of every open interval of a local date."""
        if day in get_holidays(self.holidays, day.year):
            return ()
        weekday = WEEK[day.weekday()]
        return tuple((hours.from_, hours.to) for hours in (self, *self.also) if weekday in hours.weekdays)


def find_opening(window: CallingWindow, zones: Sequence[str], at: datetime) -> datetime | None:
    """The first instant from `at` (UTC) on at which the window is open in every zone; `at` itself where it is now.

    A local time is what the clock on the wall shows: hours that a clock change skips do not open, hours that it
    repeats are open both times. None where the window is open at no time within 400 days. Raises ValueError where no
    zone is given, ZoneInfoNotFoundError for a zone that does not exist: neither is ever "open".
    """
    if not zones:
        raise ValueError("A calling window needs a zone to be judged in.")
    today = at.astimezone(UTC).date()
    for start, end in list_open_intervals(window, tuple(zones), today):
        if at < end:
            return max(start, at)
    return _find_first_opening(window, tuple(zones), today + DAY)


def is_open(window: CallingWindow, zones: Sequence[str], at: datetime) -> bool:
    """Whether a call may begin at this instant in every one of the zones."""
    return find_opening(window, zones, at) == at


def find_lasting_opening(
    window: CallingWindow, zones: Sequence[str], at: datetime, lasting: timedelta
) -> datetime | None:
    """As `find_opening`, where it stays open for that long: a few seconds, in which a call may be on its way."""
    opens = find_opening(window, zones, at)
    if opens is None or is_open(window, zones, opens + lasting):
        return opens
    return find_opening(window, zones, opens + lasting)


@lru_cache(maxsize=4096)
def list_open_intervals(window: CallingWindow, zones: tuple[str, ...], day: date) -> tuple[Interval, ...]:
    """When the window is open in all zones on a UTC day, in order."""
    common = _list_open_in_zone(window, zones[0], day)
    for zone in zones[1:]:
        if not common:
            break
        common = _intersect(common, _list_open_in_zone(window, zone, day))
    return common


@lru_cache(maxsize=4096)
def _find_first_opening(window: CallingWindow, zones: tuple[str, ...], from_day: date) -> datetime | None:
    """The first opening on a UTC day or after it."""
    for ahead in range(LOOK_AHEAD_DAYS):
        intervals = list_open_intervals(window, zones, from_day + ahead * DAY)
        if intervals:
            return intervals[0][0]
    return None


@lru_cache(maxsize=16384)
def _list_open_in_zone(window: CallingWindow, zone: str, day: date) -> tuple[Interval, ...]:
    """When the window is open in a zone on a UTC day, in order; intervals that touch are one."""
    intervals: list[Interval] = []
    for part, offset in _split_at_clock_change(day, ZoneInfo(zone)):
        intervals += _list_open_within(window, part, offset)
    return _merge(intervals)


def _list_open_within(window: CallingWindow, part: Interval, offset: timedelta) -> Iterator[Interval]:
    """When the window is open in a part of the time line throughout which the clocks have one distance from UTC."""
    start, end = part
    local_day = (start + offset).date()
    while local_day <= (end + offset).date():
        midnight = datetime.combine(local_day, MIDNIGHT, UTC) - offset
        for from_, to in window.hours_on(local_day):
            opens = max(start, midnight + _measure_from_midnight(from_))
            closes = min(end, midnight + (_measure_from_midnight(to) or DAY))
            if opens < closes:
                yield opens, closes
        local_day += DAY


def _measure_from_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


@lru_cache(maxsize=4096)
def _split_at_clock_change(day: date, zone: ZoneInfo) -> tuple[tuple[Interval, timedelta], ...]:
    """A UTC day, in two where the zone's clocks are changed on it; each part with its distance from UTC."""
    start = datetime.combine(day, MIDNIGHT, UTC)
    end = start + DAY
    before, after = _get_offset(start, zone), _get_offset(end, zone)
    if before == after:
        return (((start, end), before),)
    change = find_clock_change(start, end, zone)
    return ((start, change), before), ((change, end), after)


def find_clock_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant of the one clock change between two instants, both of whole seconds, as clock changes are."""
    old = _get_offset(before, zone)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if _get_offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after


def _get_offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _intersect(some: Sequence[Interval], others: Sequence[Interval]) -> tuple[Interval, ...]:
    pairs = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return _merge((start, end) for start, end in pairs if start < end)
